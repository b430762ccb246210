"""Limits of readings in their own units -> integer ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from firmware_export._graph import CategoricalColumn, FrontEnd
from firmware_export._integer_graph import INT32_MAX, IntegerLimits
from firmware_export._quantize_curve import fraction_bits
from skdualcnn.exceptions import ExportError

Limits = Mapping[str, tuple[float, float]]

MOST_FRACTION_BITS = 127
BEYOND_SINGLE = 2.0**128


def quantise_limits(front_end: FrontEnd, limits: Limits | None) -> tuple[IntegerLimits, ...]:
    """Turn limits by reading into integer ones, in the order of the readings.

    Bounds take 30 bits, those of single precision exactly; a low one is rounded up, a
    high one down.

    Raises
    ------
    ExportError
        If a name is no numeric reading or a pair is not a low and a high number.
    """
    limits = dict(limits or {})
    unknown = [name for name in limits if name not in front_end.readings]
    if unknown:
        raise ExportError(
            f"limits name the reading(s) {unknown}, expected some of {list(front_end.readings)}."
        )
    categories = {one.name for one in front_end.columns if isinstance(one, CategoricalColumn)}
    result = []
    for reading, name in enumerate(front_end.readings):
        if name not in limits:
            continue
        if name in categories:
            raise ExportError(
                f"limits name the category {name!r}, expected numeric readings only. Unknown "
                "categories are no error: they set no input."
            )
        low, high = _bounds(name, limits[name])
        low_fraction, high_fraction = _fraction(low), _fraction(high)
        result.append(
            IntegerLimits(
                name=name,
                reading=reading,
                bounds=(low, high),
                low=_fixed(np.ceil(np.ldexp(low, low_fraction))),
                low_fraction=low_fraction,
                high=_fixed(np.floor(np.ldexp(high, high_fraction))),
                high_fraction=high_fraction,
            )
        )
    return tuple(result)


def _bounds(name: str, pair: Any) -> tuple[float, float]:
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


def _fraction(bound: float) -> int:
    """Return a bound's fractional bits; beside zero, every single-precision number counts."""
    if bound == 0:
        return MOST_FRACTION_BITS
    if abs(bound) >= BEYOND_SINGLE:
        return 0
    return min(int(fraction_bits(bound)), MOST_FRACTION_BITS)


def _fixed(value: float) -> int:
    return int(np.clip(value, -INT32_MAX - 1, INT32_MAX))
