"""From raw readings to the network's first signal: the front end's arithmetic, in NumPy.

**Readings** come as floats or in fixed point. Either is a mantissa times a power of two,
and every step begins by aligning it: ``floor(reading * 2**fraction)``, limited to
32 bits. So a number gives the same input in both forms. Magnitudes below 2**-126
(subnormal floats) count as zero.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._integer import Integers
from firmware_export._integer_graph import (
    INT32_MAX,
    IntegerCategorical,
    IntegerGraph,
    IntegerLimits,
    IntegerNumeric,
)
from firmware_export._rows import BLANK
from firmware_export._series import carry_forward
from skdualcnn.preprocessing._gathered import take_changes

Readings = NDArray[np.floating[Any]]
"""Raw readings, each exact in single precision or in 31 bits: NaN is a missing one."""

LEVEL_BITS = 8
"""Fractional bits that an input has before it is rounded."""
CATEGORY_BITS = 15
"""Fractional bits of a category's number that must be zero."""
BLOCK_VALUES = 2**15
"""Readings are turned into inputs in blocks that fit the processor's cache."""
SMALLEST_NORMAL = 2.0**-126
MISSING = -(2**31)
"""A missing reading in fixed point."""


class Status(IntEnum):
    """What the firmware returns for a row of readings, the first that applies."""

    OK = 0
    INFINITE = 3
    MISSING = 4
    RANGE = 5


def take_readings(readings: Readings) -> NDArray[np.float64]:
    """Return the value of each reading, subnormal floats counting as zero.

    Examples
    --------
    >>> import numpy as np
    >>> take_readings(np.float32([1.5, 1e-40, np.nan]))
    array([1.5, 0. , nan])
    """
    with np.errstate(invalid="ignore"):  # which a signalling NaN raises
        values = readings.astype(np.float64)
    values[np.abs(values) < SMALLEST_NORMAL] = 0.0
    return values


def align(values: NDArray[np.float64], fraction: Any) -> NDArray[np.float64]:
    """Return ``floor(values * 2**fraction)``, limited to 32 bits; whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> align(np.array([1.25, -1.25, 1e30]), 1)
    array([ 2.00000000e+00, -3.00000000e+00,  2.14748365e+09])
    """
    return np.clip(np.floor(values * np.ldexp(1.0, fraction)), -INT32_MAX - 1, INT32_MAX)


def multiply_high(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return ``left * right / 2**32``, at most two below its floor.

    Three 16-bit products are enough for that; it never decreases while a factor grows.

    Examples
    --------
    >>> import numpy as np
    >>> multiply_high(np.uint32([2**31, 2**32 - 1]), np.uint32([6, 2**25 - 1]))
    array([       3, 33554429], dtype=uint32)
    """
    left_high, left_low = left >> 16, left & 0xFFFF
    right_high, right_low = right >> 16, right & 0xFFFF
    return left_high * right_high + (left_high * right_low >> 16) + (left_low * right_high >> 16)


def quantise_numeric(
    values: NDArray[np.float64], columns: Sequence[IntegerNumeric]
) -> NDArray[np.int32]:
    """Turn raw readings that are present into network inputs.

    The segment is the last one that the reading, aligned with its start, has reached.
    With the constants of that segment::

        distance = limited(align(reading, fraction) - start, 0, (2**32 - 1) >> upshift)
        level = base + multiply_high(distance << upshift, slope)
        input = min(level >> 8, highest)

    A slope is rounded down so far that no segment ends above the start of the next, so
    the input never decreases while the reading grows. It is within 0.52 steps of the
    curve: half a step of rounding, and five units of the level, of which the bases may
    take a half, the slope one, and the product three. That is the curve at a value less
    than 2**-23 of the reading away, which is how fine the grid of starts and distances
    is; single precision is no finer.

    Parameters
    ----------
    values : ndarray of shape (n_columns, n) and dtype float64
        From :func:`take_readings`, all present and finite.
    columns : sequence of IntegerNumeric

    Returns
    -------
    ndarray of shape (n_columns, n) and dtype int32

    Examples
    --------
    >>> import numpy as np
    >>> from firmware_export._integer_graph import IntegerNumeric
    >>> column = IntegerNumeric(
    ...     "x",
    ...     reading=0,
    ...     output=0,
    ...     span=(0.0, 110.0),
    ...     starts=np.int32([0, 10]),
    ...     fractions=np.int8([0, 0]),
    ...     upshifts=np.uint8([28, 25]),
    ...     slopes=np.uint32([20480, 16384]),
    ...     bases=np.int32([128, 12928]),
    ...     highest=100,
    ...     missing=None,
    ...     indicator=None,
    ...     indicator_values=(0, 0),
    ... )
    >>> quantise_numeric(np.array([[-5.0, 5, 10, 30, 999]]), [column])
    array([[  0,  25,  50,  60, 100]], dtype=int32)
    """
    starts = np.concatenate([column.starts for column in columns])
    fractions = np.concatenate([column.fractions for column in columns]).astype(np.int32)
    slopes = np.concatenate([column.slopes for column in columns])
    bases = np.concatenate([column.bases for column in columns])
    highest = np.array([[column.highest] for column in columns], dtype=np.int32)
    segment = _find_segments(values, columns, np.ldexp(starts.astype(np.float64), -fractions))
    upshift = np.concatenate([column.upshifts for column in columns])[segment]
    distance = align(values, fractions[segment]) - starts[segment]
    np.clip(distance, 0, np.uint32(0xFFFFFFFF) >> upshift, out=distance)
    rise = multiply_high(distance.astype(np.uint32) << upshift, slopes[segment])
    level = bases[segment] + rise.astype(np.int32)
    return np.minimum(level >> LEVEL_BITS, highest)


def _find_segments(
    values: NDArray[np.float64], columns: Sequence[IntegerNumeric], starts: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the position among all columns' segments of the one that each value is in."""
    segment = np.empty(values.shape, dtype=np.intp)
    first = 0
    for row, column in enumerate(columns):
        end = first + len(column.starts)
        segment[row] = first
        if end > first + 1:
            segment[row] += np.searchsorted(starts[first + 1 : end], values[row], side="right")
        first = end
    return segment


def row_statuses(graph: IntegerGraph, readings: Readings) -> NDArray[np.int32]:
    """Return the :class:`Status` of each row of (n, n_readings)."""
    statuses = np.full(len(readings), Status.OK, dtype=np.int32)
    for limit in graph.limits:
        values = take_readings(readings[:, limit.reading])
        statuses[_is_outside(values, limit)] = Status.RANGE
    for column in graph.numeric:
        if column.missing is None:
            statuses[np.isnan(readings[:, column.reading])] = Status.MISSING
    statuses[np.isinf(readings).any(axis=1)] = Status.INFINITE
    return statuses


def _is_outside(values: NDArray[np.float64], limit: IntegerLimits) -> NDArray[np.bool_]:
    """Compare with the bounds; a missing reading is not outside."""
    below = align(values, limit.low_fraction) < limit.low
    return below | (align(values, limit.high_fraction) > limit.high)


def check_readings(graph: IntegerGraph, readings: Readings) -> None:
    """Refuse the rows that the firmware refuses.

    Raises
    ------
    ValueError
        If a reading is infinite, missing where the estimator imputes nothing, or outside
        its limits.
    """
    statuses = row_statuses(graph, readings)
    if not statuses.any():
        return
    row = int((statuses != Status.OK).argmax())
    values, status = readings[row], statuses[row]
    if status == Status.INFINITE:
        name = graph.readings[int(np.isinf(values).argmax())]
        raise ValueError(
            f"Reading {name!r} is infinite (in single precision) in row {row}, expected a finite "
            "number, or NaN where it is missing."
        )
    if status == Status.MISSING:
        required = (one for one in graph.numeric if one.missing is None)
        name = next(one.name for one in required if np.isnan(values[one.reading]))
        raise ValueError(
            f"Reading {name!r} is missing in row {row}, but the exported estimator imputes "
            "nothing. Put a SimpleImputer in front of the classifier, or fill the gaps before."
        )
    taken = take_readings(values)
    limit = next(one for one in graph.limits if _is_outside(taken[one.reading], one))
    low, high = limit.bounds
    raise ValueError(
        f"Reading {limit.name!r} is {values[limit.reading]:.9g} in row {row}, outside its limits "
        f"{low:.9g} to {high:.9g}. Leave the row out, or give the reading wider limits."
    )


def quantise_readings(graph: IntegerGraph, readings: Readings) -> Integers:
    """Turn raw readings into the network's input signal.

    Parameters
    ----------
    graph : IntegerGraph
    readings : ndarray of shape (n, window, n_readings), or (n, n_readings) without window
        Checked by :func:`check_readings`. NaN is a missing reading; a category is its
        position in the list, any other number an unknown category. A row of `BLANK` is
        a step before a device's first row.

    Returns
    -------
    signal : ndarray of shape (n, steps, channels) and dtype int32
    """
    rows = readings.reshape(-1, len(graph.readings))
    blank = blank_inputs(graph)
    if blank is None:
        return as_signal(graph, quantise_rows(graph, rows))
    is_blank = (rows == BLANK).all(axis=1)
    inputs = np.tile(blank, (len(rows), 1))
    inputs[~is_blank] = quantise_rows(graph, rows[~is_blank])
    return as_signal(graph, inputs)


def blank_inputs(graph: IntegerGraph) -> Integers | None:
    """Return the inputs of a step before a device's first row, None if that row stands in."""
    if graph.mark is None:
        return None
    half = graph.row_inputs // 2
    return np.repeat(np.array([0, graph.mark], dtype=np.int32), half)


def as_signal(graph: IntegerGraph, inputs: Integers) -> Integers:
    """Return the inputs of each window of rows as (n, steps, channels).

    Changes are limited to the signal's largest integer, as its values are.
    """
    tensor = graph.tensors[0]
    signal = inputs.reshape(-1, tensor.steps, tensor.channels)
    if not graph.changes:
        return signal
    return np.clip(take_changes(signal, graph.changes), -tensor.limit, tensor.limit)


def quantise_rows(graph: IntegerGraph, rows: Readings) -> Integers:
    """Turn each row of (n, n_readings) into the inputs that it gives, (n, row_inputs).

    Of a series, which is given as one row, these are the inputs of all its steps.
    """
    every = rows.reshape(-1, graph.row_readings)
    inputs = np.zeros((len(every), graph.row_inputs), dtype=np.int32)
    block = max(1, BLOCK_VALUES // graph.row_readings)
    for start in range(0, len(every), block):
        chosen = slice(start, start + block)
        _quantise_block(graph, every[chosen], inputs[chosen])
    if not graph.ages:
        return inputs
    steps = graph.tensors[0].steps
    signal = inputs.reshape(-1, steps, graph.row_inputs)
    carry_forward(signal, np.isnan(every), np.array(graph.ages, dtype=np.int32))
    return signal.reshape(-1, steps * graph.row_inputs)


def _quantise_block(graph: IntegerGraph, rows: Readings, inputs: Integers) -> None:
    columns = take_readings(np.ascontiguousarray(rows.T))
    gaps = np.isnan(columns)
    columns[gaps] = 0.0
    scaled = [column for column in graph.numeric if column.output is not None]
    if scaled:
        chosen = [column.reading for column in scaled]
        present = quantise_numeric(columns[chosen], scaled)
        absent = np.array([[column.missing or 0] for column in scaled], dtype=np.int32)
        outputs = np.array([column.output for column in scaled], dtype=np.intp)
        inputs[:, outputs] = np.where(gaps[chosen], absent, present).T
    for column in graph.numeric:
        if column.indicator is not None:
            missing = gaps[column.reading]
            inputs[:, column.indicator] = np.where(missing, *column.indicator_values[::-1])
    for category in graph.categorical:
        _one_hot(columns[category.reading], gaps[category.reading], category, inputs)


def _one_hot(
    values: NDArray[np.float64],
    missing: NDArray[np.bool_],
    column: IntegerCategorical,
    inputs: NDArray[np.int32],
) -> None:
    """Set the input of each row's category.

    Its number is cut off after 15 fractional bits, which must be zero.
    """
    aligned = align(values, CATEGORY_BITS)
    for position in range(len(column.categories)):
        chosen = ~missing & (aligned == position << CATEGORY_BITS)
        if position == column.missing:
            chosen |= missing
        inputs[chosen, column.output + position] = column.one


def to_fixed(graph: IntegerGraph, readings: Readings) -> NDArray[np.int32]:
    """Return readings in fixed point, rounded to the nearest and limited to 32 bits."""
    scaled = np.ldexp(readings.astype(np.float64), np.array(graph.fraction_bits, dtype=np.int32))
    limited = np.clip(np.rint(scaled), -INT32_MAX, INT32_MAX)
    return np.where(np.isnan(limited), MISSING, limited).astype(np.int32)


def from_fixed(graph: IntegerGraph, fixed: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the exact values of readings in fixed point, NaN where missing."""
    values = np.ldexp(fixed.astype(np.float64), -np.array(graph.fraction_bits, dtype=np.int32))
    return np.where(fixed == MISSING, np.nan, values)
