"""What the firmware costs: flash, RAM, arithmetic, and the noise that quantisation adds."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skdualcnn
from firmware_export._graph import Graph
from firmware_export._integer import run
from firmware_export._integer_graph import IntegerGraph, Linear
from firmware_export._integer_readings import quantise_readings
from firmware_export._reference import run_reference, scale_readings
from firmware_export._target_cost import TargetCost
from firmware_export._twin import FixedPointClassifier

GENERATOR = "skdualcnn firmware_export"
"""Marks report.json, so that an earlier export is known as one."""


@dataclass(frozen=True)
class LayerReport:
    """Quantisation of one signal, measured on the calibration data.

    Attributes
    ----------
    name, summary : str
    range : float
        Largest magnitude the integers can hold, in real units.
    limit : int
        The same as an integer.
    clipped : float
        Share of the float network's values beyond the range.
    signal_to_noise_db : float
        Power of the float signal over the power of the difference to it, all layers
        before included; infinite if there is no difference.
    accumulator_bound : int or None
        Magnitude that no accumulator of the layer can exceed; None where none is used.
    """

    name: str
    summary: str
    range: float
    limit: int
    clipped: float
    signal_to_noise_db: float
    accumulator_bound: int | None


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
        What other chips need is in `targets`.
    ram_bytes : int
        Of the workspace and one device's state.
    state_bytes : int
        Of these, the state: each device needs one of its own; 0 without windows.
    stack_bytes : int or None
        Frames on the deepest way down from the call on this machine; None without a
        compiler that says.
    targets : dict of str to dict of str to TargetCost
        Code, constants, stack and, if they were counted, instructions: by target ("host",
        "lx106", "rv32imc", "cortex-m3"; those whose compilers are installed), then by
        level of optimisation ("O2", "Os", "Og").
    layers : tuple of LayerReport
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
    targets: dict[str, dict[str, TargetCost]]
    layers: tuple[LayerReport, ...]
    digest: str
    twin: FixedPointClassifier = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers in types that JSON knows.

        Returns
        -------
        dict
            Without the twin; an infinite signal-to-noise ratio is None.
        """
        graph = self.twin.integer_graph_
        layers = [asdict(layer) for layer in self.layers]
        for layer in layers:
            if not np.isfinite(layer["signal_to_noise_db"]):
                layer["signal_to_noise_db"] = None
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
            "targets": {
                name: {level: cost.to_dict() for level, cost in costs.items()}
                for name, costs in self.targets.items()
            },
            "layers": layers,
        }


def measure_layers(
    graph: Graph, quantised: IntegerGraph, readings: NDArray[np.float32]
) -> tuple[LayerReport, ...]:
    """Compare each integer signal with the float network's on the same readings.

    With windows, `readings` are windows of rows, of shape (n, window, n_readings).
    """
    exact = run_reference(graph, scale_readings(graph.front_end, readings))
    rounded = run(quantised, quantise_readings(quantised, readings))
    operations = {operation.target: operation for operation in quantised.operations}
    reports = []
    for index, (tensor, wanted, integers) in enumerate(
        zip(quantised.tensors, exact, rounded, strict=True)
    ):
        operation = operations.get(index)
        largest = tensor.limit * tensor.scale
        noise = float(np.sum((wanted - integers * tensor.scale) ** 2))
        signal = float(np.sum(wanted**2))
        reports.append(
            LayerReport(
                name=tensor.name,
                summary="readings, scaled" if operation is None else operation.summary,
                range=largest,
                limit=tensor.limit,
                clipped=float(np.mean(np.abs(wanted) > largest * (1 + 1e-9))),
                signal_to_noise_db=_decibels(signal, noise),
                accumulator_bound=operation.bound if isinstance(operation, Linear) else None,
            )
        )
    return tuple(reports)


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return np.inf
    return float(10 * np.log10(signal / noise)) if signal > 0 else -np.inf
