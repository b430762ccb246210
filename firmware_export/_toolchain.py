"""The host's C compiler: find it, compile, run."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skdualcnn.exceptions import ToolchainError

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow")
STANDARD = ("-std=c99", "-O2")
TIMEOUT_S = 300.0


def find_compiler() -> list[str] | None:
    """Return the command of the host's C compiler, or None if there is none.

    The environment variable CC comes first, then cc, gcc and clang.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    candidates = [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if shutil.which(command[0]):
            return command
    return None


def compile_c(
    sources: Sequence[Path],
    output: Path,
    *,
    include: Path,
    flags: Sequence[str] = (),
) -> Path:
    """Compile C sources with the host's compiler, every warning an error.

    Parameters
    ----------
    sources : sequence of Path
    output : Path
        Program, or object file if `flags` holds "-c".
    include : Path
        Folder of the headers.
    flags : sequence of str
        Added to the standard and the warnings.

    Raises
    ------
    ToolchainError
        If there is no compiler or it fails.
    """
    compiler = find_compiler()
    if compiler is None:
        raise ToolchainError(
            "No C compiler found: tried $CC, cc, gcc and clang. Install one (on Debian: apt "
            "install gcc) or set CC to its command."
        )
    command = [*compiler, *STANDARD, *WARNINGS, f"-I{include}", *flags, "-o", str(output)]
    run_command([*command, *(str(source) for source in sources)], "compile the firmware")
    return output


def run_command(command: Sequence[str], purpose: str) -> str:
    """Run a command and return what it prints.

    Raises
    ------
    ToolchainError
        If it cannot start, fails or takes longer than five minutes.
    """
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
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


def run_rows(program: Path, readings: NDArray[np.float32], folder: Path) -> NDArray[np.int32]:
    """Run a compiled harness on rows of readings.

    Parameters
    ----------
    program : Path
        Compiled from `templates/harness.c.j2`.
    readings : ndarray of shape (n, n_readings) and dtype float32
    folder : Path
        Where the rows and the answers are kept as files.

    Returns
    -------
    ndarray of shape (n, n_answers) and dtype int32

    Raises
    ------
    ToolchainError
        If the program fails or answers another number of rows.
    """
    rows, answers = folder / "rows.bin", folder / "answers.bin"
    np.ascontiguousarray(readings, dtype=np.float32).tofile(rows)
    run_command([str(program), str(rows), str(answers)], "run the firmware on this machine")
    values = np.fromfile(answers, dtype=np.int32)
    if len(readings) == 0 or values.size % len(readings):
        raise ToolchainError(
            f"The firmware answered {values.size} integers to {len(readings)} rows, expected the "
            "same number for each."
        )
    return values.reshape(len(readings), -1)
