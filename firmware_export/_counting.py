"""How many instructions a call takes: of the whole, and of each layer.

QEMU runs one instruction a nanosecond (`-icount shift=0`), so a counter on the chip that
the harness reads before and after is a count of instructions. That of RV32 counts them one
by one; the others tick every 25 (LX106) or 40 (Cortex-M3), and the mean over rows is finer.
On this machine, valgrind counts from outside, one by one. Instructions are not cycles: what
the chip waits for memory is not in them.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._targets import HOST, Target, missing_requirements
from firmware_export._toolchain import run_rows

ICOUNT = ("-icount", "shift=0")


@dataclass(frozen=True)
class InstructionCount:
    """Instructions of one call, means over rows.

    Attributes
    ----------
    call : int
        From call to return.
    inputs : int
        Up to the network's input signal: the preprocessing.
    layers : dict of str to int
        Of each layer, in the order they run. Stretches are measured in a build with the
        trace hook, whose calls add some ten instructions to each.
    outputs : int
        After the last layer: probabilities and decision.
    """

    call: int
    inputs: int
    layers: dict[str, int]
    outputs: int

    @property
    def network(self) -> int:
        """From the input signal to the logits."""
        return sum(self.layers.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the counts in types that JSON knows.

        Returns
        -------
        dict
            With the sum over the layers as "network".
        """
        return {
            "call": self.call,
            "inputs": self.inputs,
            "network": self.network,
            "layers": dict(self.layers),
            "outputs": self.outputs,
        }


def can_count(target: Target) -> bool:
    """Return whether the target's emulator, or for this machine valgrind, is installed."""
    if target == HOST:
        return shutil.which("valgrind") is not None
    return not missing_requirements(target)


def count_stretches(
    program: Path, readings: NDArray[np.float32], folder: Path, target: Target
) -> NDArray[np.float64]:
    """Count the instructions of a call, up to each call of the trace hook and to its end.

    Parameters
    ----------
    program : Path
        The harness, compiled with -DCOUNT and perhaps with the trace hook.
    readings : ndarray of shape (n, n_readings)
        One row at least. A copy of the first comes before them and is not counted: it fills
        a fresh window.
    folder : Path
    target : Target

    Returns
    -------
    ndarray of shape (n_stretches,)
        Means over rows; without the hook, the one number of the whole call.

    Raises
    ------
    ToolchainError
        If the program fails or takes too long.
    """
    readings = np.vstack([readings[:1], readings])
    if target == HOST:
        counts = _count_with_valgrind(program, readings, folder)
    else:
        ticks = run_rows(program, readings, folder, target, wrapper=ICOUNT).astype(np.int64)
        counts = (ticks % 2**target.tick_bits) * target.instructions_per_tick
    return counts[1:].mean(axis=0, dtype=np.float64)


def _count_with_valgrind(
    program: Path, readings: NDArray[np.float32], folder: Path
) -> NDArray[np.int64]:
    """Have a part written whenever the harness reads its counter: as if there were one."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        tool = ["valgrind", "--tool=callgrind", "--dump-before=runtime_ticks"]
        run_rows(program, readings, folder, wrapper=[*tool, f"--callgrind-out-file={out}/part"])
        parts = sorted(Path(out).glob("part.*"), key=lambda part: int(part.suffix[1:]))
        totals = [int(total) for part in parts for total in _totals(part)]
    # Before the call; then in turn a stretch, and what the harness does with the number.
    return np.array(totals).reshape(len(readings), -1)[:, 1::2]


def _totals(part: Path) -> Sequence[str]:
    return re.findall(r"^totals: (\d+)$", part.read_text(encoding="utf-8"), re.MULTILINE)
