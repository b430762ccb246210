"""What the firmware costs: flash, RAM, arithmetic; and the report that says it."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import skdualcnn
from firmware_export._fidelity import Fidelity
from firmware_export._integer_graph import IntegerGraph
from firmware_export._literals import constant_bytes
from firmware_export._noise import LayerReport, to_json_types
from firmware_export._toolchain import compile_c, find_compiler, run_command
from firmware_export._twin import FixedPointClassifier
from skdualcnn.exceptions import ToolchainError

GENERATOR = "skdualcnn firmware_export"
"""Marks report.json, so that an earlier export is known as one."""
MODEL_PARTS = ("model", "kernels", "weights")
"""C files that go into firmware."""


@dataclass(frozen=True)
class FirmwareReport:
    """What :func:`export_firmware` wrote.

    Attributes
    ----------
    directory : Path
        The folder.
    prefix : str
        First part of every symbol and file name.
    parameters : int
        Weights and biases.
    multiply_adds : int
        Per call.
    flash_bytes : dict of str to int
        "constants", the tables on a 32-bit chip; "code", if this machine has a
        compiler, the machine code that it makes of the model and the kernels at -O2.
    ram_bytes : int
        Of the workspace and one device's state.
    state_bytes : int
        Of these, the state: each device needs one of its own; 0 without windows.
    stack_bytes : int or None
        Frames of all functions together on this machine, more than any call can use;
        None without a compiler that says.
    layers : tuple of LayerReport
        Quantisation of each signal, measured on the calibration data.
    fidelity : Fidelity or None
        Answers on the evaluation data beside the float estimator's; None without them.
    digest : str
        SHA-256 of the graph.
    twin : FixedPointClassifier
        Answers the same bits.
    """

    directory: Path
    prefix: str
    parameters: int
    multiply_adds: int
    flash_bytes: dict[str, int]
    ram_bytes: int
    state_bytes: int
    stack_bytes: int | None
    layers: tuple[LayerReport, ...]
    fidelity: Fidelity | None
    digest: str
    twin: FixedPointClassifier = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers in types that JSON knows.

        Returns
        -------
        dict
            Without the twin; an infinite signal-to-noise ratio, or a figure that is not
            defined, is None.
        """
        graph = self.twin.integer_graph_
        return {
            "generator": GENERATOR,
            "version": skdualcnn.__version__,
            "prefix": self.prefix,
            "digest": self.digest,
            "readings": list(graph.readings),
            "window": graph.window,
            "heads": {head.name: [str(label) for label in head.classes] for head in graph.heads},
            "activation_bits": graph.activation_bits,
            "calibration": graph.calibration,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "flash_bytes": dict(self.flash_bytes),
            "ram_bytes": self.ram_bytes,
            "state_bytes": self.state_bytes,
            "stack_bytes": self.stack_bytes,
            "layers": to_json_types([asdict(layer) for layer in self.layers]),
            "fidelity": None if self.fidelity is None else self.fidelity.to_dict(),
        }


def measure_flash(graph: IntegerGraph, directory: Path, prefix: str) -> dict[str, int]:
    """Return the bytes of constants and, where a compiler is found, of code."""
    flash = {"constants": constant_bytes(graph)}
    if find_compiler() is not None:
        try:
            flash["code"] = _code_bytes(directory, prefix)
        except ToolchainError:
            # The firmware compiles (the stack is measured first); only `size` is missing.
            return flash
    return flash


def _code_bytes(directory: Path, prefix: str) -> int:
    with tempfile.TemporaryDirectory(prefix="skdualcnn_size_") as folder:
        objects = _compile_objects(directory, prefix, Path(folder), ())
        sections = run_command(
            ["size", "-A", *(str(one) for one in objects)], "measure the code's size"
        )
    return sum(int(size) for size in re.findall(r"^\.text\S*\s+(\d+)", sections, re.MULTILINE))


def measure_stack(directory: Path, prefix: str) -> int | None:
    """Return the frames of all functions added up, None if the compiler does not say."""
    if find_compiler() is None:
        return None
    with tempfile.TemporaryDirectory(prefix="skdualcnn_stack_") as folder:
        objects = _compile_objects(directory, prefix, Path(folder), ("-fstack-usage",))
        usages = [one.with_suffix(".su") for one in objects]
        if not all(usage.exists() for usage in usages):
            return None
        text = "\n".join(usage.read_text() for usage in usages)
    return sum(int(size) for size in re.findall(r"\t(\d+)\t", text))


def _compile_objects(
    directory: Path, prefix: str, folder: Path, flags: Sequence[str]
) -> list[Path]:
    """Compile what holds code; the tables are known without."""
    return [
        compile_c(
            [directory / f"{prefix}_{part}.c"],
            folder / f"{part}.o",
            include=directory,
            flags=("-c", *flags),
        )
        for part in ("model", "kernels")
    ]
