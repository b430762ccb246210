"""The machines that firmware is compiled for here: this one, and three emulated chips."""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from skdualcnn._compiler import find_compiler
from skdualcnn.exceptions import ToolchainError

RUNTIME = Path(__file__).parent / "targets"
"""Holds the linker script and the runtime of each target."""
XTENSA_SPECS = "/usr/lib/xtensa-lx106-elf/picolibc.specs"
RISCV_SPECS = "/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs"


@dataclass(frozen=True)
class Target:
    """A machine, how to compile for it, run on it and count its instructions.

    Attributes
    ----------
    name : str
        Also the name of its files in `RUNTIME`.
    chip : str
        What it is, and what it stands for.
    compiler : tuple of str
        Command, with the flags that choose the machine; empty for this machine, whose
        compiler is looked for.
    size_command : str
        Lists the sections of its object files.
    emulator : tuple of str
        Command that the program's name is added to; empty for this machine.
    instructions_per_tick, tick_bits : int
        Of the counter that `runtime_ticks` reads: 0 if it has none.
    requirements : tuple of (str, str)
        Commands and files, each with the Debian package that installs it.
    """

    name: str
    chip: str
    compiler: tuple[str, ...]
    size_command: str
    emulator: tuple[str, ...]
    instructions_per_tick: int
    tick_bits: int
    requirements: tuple[tuple[str, str], ...]


def _emulator(machine: str) -> tuple[str, ...]:
    common = "-semihosting -nographic -monitor none -serial none -kernel"
    return tuple(shlex.split(f"{machine} {common}"))


HOST = Target("host", "this machine", (), "size", (), 0, 0, ())
TARGETS = {
    target.name: target
    for target in (
        HOST,
        Target(
            name="lx106",
            chip="Xtensa LX106: the ESP8266, and the closest to the ESP32's LX6",
            compiler=(
                "xtensa-lx106-elf-gcc",
                "-mtext-section-literals",
                f"--specs={XTENSA_SPECS}",
            ),
            size_command="xtensa-lx106-elf-size",
            emulator=_emulator("qemu-system-xtensa -M sim -cpu lx106"),
            instructions_per_tick=25,
            tick_bits=32,
            requirements=(
                ("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106"),
                ("xtensa-lx106-elf-size", "binutils-xtensa-lx106"),
                (XTENSA_SPECS, "picolibc-xtensa-lx106-elf"),
                ("qemu-system-xtensa", "qemu-system-misc"),
            ),
        ),
        Target(
            name="rv32imc",
            chip="RISC-V RV32IMC: the ESP32-C3",
            compiler=(
                "riscv64-unknown-elf-gcc",
                "-march=rv32imc",
                "-mabi=ilp32",
                f"--specs={RISCV_SPECS}",
            ),
            size_command="riscv64-unknown-elf-size",
            emulator=_emulator("qemu-system-riscv32 -M virt -cpu rv32 -bios none"),
            instructions_per_tick=1,
            tick_bits=32,
            requirements=(
                ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
                ("riscv64-unknown-elf-size", "binutils-riscv64-unknown-elf"),
                (RISCV_SPECS, "picolibc-riscv64-unknown-elf"),
                ("qemu-system-riscv32", "qemu-system-misc"),
            ),
        ),
        Target(
            name="cortex-m3",
            chip="Arm Cortex-M3",
            compiler=("arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb"),
            size_command="arm-none-eabi-size",
            emulator=_emulator("qemu-system-arm -M mps2-an385 -cpu cortex-m3"),
            instructions_per_tick=40,
            tick_bits=24,
            requirements=(
                ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
                ("arm-none-eabi-size", "binutils-arm-none-eabi"),
                ("/usr/lib/arm-none-eabi/newlib", "libnewlib-arm-none-eabi"),
                ("qemu-system-arm", "qemu-system-arm"),
            ),
        ),
    )
}


def find_target(name: str) -> Target:
    """Return the target of a name, ready to compile and to run.

    Parameters
    ----------
    name : {"host", "lx106", "rv32imc", "cortex-m3"}

    Raises
    ------
    ToolchainError
        If there is no such target, or a tool of its is not installed.

    Examples
    --------
    >>> from firmware_export._targets import find_target
    >>> find_target("esp32")
    Traceback (most recent call last):
        ...
    skdualcnn.exceptions.ToolchainError: There is no target 'esp32', expected one of host, ...
    """
    if name not in TARGETS:
        raise ToolchainError(
            f"There is no target {name!r}, expected one of {', '.join(TARGETS)}. An ESP32 is "
            "closest to lx106, an ESP32-C3 is rv32imc."
        )
    target = TARGETS[name]
    compiler_command(target)
    missing = missing_requirements(target)
    if missing:
        tools = ", ".join(tool for tool, _ in missing)
        packages = " ".join(dict.fromkeys(package for _, package in missing))
        raise ToolchainError(
            f"Target {name!r} needs {tools}, not found on this machine. On Debian: apt install "
            f"--no-install-recommends {packages}"
        )
    return target


def missing_requirements(target: Target) -> list[tuple[str, str]]:
    """Return the tools that are not installed, each with its Debian package."""
    return [
        (tool, package)
        for tool, package in target.requirements
        if shutil.which(tool) is None and not Path(tool).exists()
    ]


def can_compile(target: Target) -> bool:
    """Return whether everything but the emulator is installed."""
    if target == HOST:
        return find_compiler() is not None
    return all(tool in target.emulator for tool, _ in missing_requirements(target))


def compiler_command(target: Target) -> list[str]:
    """Return the command that compiles for a target.

    Raises
    ------
    ToolchainError
        If it is this machine and there is none, or CC cannot be read.
    """
    if target != HOST:
        return list(target.compiler)
    command = find_compiler()
    if command is None:
        raise ToolchainError(
            "No C compiler found: tried $CC, cc, gcc and clang. Install one (on Debian: apt "
            "install gcc) or set CC to its command."
        )
    return command
