"""What is quantised before and after the network: raw columns and the fused decision."""

import warnings

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

PRODUCT_MAX = 2**30
"""A scaled reading stays below this before it is converted to 32 bits."""
FEWEST_STEPS = 256
"""A range of fewer single-precision numbers is worth a warning."""


def input_range(front_end: FrontEnd, measured: float) -> float:
    """Return the magnitude that the network's input must be able to hold.

    It follows from the columns as far as they are limited after scaling, for the others
    from the calibration data.
    """
    limits = [0.0]
    for column in front_end.columns:
        if isinstance(column, CategoricalColumn):
            limits.append(1.0)
            continue
        limits += [abs(value) for value in column.indicator_values if column.indicator is not None]
        if column.output is not None:
            limits += [abs(column.out_low), abs(column.out_high)]
    finite = max(limit for limit in limits if limit < np.inf)
    if finite < max(limits) or finite == 0:
        return max(finite, measured)
    return finite


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
        largest_product = float(np.abs((exact[:2] - exact[2]) * exact[3]).max())
    if not (np.isfinite(exact).all() and exact[3] > 0 and largest_product < PRODUCT_MAX):
        raise ExportError(
            f"Column {column.name!r} ranges from {low:g} to {high:g}, which single precision "
            "cannot scale. Rescale the column before the pipeline."
        )
    steps = (high - low) / float(np.spacing(np.float32(max(abs(low), abs(high)))))
    # A column that was constant in training has the scale 1 and nothing to resolve.
    if steps < FEWEST_STEPS and column.scale != 1:
        warnings.warn(
            f"Column {column.name!r} ranges from {low:.9g} to {high:.9g}: single precision tells "
            f"only {steps:.0f} values apart there, so the firmware answers unlike the float "
            "estimator. Subtract a constant from the column before the pipeline.",
            stacklevel=2,
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
