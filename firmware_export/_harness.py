"""The program that feeds an exported model rows, on this machine and on the emulators."""

from collections.abc import Sequence
from pathlib import Path

from firmware_export._emit import render_harness
from firmware_export._integer_graph import IntegerGraph
from firmware_export._objects import CODE_PARTS
from firmware_export._targets import HOST, RUNTIME, Target
from firmware_export._toolchain import compile_c


def build_harness(
    graph: IntegerGraph,
    directory: Path,
    prefix: str,
    folder: Path,
    flags: Sequence[str] = (),
    target: Target = HOST,
    *,
    weights: Path | None = None,
) -> Path:
    """Compile an exported model with a program that feeds it rows.

    Parameters
    ----------
    graph : IntegerGraph
    directory : Path
        The exported folder.
    prefix : str
    folder : Path
        Where the program goes.
    flags : sequence of str
        Such as -D with the macros of `templates/harness.c.j2`.
    target : Target
    weights : Path, optional
        Object file of the tables, if they are compiled already.

    Returns
    -------
    Path
        The program, for :func:`firmware_export._toolchain.run_rows`.

    Raises
    ------
    ToolchainError
        If there is no compiler or it fails.
    """
    harness = folder / "harness.c"
    harness.write_text(render_harness(graph, prefix), encoding="utf-8")
    sources = directory / "src"
    code = [sources / f"{prefix}_{part}.c" for part in CODE_PARTS]
    tables = weights or sources / f"{prefix}_weights.c"
    return compile_c(
        [harness, RUNTIME / f"{target.name}.c", *code, tables],
        folder / "harness",
        include=sources,
        flags=(f"-I{RUNTIME}", *flags),
        target=target,
    )
