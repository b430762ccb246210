"""The model's object files: compiled for a target, their sections and their stack."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from firmware_export._targets import Target, compiler_command
from firmware_export._toolchain import compile_c, run_command
from skdualcnn.exceptions import ToolchainError

CODE_PARTS = ("model", "kernels")
"""C files of an exported model that hold code; the third, "weights", holds tables."""
CODE_SECTIONS = r"\.(?:text|literal)\S*"
CONSTANT_SECTIONS = r"\.(?:s?rodata|data\.rel\.ro)\S*"


def compile_objects(
    directory: Path,
    prefix: str,
    parts: Sequence[str],
    folder: Path,
    *,
    flags: Sequence[str],
    target: Target,
) -> list[Path]:
    """Compile parts of an exported model, and their call graphs if the compiler knows how.

    Parameters
    ----------
    directory : Path
        The exported folder.
    prefix : str
    parts : sequence of str
        Such as `CODE_PARTS`.
    folder : Path
        Where the objects go, `part`.o each, beside `part`.ci for the call graph.
    flags : sequence of str
    target : Target

    Raises
    ------
    ToolchainError
        If there is no compiler or it fails.
    """
    call_graph = _call_graph_flags(target)
    return [
        compile_c(
            [directory / "src" / f"{prefix}_{part}.c"],
            folder / f"{part}.o",
            include=directory / "src",
            flags=("-c", *flags, *call_graph),
            target=target,
        )
        for part in parts
    ]


def section_bytes(objects: Iterable[Path], sections: str, target: Target) -> int:
    """Return the bytes of the sections whose names match a regular expression.

    Raises
    ------
    ToolchainError
        If the target's `size` is missing or fails.
    """
    said = run_command(
        [target.size_command, "-A", *(str(one) for one in objects)], "measure the sections"
    )
    sizes = re.findall(rf"^{sections}\s+(\d+)", said, re.MULTILINE)
    return sum(int(size) for size in sizes)


def deepest_stack(call_graphs: Sequence[Path], function: str) -> int | None:
    """Return the bytes of the frames on the deepest way down from a function.

    Parameters
    ----------
    call_graphs : sequence of Path
        As GCC's `-fcallgraph-info=su` writes them. Functions that they do not hold, of the C
        library and of libgcc, count as nothing.
    function : str

    Returns
    -------
    int or None
        None if a call graph is missing: not every compiler writes them.
    """
    if not all(graph.exists() for graph in call_graphs):
        return None
    text = "\n".join(graph.read_text(encoding="utf-8") for graph in call_graphs)
    frames = {
        name: int(size)
        for name, size in re.findall(r'^node: .*?"(.*?)".*\\n(\d+) bytes', text, re.M)
    }
    calls: dict[str, set[str]] = {}
    for caller, called in re.findall(r'^edge: .*?"(.*?)".*?"(.*?)"', text, re.MULTILINE):
        calls.setdefault(caller, set()).add(called)

    def depth(name: str) -> int:
        return frames.get(name, 0) + max((depth(one) for one in calls.get(name, ())), default=0)

    return depth(function)


def _call_graph_flags(target: Target) -> tuple[str, ...]:
    flags = ("-fcallgraph-info=su",)  # of GCC 10 and newer
    try:
        run_command([*compiler_command(target), *flags, "--version"], "ask the compiler")
    except ToolchainError:
        return ()
    return flags
