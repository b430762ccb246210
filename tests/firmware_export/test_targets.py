import pytest

from firmware_export._targets import RUNTIME, TARGETS, can_compile, find_target
from skdualcnn.exceptions import ToolchainError


def test_unknown_target_lists_those_there_are():
    with pytest.raises(ToolchainError, match="'esp8266', expected one of host, lx106, rv32imc"):
        find_target("esp8266")


def test_error_names_the_packages(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"xtensa-lx106-elf-gcc, .* gcc-xtensa-lx106 binutils"):
        find_target("lx106")
    with pytest.raises(ToolchainError, match="No C compiler found"):
        find_target("host")
    assert not any(can_compile(target) for target in TARGETS.values())


def test_sizes_need_no_emulator(emulated, monkeypatch):
    missing = "qemu-system-vax"
    without = type(emulated)(
        **{
            **vars(emulated),
            "emulator": (missing, *emulated.emulator[1:]),
            "requirements": (*emulated.requirements, (missing, "qemu-system-misc")),
        }
    )
    assert can_compile(without)
    monkeypatch.setitem(TARGETS, without.name, without)
    with pytest.raises(ToolchainError, match=f"needs {missing}, .* qemu-system-misc"):
        find_target(without.name)


def test_every_target_brings_its_runtime():
    for name in TARGETS:
        assert (RUNTIME / f"{name}.c").exists()
        assert (RUNTIME / f"{name}.ld").exists() == (name != "host")
