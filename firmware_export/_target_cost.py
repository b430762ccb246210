"""What an exported model costs on each target that is installed."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._counting import InstructionCount, can_count, count_stretches
from firmware_export._harness import build_harness
from firmware_export._integer_graph import IntegerGraph
from firmware_export._objects import (
    CODE_PARTS,
    CODE_SECTIONS,
    CONSTANT_SECTIONS,
    compile_objects,
    deepest_stack,
    section_bytes,
)
from firmware_export._targets import TARGETS, Target, can_compile
from skdualcnn.exceptions import ToolchainError

LEVELS = ("O2", "Os", "Og")
"""What compilers are asked to optimise for: speed, size (often chosen for firmware), debugging."""


@dataclass(frozen=True)
class TargetCost:
    """What the firmware costs on one target at one level of optimisation.

    Attributes
    ----------
    code_bytes : int
        Machine code of the model and the kernels.
    constant_bytes : int
        Their tables, as the compiler stores them.
    stack_bytes : int or None
        Frames on the deepest way down from the call, without what the C library's memcpy,
        memset and memmove use; None if the compiler does not say.
    instructions : InstructionCount or None
        None if they were not counted.
    """

    code_bytes: int
    constant_bytes: int
    stack_bytes: int | None
    instructions: InstructionCount | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers in types that JSON knows.

        Returns
        -------
        dict
            Instructions as their own `to_dict` gives them.
        """
        counted = None if self.instructions is None else self.instructions.to_dict()
        return {**asdict(self), "instructions": counted}


def measure_targets(
    graph: IntegerGraph,
    directory: Path,
    prefix: str,
    *,
    levels: Sequence[str],
    readings: NDArray[np.float32] | None,
) -> dict[str, dict[str, TargetCost]]:
    """Measure an exported model on every target whose compiler is installed.

    Parameters
    ----------
    graph : IntegerGraph
    directory : Path
        The exported folder.
    prefix : str
    levels : sequence of str
        Out of `LEVELS`.
    readings : ndarray of shape (n, n_readings) or None
        Rows to count instructions on, which takes a second for each target and level; with
        None they are not counted.

    Returns
    -------
    dict of str to dict of str to TargetCost
        By target, then by level.

    Raises
    ------
    ToolchainError
        If a compiler fails on what was exported.
    """

    def measure(target: Target) -> dict[str, TargetCost]:
        with tempfile.TemporaryDirectory(prefix="skdualcnn_target_") as folder:
            bench = _Bench(graph, directory, prefix, target, Path(folder))
            return bench.measure(levels, readings if can_count(target) else None)

    targets = [target for target in TARGETS.values() if can_compile(target)]
    with ThreadPoolExecutor() as threads:
        costs = threads.map(measure, targets)
        return {target.name: cost for target, cost in zip(targets, costs, strict=True) if cost}


@dataclass(frozen=True)
class _Bench:
    """A folder in which one model is compiled for one target."""

    graph: IntegerGraph
    directory: Path
    prefix: str
    target: Target
    folder: Path

    def measure(
        self, levels: Sequence[str], readings: NDArray[np.float32] | None
    ) -> dict[str, TargetCost]:
        """Return the cost by level; nothing if the sections cannot be listed."""
        [weights] = self._compile(["weights"], ())
        costs = {}
        for level in levels:
            objects = self._compile(CODE_PARTS, (f"-{level}",))
            try:
                code = section_bytes(objects, CODE_SECTIONS, self.target)
                constants = section_bytes([*objects, weights], CONSTANT_SECTIONS, self.target)
            except ToolchainError:
                return {}  # the firmware compiles; only `size` is missing
            stack = deepest_stack([one.with_suffix(".ci") for one in objects], f"{self.prefix}_run")
            counted = None if readings is None else self._count(level, weights, readings)
            costs[level] = TargetCost(code, constants, stack, counted)
        return costs

    def _count(self, level: str, weights: Path, readings: NDArray[np.float32]) -> InstructionCount:
        whole, stretches = (
            count_stretches(
                self._build_counter((f"-{level}", "-DCOUNT", *trace), weights),
                readings,
                self.folder,
                self.target,
            )
            for trace in ((), (f"-D{self.prefix.upper()}_TRACE",))
        )
        first, *layers, last = (round(one) for one in stretches)
        names = [tensor.name for tensor in self.graph.tensors[1:]]
        return InstructionCount(round(whole[0]), first, dict(zip(names, layers, strict=True)), last)

    def _compile(self, parts: Sequence[str], flags: Sequence[str]) -> list[Path]:
        return compile_objects(
            self.directory, self.prefix, parts, self.folder, flags=flags, target=self.target
        )

    def _build_counter(self, flags: Sequence[str], weights: Path) -> Path:
        return build_harness(
            self.graph,
            self.directory,
            self.prefix,
            self.folder,
            flags,
            self.target,
            weights=weights,
        )
