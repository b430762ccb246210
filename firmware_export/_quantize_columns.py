"""Raw columns -> integer columns: what is quantised before the network."""

import warnings

import numpy as np
from numpy.typing import NDArray

from firmware_export._curve import Curve
from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
from firmware_export._integer_graph import IntegerCategorical, IntegerNumeric, Tensor
from skdualcnn.exceptions import ExportError

SMALLEST = np.float32(2.0**-80)
"""Knots of smaller magnitude count as zero, so that no slope overflows."""
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
            curve = column.curve
            limits += [np.inf] if curve.unlimited else [float(np.abs(curve.levels).max())]
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
    present, absent = (_to_input(value, tensor) for value in column.indicator_values)
    starts, factors, bases, high = _quantise_curve(column, tensor)
    return IntegerNumeric(
        name=column.name,
        reading=column.reading,
        output=column.output,
        starts=starts,
        factors=factors,
        bases=bases,
        high=high,
        missing=None if column.missing is None else _to_input(column.missing, tensor),
        indicator=column.indicator,
        indicator_values=(present, absent),
    )


def _quantise_curve(
    column: NumericColumn, tensor: Tensor
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32], float]:
    """Return starts, factors and bases of the segments, and where the last one ends.

    A factor is computed from the rounded knots and whole bases, so that a segment ends
    where the next one begins. Knots that single precision cannot tell apart become a jump.
    """
    largest = np.array([-1.0, 1.0]) * tensor.limit * tensor.scale
    curve = column.curve.then(Curve(largest, largest))
    with np.errstate(over="ignore", invalid="ignore"):
        knots = curve.knots.astype(np.float32)
        extent = knots[-1] - knots[0]
    if not np.isfinite(extent):
        raise ExportError(
            f"Column {column.name!r} ranges from {curve.knots[0]:g} to {curve.knots[-1]:g}, which "
            "single precision cannot scale. Rescale the column before the pipeline."
        )
    _warn_if_coarse(column.name, curve)
    knots[np.abs(knots) < SMALLEST] = 0
    after = np.where(knots == 0, SMALLEST, np.nextafter(knots, np.float32(np.inf)))
    knots[1:] = np.where(knots[1:] == knots[:-1], after[1:], knots[1:])
    knots, last = np.unique(knots[::-1], return_index=True)
    bases = np.floor(curve.levels[::-1][last] / tensor.scale * 2 + 0.5)
    bases = np.clip(bases, -2 * tensor.limit, 2 * tensor.limit).astype(np.int32)
    factors = (np.diff(bases) / np.diff(knots.astype(np.float64))).astype(np.float32)
    if len(knots) == 1:
        return knots, np.zeros(1, dtype=np.float32), bases, float(knots[0])
    return knots[:-1], factors, bases[:-1], float(knots[-1])


def _warn_if_coarse(name: str, curve: Curve) -> None:
    """Warn if, over half of the curve's rise, single precision takes large steps."""
    run, rise = np.diff(curve.knots), np.diff(curve.levels)
    # A column that was constant in training has the slope 1 and nothing to resolve.
    if len(run) == 0 or (len(run) == 1 and np.isclose(rise[0], run[0])):
        return
    magnitude = np.maximum(np.abs(curve.knots[:-1]), np.abs(curve.knots[1:]))
    jumps = np.minimum(rise, rise / run * np.spacing(magnitude.astype(np.float32)))
    order = np.argsort(jumps)
    risen = np.cumsum(rise[order])
    steps = risen[-1] / jumps[order][np.searchsorted(risen, risen[-1] / 2)]
    if steps < FEWEST_STEPS:
        warnings.warn(
            f"Column {name!r} ranges from {curve.knots[0]:.9g} to {curve.knots[-1]:.9g}: single "
            f"precision resolves the scaled value only to 1/{steps:.0f}, so the firmware answers "
            "unlike the float estimator. Subtract a constant from the column before the pipeline.",
            stacklevel=2,
        )


def _to_input(value: float, tensor: Tensor) -> int:
    """Return a scaled value as the nearest input, halves up."""
    return int(np.clip(np.floor(value / tensor.scale + 0.5), -tensor.limit, tensor.limit))
