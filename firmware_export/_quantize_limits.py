"""Limits of readings in their own units -> integer ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from firmware_export._graph import CategoricalColumn, FrontEnd, SeriesFrontEnd
from firmware_export._integer_graph import INT32_MAX, IntegerLimits
from firmware_export._quantize_curve import POSITION_BITS, fraction_bits
from skdualcnn.exceptions import ExportError

Bounds = tuple[float, float]
Limits = Mapping[str, Bounds]

MOST_FRACTION_BITS = 127
BEYOND_SINGLE = 2.0**128


def check_limits(front_end: FrontEnd, limits: Limits | None) -> dict[int, Bounds]:
    """Return the bounds by position among the readings, in that order.

    Raises
    ------
    ExportError
        If a name is no numeric reading or a pair is not a low and a high number, or the
        readings are those of a series.
    """
    limits = dict(limits or {})
    if limits and isinstance(front_end, SeriesFrontEnd):
        raise ExportError(
            f"limits name the reading(s) {list(limits)} of a series, expected none: SeriesScaler "
            "clips each channel. Leave limits out, and refuse what is implausible before the call."
        )
    unknown = [name for name in limits if name not in front_end.readings]
    if unknown:
        raise ExportError(
            f"limits name the reading(s) {unknown}, expected some of {list(front_end.readings)}."
        )
    for column in front_end.columns:
        if isinstance(column, CategoricalColumn) and column.name in limits:
            raise ExportError(
                f"limits name the category {column.name!r}, expected numeric readings only. "
                "Unknown categories are no error: they set no input."
            )
    return {
        reading: _read_pair(name, limits[name])
        for reading, name in enumerate(front_end.readings)
        if name in limits
    }


def _read_pair(name: str, pair: Any) -> Bounds:
    try:
        low, high = (float(one) for one in pair)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not low <= high:
        raise ExportError(
            f"limits[{name!r}] is {pair!r}, expected a pair of numbers (low, high), low at most "
            "high; either may be infinite."
        )
    return low, high


def quantise_limits(name: str, reading: int, bounds: Bounds, bits: int) -> IntegerLimits:
    """Bring the bounds of a reading to 30 bits, so that a reading equal to one is inside.

    Equal in any form: as a float, or in fixed point with `bits` fractional bits.
    """
    low, high = min(_forms(bounds[0], bits)), max(_forms(bounds[1], bits))
    low_fraction, high_fraction = _fraction(low), _fraction(high)
    return IntegerLimits(
        name=name,
        reading=reading,
        bounds=bounds,
        low=_limited(np.ceil(np.ldexp(low, low_fraction))),
        low_fraction=low_fraction,
        high=_limited(np.floor(np.ldexp(high, high_fraction))),
        high_fraction=high_fraction,
    )


def _forms(bound: float, bits: int) -> tuple[float, float, float]:
    """Return a bound as it is, in single precision, and in fixed point."""
    with np.errstate(over="ignore"):
        single = float(np.float32(bound))
        fixed = float(np.ldexp(np.rint(np.ldexp(bound, bits)), -bits))
    return bound, single, fixed


def _fraction(bound: float) -> int:
    """Return a bound's fractional bits; beside zero, every single-precision number counts."""
    if bound == 0:
        return MOST_FRACTION_BITS
    if abs(bound) >= BEYOND_SINGLE:
        return POSITION_BITS - 128  # where the largest of single precision takes 30 bits
    return min(int(fraction_bits(bound)), MOST_FRACTION_BITS)


def _limited(value: float) -> int:
    return int(np.clip(value, -INT32_MAX - 1, INT32_MAX))
