"""A piecewise-linear curve -> segments that integers can follow."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_export._curve import Curve, Floats
from firmware_export._integer_graph import Tensor
from firmware_export._integer_readings import LEVEL_BITS

POSITION_BITS = 30
"""Bits of the larger end of a segment in its fixed point."""
SMALLEST = 2.0**-80
"""Knots of smaller magnitude count as zero, so that fractional bits fit a byte."""
FARTHEST = 64.0
"""A segment ends at most this many times as far from zero as it starts."""


class Segment(NamedTuple):
    """A straight part of a curve: one entry of each array of `IntegerNumeric`."""

    start: int
    fraction: int
    upshift: int
    slope: int
    base: int


def fraction_bits(magnitude: Floats | float) -> NDArray[np.int32]:
    """Return the fractional bits with which a magnitude takes 30 bits.

    Examples
    --------
    >>> int(fraction_bits(1.0)), int(fraction_bits(1000.0)), int(fraction_bits(2.0**40))
    (29, 20, -11)
    """
    return POSITION_BITS - np.frexp(magnitude)[1]


def quantise_curve(curve: Curve, tensor: Tensor) -> tuple[list[Segment], int]:
    """Return the segments, and the input at the end of the last one.

    A start is rounded down to the grid on which the larger end of its segment takes
    30 bits. A segment that then does not start below the next is left out: the curve
    jumps there.

    Parameters
    ----------
    curve : Curve
        Limited, its knots finite in single precision.
    tensor : Tensor
        The network's input.
    """
    knots, levels = _split(curve)
    larger = np.maximum(np.abs(knots), np.abs(np.append(knots[1:], 0.0)))
    fractions = fraction_bits(larger)
    starts = np.floor(np.ldexp(knots, fractions))
    ends = np.floor(np.ldexp(np.append(knots[1:], knots[-1]), fractions))
    reached = np.ldexp(starts, -fractions)
    later = np.minimum.accumulate(np.append(reached[1:], np.inf)[::-1])[::-1]
    if len(knots) > 1:
        # The first stays, a grid step lower if need be: readings below take its base.
        starts[0] = min(starts[0], np.ceil(np.ldexp(later[0], fractions[0])) - 1)
        reached[0] = np.ldexp(starts[0], -fractions[0])
    kept = reached < later
    # The last knot limits the segment before it; only if that one is empty, it starts one.
    kept[-1] = len(knots) == 1 or not kept[-2] or starts[-2] == ends[-2]
    most = tensor.limit << LEVEL_BITS
    bases = np.clip(np.floor(levels / tensor.scale * 2**LEVEL_BITS + 0.5), -most, most)
    bases += (1 << LEVEL_BITS) // 2
    rises = np.append(np.diff(bases), 0.0)
    columns = (starts, fractions, ends - starts, bases, rises)
    rows = np.column_stack(columns)[kept].astype(np.int64).tolist()
    return [_segment(*row) for row in rows], int(bases[-1]) >> LEVEL_BITS


def _segment(start: int, fraction: int, length: int, base: int, rise: int) -> Segment:
    """Choose the slope with which no distance in the segment rises above its end."""
    if length == 0:
        return Segment(start, fraction, 0, 0, base)
    upshift = 32 - length.bit_length()
    return Segment(start, fraction, upshift, (rise << 32) // (length << upshift), base)


def _split(curve: Curve) -> tuple[Floats, Floats]:
    """Return knots and levels, with knots added where a segment ends far beyond its start.

    The segment's fixed point would round such a start more than single precision does.
    """
    knots = np.where(np.abs(curve.knots) < SMALLEST, 0.0, curve.knots)
    added = []
    for start, end in pairwise(knots):
        if start < 0 and end > FARTHEST * -start:
            added.append(0.0)
        knot = start
        while 0 < knot < end / FARTHEST:
            knot *= FARTHEST
            added.append(knot)
    places = np.searchsorted(knots, added)
    levels = np.insert(curve.levels, places, np.interp(added, knots, curve.levels))
    return np.insert(knots, places, added), levels
