"""The noise that quantisation adds to each signal, and what of it is clipping."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import Graph
from firmware_export._integer import run
from firmware_export._integer_graph import GlobalPool, IntegerGraph, Linear
from firmware_export._integer_readings import quantise_readings
from firmware_export._reference import run_reference, scale_readings
from firmware_export._rows import spread_rows

NOISE_ROWS = 500
"""Noise is measured on no more rows than this, evenly spaced."""


@dataclass(frozen=True)
class LayerReport:
    """Quantisation of one signal, measured on some rows.

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


def measure_layers(
    graph: Graph, quantised: IntegerGraph, readings: NDArray[np.float32]
) -> tuple[LayerReport, ...]:
    """Compare each integer signal with the float network's on the same readings.

    With windows, `readings` are windows of rows, of shape (n, window, n_readings).
    """
    readings = spread_rows(readings, NOISE_ROWS)
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
                accumulator_bound=(
                    operation.bound if isinstance(operation, Linear | GlobalPool) else None
                ),
            )
        )
    return tuple(reports)


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return np.inf
    return float(10 * np.log10(signal / noise)) if signal > 0 else -np.inf


def to_json_types(value: Any) -> Any:
    """Return nested lists and dictionaries with None for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: to_json_types(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_types(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
