"""What the firmware costs: flash, RAM, arithmetic; and the report that says it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import skdualcnn
from firmware_export._classical import ClassicalCost
from firmware_export._fidelity import Fidelity
from firmware_export._latency import METHOD, LatencyEstimate, estimate_latencies
from firmware_export._noise import LayerReport, to_json_types
from firmware_export._target_cost import TargetCost
from firmware_export._twin import FixedPointClassifier

GENERATOR = "skdualcnn firmware_export"
"""Marks report.json, so that an earlier export is known as one."""


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
    baselines : dict of str to dict of str to ClassicalCost
        Classical models on the same columns, as C++ by micromlgen, by name and target.
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
    targets: dict[str, dict[str, TargetCost]]
    baselines: dict[str, dict[str, ClassicalCost]]
    layers: tuple[LayerReport, ...]
    fidelity: Fidelity | None
    digest: str
    twin: FixedPointClassifier = field(repr=False, compare=False)

    @property
    def latencies(self) -> tuple[LatencyEstimate, ...]:
        """Estimated time and energy of a call, for each chip and flash mode."""
        return tuple(estimate_latencies(self.targets, self.multiply_adds, self.flash_bytes))

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
            "targets": {
                name: {level: cost.to_dict() for level, cost in costs.items()}
                for name, costs in self.targets.items()
            },
            "latencies": [{**asdict(one), "total_ms": one.total_ms} for one in self.latencies],
            "latency_method": METHOD,
            "baselines": {
                name: {target: cost.to_dict() for target, cost in costs.items()}
                for name, costs in self.baselines.items()
            },
            "layers": to_json_types([asdict(layer) for layer in self.layers]),
            "fidelity": None if self.fidelity is None else self.fidelity.to_dict(),
        }
