"""Compile C for a target, and run it there."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_export._targets import HOST, RUNTIME, Target, compiler_command
from skdualcnn.exceptions import ToolchainError

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow")
STANDARD = ("-std=c99", "-O2")
TIMEOUT_S = 300.0
ROW_TIMEOUT_S = 1.0
"""Added for each row that is run: an emulator does some hundred million instructions in it."""


def compile_c(
    sources: Sequence[Path],
    output: Path,
    *,
    include: Path,
    flags: Sequence[str] = (),
    target: Target = HOST,
) -> Path:
    """Compile C sources for a target, every warning an error.

    Parameters
    ----------
    sources : sequence of Path
        Of a program: with the runtime, `RUNTIME`/`target`.c.
    output : Path
        Program, or object file if `flags` holds "-c".
    include : Path
        Folder of the headers.
    flags : sequence of str
        Added to the standard and the warnings; "-Os" there overrules the usual "-O2".
    target : Target

    Raises
    ------
    ToolchainError
        If there is no compiler or it fails.
    """
    command = [*compiler_command(target), *STANDARD, *WARNINGS, f"-I{include}"]
    if target != HOST:
        command += ["-nostartfiles", f"-L{RUNTIME}", f"-T{target.name}.ld"]
    # Libraries among the flags come after what needs them.
    command += ["-o", str(output), *(str(source) for source in sources), *flags]
    run_command(command, f"compile the firmware for {target.name}")
    return output


def run_command(
    command: Sequence[str], purpose: str, *, folder: Path | None = None, timeout: float = TIMEOUT_S
) -> str:
    """Run a command, in a folder if one is given, and return what it prints.

    Raises
    ------
    ToolchainError
        If it cannot start, fails or takes longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            cwd=folder,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"Could not {purpose}: {shlex.join(command)}: {error}.") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ToolchainError(
            f"Could not {purpose}: {shlex.join(command)} ended with {done.returncode}, expected "
            f"0. It said: {said[-2000:] or 'nothing'}"
        )
    return done.stdout


def run_rows(
    program: Path,
    readings: NDArray[np.float32] | NDArray[np.int32],
    folder: Path,
    target: Target = HOST,
    *,
    wrapper: Sequence[str] = (),
) -> NDArray[np.int32]:
    """Run a compiled harness on rows of readings.

    Parameters
    ----------
    program : Path
        Compiled from `templates/harness.c.j2`.
    readings : ndarray of shape (n, n_readings) and dtype float32 or int32
        As the program takes them.
    folder : Path
        Where the rows and the answers are kept as files.
    target : Target
        What the program was compiled for.
    wrapper : sequence of str
        On this machine, a command that runs the program; on an emulator, more of its
        options.

    Returns
    -------
    ndarray of shape (n, n_answers) and dtype int32

    Raises
    ------
    ToolchainError
        If the program fails, takes too long, or answers another number of rows.
    """
    answers = folder / "answers.bin"
    np.ascontiguousarray(readings).tofile(folder / "rows.bin")
    answers.write_bytes(b"")
    emulator, *options = target.emulator or ("",)
    command = [emulator, *wrapper, *options] if emulator else list(wrapper)
    run_command(
        [*command, str(program)],
        f"run the firmware on {target.name}",
        folder=folder,
        timeout=TIMEOUT_S + ROW_TIMEOUT_S * len(readings),
    )
    values = np.fromfile(answers, dtype=np.int32)
    if len(readings) == 0 or values.size == 0 or values.size % len(readings):
        raise ToolchainError(
            f"The firmware answered {values.size} integers to {len(readings)} rows, expected the "
            "same number for each."
        )
    return values.reshape(len(readings), -1)
