"""From real gains and offsets to the multipliers and shifts of a layer's outputs."""

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import Floats
from firmware_export._integer import INT16_MAX, SLOPE_BITS
from firmware_export._integer_graph import INT32_MAX, ChannelScaling

OFFSET_MAX = 2**30
PRESHIFT_MAX = 16
"""No accumulator needs more to fit 16 bits."""
SLOPE_SHIFT_MAX = 15
SHIFT_MAX = 29
MEAN_SHIFT_MAX = 30
"""No number of steps that a graph may have needs more."""


def scale_channels(
    bias: NDArray[np.int32], gain: Floats, negative_slope: float, offset: Floats, limit: int
) -> ChannelScaling:
    """Choose shifts and multipliers for ``output = offset + gain * activation(accumulator)``.

    The pre-shift is the smallest for which a limited 16-bit value still reaches every
    output within the limit, on either side of zero; the multiplier then uses its 15 bits
    as far as the offset, which shares the last shift, leaves room.

    Parameters
    ----------
    bias : ndarray of shape (rows,) and dtype int32
    gain, offset : ndarray of shape (rows,)
        In steps of the output.
    negative_slope : float
        Of the activation below zero: 0 to 1.
    limit : int
        Of the output.
    """
    slope, slope_shift = _split_slope(negative_slope)
    narrowest = slope / 2**SLOPE_BITS or 1.0
    rows = [
        _scale_channel(float(one), float(shift), limit, narrowest)
        for one, shift in zip(gain, offset, strict=True)
    ]
    offsets, multipliers, preshifts, shifts = zip(*rows, strict=True)
    return ChannelScaling(
        bias=bias,
        offset=np.array(offsets, dtype=np.int32),
        multiplier=np.array(multipliers, dtype=np.int16),
        preshift=np.array(preshifts, dtype=np.uint8),
        shift=np.array(shifts, dtype=np.uint8),
        slope=slope,
        slope_shift=slope_shift,
    )


def scale_mean(steps: int, limit: int) -> tuple[int, int, int]:
    """Choose multiplier, pre-shift and shift that divide a sum by its number of steps.

    They are those of :func:`firmware_export._integer.global_pool`.

    Parameters
    ----------
    steps : int
    limit : int
        Of each summand.

    Examples
    --------
    >>> scale_mean(16, 32767), scale_mean(24, 32767), scale_mean(24, 127)
    ((1, 0, 4), (21845, 3, 16), (21845, 0, 19))
    """
    shift = fit_shift(1 / steps, INT16_MAX, MEAN_SHIFT_MAX)
    multiplier = round(2**shift / steps)
    twos = (multiplier & -multiplier).bit_length() - 1
    multiplier, shift = multiplier >> twos, shift - twos
    bound, preshift = steps * limit, 0
    while (bound + _half(preshift) >> preshift) * multiplier + _half(shift - preshift) > INT32_MAX:
        preshift += 1
    return multiplier, preshift, shift - preshift


def _half(shift: int) -> int:
    return 1 << shift >> 1


def _split_slope(slope: float) -> tuple[int, int]:
    """Return (integer, shift) with ``slope = integer / 2**(SLOPE_BITS + shift)``."""
    if slope == 0:
        return 0, 0
    shift = int(np.clip(np.floor(-np.log2(slope)), 0, SLOPE_SHIFT_MAX))
    return round(slope * 2.0 ** (SLOPE_BITS + shift)), shift


def _scale_channel(
    gain: float, offset: float, limit: int, narrowest: float
) -> tuple[int, int, int, int]:
    # An offset this far out saturates the output whatever the sum is; it need not grow more.
    offset = float(np.clip(offset, -OFFSET_MAX / 4, OFFSET_MAX / 4))
    preshift = _preshift(gain * narrowest, limit + abs(offset) + 1)
    multiplier = gain * 2.0**preshift
    shift = min(
        fit_shift(abs(multiplier), INT16_MAX, SHIFT_MAX),
        fit_shift(abs(offset) + 1, OFFSET_MAX, SHIFT_MAX),
    )
    return (
        round(offset * 2.0**shift) + ((1 << shift) >> 1),
        int(np.clip(round(multiplier * 2.0**shift), -INT16_MAX, INT16_MAX)),
        preshift,
        shift,
    )


def _preshift(gain: float, reach: float) -> int:
    """Return the smallest shift after which `INT16_MAX` steps cover `reach`."""
    if gain == 0:
        return 0
    return int(np.clip(np.ceil(np.log2(reach / abs(gain) / INT16_MAX)), 0, PRESHIFT_MAX))


def fit_shift(value: float, largest: int, most: int) -> int:
    """Return the largest shift up to `most` that keeps value * 2**shift within `largest`."""
    if value == 0:
        return 0
    return int(np.clip(np.floor(np.log2((largest + 0.49) / value)), 0, most))
