"""Raw columns -> integer columns: what is quantised before the network."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from firmware_export._curve import Curve
from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
from firmware_export._integer_graph import (
    IntegerCategorical,
    IntegerNumeric,
    Tensor,
)
from firmware_export._quantize_curve import SMALLEST, fraction_bits, quantise_curve
from firmware_export._quantize_limits import BEYOND_SINGLE, Bounds
from skdualcnn.exceptions import ExportError

FEWEST_STEPS = 256
"""A range of fewer single-precision numbers is worth a warning."""


def input_range(front_end: FrontEnd, measured: float) -> float:
    """Return the magnitude that the network's input must be able to hold.

    It follows from the columns as far as they are limited after scaling, for the others
    from the calibration data.
    """
    limits = [float(front_end.has_blank_steps)]
    for column in front_end.columns:
        if isinstance(column, CategoricalColumn):
            limits.append(1.0)
            continue
        limits += [abs(value) for value in column.indicator_values if column.indicator is not None]
        if column.output is not None:
            curve = column.curve
            limits += [np.inf] if curve.unlimited else [float(np.abs(curve.levels).max())]
            if column.output in front_end.changes:
                limits.append(float(np.ptp(curve.levels)))
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
                    to_input(1.0, tensor),
                )
            )
    return tuple(numeric), tuple(categorical)


def _quantise_numeric(column: NumericColumn, tensor: Tensor) -> IntegerNumeric:
    largest = np.array([-1.0, 1.0]) * tensor.limit * tensor.scale
    curve = column.curve.then(Curve(largest, largest))
    with np.errstate(over="ignore"):
        finite = np.isfinite(curve.knots.astype(np.float32)).all()
    if not finite:
        raise ExportError(
            f"Column {column.name!r} ranges from {curve.knots[0]:g} to {curve.knots[-1]:g}, which "
            "single precision cannot hold. Rescale the column before the pipeline."
        )
    _warn_if_tiny(column.name, curve)
    _warn_if_coarse(column.name, curve)
    present, absent = (to_input(value, tensor) for value in column.indicator_values)
    segments, highest = quantise_curve(curve, tensor)
    starts, fractions, upshifts, slopes, bases = zip(*segments, strict=True)
    return IntegerNumeric(
        name=column.name,
        reading=column.reading,
        output=column.output,
        span=(float(curve.knots[0]), float(curve.knots[-1])),
        starts=np.array(starts, dtype=np.int32),
        fractions=np.array(fractions, dtype=np.int8),
        upshifts=np.array(upshifts, dtype=np.uint8),
        slopes=np.array(slopes, dtype=np.uint32),
        bases=np.array(bases, dtype=np.int32),
        highest=highest,
        missing=None if column.missing is None else to_input(column.missing, tensor),
        indicator=column.indicator,
        indicator_values=(present, absent),
    )


def choose_fraction_bits(
    readings: int, numeric: Sequence[IntegerNumeric], limits: Mapping[int, Bounds]
) -> tuple[int, ...]:
    """Return the fractional bits of each reading where it is delivered in fixed point.

    They leave room for twice the largest value that its curve tells apart, or that its
    limits allow. Categories, and readings that only count as there or not, are whole.
    """
    largest = np.zeros(readings)
    for column in numeric:
        if column.output is not None:
            largest[column.reading] = np.abs(column.span).max()
    for reading, bounds in limits.items():
        usual = (abs(bound) for bound in bounds if abs(bound) < BEYOND_SINGLE)
        largest[reading] = max(largest[reading], *usual, 0.0)
    bits = fraction_bits(np.maximum(largest, SMALLEST))
    return tuple(np.where(largest > 0, bits, 0).tolist())


def _warn_if_tiny(name: str, curve: Curve) -> None:
    """Warn if over half of the curve's rise is among values that count as zero."""
    zero = np.abs(curve.knots) < SMALLEST
    rise = np.diff(curve.levels)
    if rise[zero[:-1] & zero[1:]].sum() > rise.sum() / 2:
        warnings.warn(
            f"Column {name!r} ranges from {curve.knots[0]:.9g} to {curve.knots[-1]:.9g}: values "
            f"nearer to zero than {SMALLEST:.1g} count as zero, so the firmware answers readings "
            "unlike the float estimator. Multiply the column by a constant before the pipeline.",
            stacklevel=2,
        )


def _warn_if_coarse(name: str, curve: Curve) -> None:
    """Warn if, over half of the curve's rise, single precision takes large steps."""
    run, rise = np.diff(curve.knots), np.diff(curve.levels)
    # A column that was constant in training has the slope 1 and nothing to resolve.
    if len(run) == 0 or (len(run) == 1 and np.isclose(rise[0], run[0])):
        return
    magnitude = np.maximum(np.abs(curve.knots[:-1]), np.abs(curve.knots[1:]))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Knots that even double precision cannot tell apart are one jump.
        jumps = np.fmin(rise, rise / run * np.spacing(magnitude.astype(np.float32)))
    order = np.argsort(jumps)
    risen = np.cumsum(rise[order])
    steps = risen[-1] / jumps[order][np.searchsorted(risen, risen[-1] / 2)]
    if steps < FEWEST_STEPS:
        warnings.warn(
            f"Column {name!r} ranges from {curve.knots[0]:.9g} to {curve.knots[-1]:.9g}: single "
            f"precision resolves the scaled value only to 1/{steps:.0f}, so the firmware answers "
            "readings in floats unlike the float estimator. Subtract a constant from the column "
            "before the pipeline; readings in fixed point are 64 times finer.",
            stacklevel=2,
        )


def to_input(value: float, tensor: Tensor) -> int:
    """Return a scaled value as the nearest input, halves up."""
    return int(np.clip(np.floor(value / tensor.scale + 0.5), -tensor.limit, tensor.limit))
