"""What is quantised before and after the network: raw columns and the fused decision."""

import numpy as np

from firmware_export._graph import CategoricalColumn, Decision, FrontEnd, NumericColumn
from firmware_export._integer import Q15_ONE
from firmware_export._integer_graph import (
    IntegerCategorical,
    IntegerDecision,
    IntegerNumeric,
    Tensor,
)
from skdualcnn.exceptions import ExportError


def input_range(front_end: FrontEnd, measured: float) -> float:
    """Return the magnitude that the network's input must be able to hold.

    It follows from the columns where all of them are limited after scaling, else from
    the calibration data.
    """
    limits = [0.0]
    for column in front_end.columns:
        if isinstance(column, CategoricalColumn):
            limits.append(1.0)
            continue
        limits += [abs(value) for value in column.indicator_values if column.indicator is not None]
        if column.output is not None:
            limits += [abs(column.out_low), abs(column.out_high)]
    largest = max(limits)
    return largest if 0 < largest < np.inf else measured


def quantise_columns(
    front_end: FrontEnd, tensor: Tensor
) -> tuple[tuple[IntegerNumeric, ...], tuple[IntegerCategorical, ...]]:
    """Turn the front end's columns into integer ones for the network's input `tensor`."""
    numeric = []
    categorical = []
    for column in front_end.columns:
        if isinstance(column, NumericColumn):
            numeric.append(_quantise_numeric(column, tensor))
        else:
            categorical.append(
                IntegerCategorical(
                    column.name,
                    column.reading,
                    column.output,
                    column.categories,
                    column.missing,
                    _to_input(1.0, tensor),
                )
            )
    return tuple(numeric), tuple(categorical)


def _quantise_numeric(column: NumericColumn, tensor: Tensor) -> IntegerNumeric:
    largest = tensor.limit * tensor.scale
    # Both limits in terms of the raw value, so that one comparison each is left to do.
    bounds = np.array([max(column.out_low, -largest), min(column.out_high, largest)])
    bounds = (bounds - column.shift) / column.scale
    low, high = np.clip([column.low, column.high], *bounds)
    origin = 0.0 - column.shift / column.scale
    factor = 2 * column.scale / tensor.scale
    with np.errstate(over="ignore"):
        exact = np.array([low, high, origin, factor], dtype=np.float32)
    if not np.isfinite(exact).all() or exact[3] == 0:
        raise ExportError(
            f"Column {column.name!r} ranges from {low:g} to {high:g}, which single precision "
            "cannot scale. Rescale the column before the pipeline."
        )
    present, absent = (_to_input(value, tensor) for value in column.indicator_values)
    missing = None
    if column.fill is not None:
        scaled = column.fill * column.scale + column.shift
        missing = _to_input(float(np.clip(scaled, column.out_low, column.out_high)), tensor)
    return IntegerNumeric(
        name=column.name,
        reading=column.reading,
        output=column.output,
        low=float(exact[0]),
        high=float(exact[1]),
        origin=float(exact[2]),
        factor=float(exact[3]),
        missing=missing,
        indicator=column.indicator,
        indicator_values=(present, absent),
    )


def _to_input(value: float, tensor: Tensor) -> int:
    """Return a scaled value as the nearest input, halves up."""
    return int(np.clip(np.floor(value / tensor.scale + 0.5), -tensor.limit, tensor.limit))


def quantise_decision(decision: Decision) -> IntegerDecision:
    """Bring delta, thresholds and abstention to Q15, rounded to the nearest.

    Scores lie between 0 and 32768, so values beyond +-65536 act like those.
    """
    return IntegerDecision(
        rule=decision.rule,
        delta=_q15(decision.delta),
        thresholds=(_q15(decision.thresholds[0]), _q15(decision.thresholds[1])),
        abstention=_q15(decision.abstention),
        heads=decision.heads,
        normal=decision.normal,
    )


def _q15(value: float) -> int:
    return int(np.clip(np.rint(value * Q15_ONE), -2 * Q15_ONE, 2 * Q15_ONE))
