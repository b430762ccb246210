"""The integer arithmetic that Python and C share: the specification, in NumPy.

**The one rounding rule.** Every right shift is arithmetic: it rounds towards minus
infinity. Where a result is rounded to the nearest, half of the divisor is added before
the shift, so that halves go up: ``(value + 2**(s - 1)) >> s``. There is no other
rounding, except the truncating conversion of a raw reading, which is followed by the
same rule (:func:`firmware_export._integer_readings.quantise_numeric`).

**Widths.** Weights of the network are 8 bits, activations 8 or 16, logits and multipliers
16, accumulators 32; no product or sum here needs more. The quantiser proves it: of the
accumulators from the weights (`Linear.bound`), of sums over steps from their number
(`GlobalPool.bound`), of the rest from the ranges that the functions below name.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_export._integer_graph import (
    Add,
    ChannelScaling,
    GlobalPool,
    IntegerDecision,
    IntegerGraph,
    Linear,
)
from skdualcnn._rules import fuse_anomalies, fuse_confidences

Integers = NDArray[np.int32]

INT16_MAX = 32767
SLOPE_BITS = 15
Q30_ONE = 2**30
"""A probability of one."""

LOG2_E_Q15 = round(np.log2(np.e) * 2**15)
EXP_FRACTION_BITS = 12
"""Logit differences enter the exponential in steps of 2**-12."""
EXP_CUTOFF = 88014
"""Smallest logit difference (in those steps) whose exponential is zero: about 21.5."""
EXP2_COARSE = np.rint(2.0 ** (15 - np.arange(64) / 64)).astype(np.uint16)
EXP2_FINE = np.rint(2.0 ** (15 - np.arange(64) / 4096)).astype(np.uint16)


def round_shift(value: NDArray[np.integer], bits: int) -> NDArray[np.integer]:
    """Divide by 2**bits and round to the nearest, halves up.

    Examples
    --------
    >>> import numpy as np
    >>> round_shift(np.array([5, 6, 7, -5, -6, -7]), 2)
    array([ 1,  2,  2, -1, -1, -2])
    """
    return value if bits == 0 else (value + (1 << (bits - 1))) >> bits


def requantise(accumulator: Integers, scaling: ChannelScaling, limit: int) -> Integers:
    """Activation, batch norm and change of scale in one step, per channel.

    A negative accumulator is first given constants of its own, by which the activation's
    slope of ``slope / 2**(15 + slope_shift)`` gets in::

        multiplier = (multiplier * slope + 2**14) >> 15
        preshift = preshift + slope_shift

    and then always::

        value = limited(accumulator >> preshift, -32767, 32767)
        output = limited((value * multiplier + offset) >> shift, -limit, limit)

    `offset` holds the batch norm's shift and the half that makes the last shift round to
    the nearest. As ``|multiplier| <= 32767``, ``slope <= 2**15`` and ``|offset| <= 2**30``,
    everything fits 32 bits. The pre-shift, at most 16 and 31 with the slope's, drops bits
    that are worth less than about one output step.

    Every step keeps the order: a larger accumulator never gives a smaller output, or,
    with a negative multiplier, never a larger one. So the C may take the largest (or
    smallest) of several accumulators first and requantise only that.

    Parameters
    ----------
    accumulator : ndarray of shape (..., channels) and dtype int32
        Bias included.
    scaling : ChannelScaling
    limit : int
    """
    multiplier = scaling.multiplier.astype(np.int32)
    below = round_shift(multiplier * np.int32(scaling.slope), SLOPE_BITS)
    negative = accumulator < 0
    preshift = np.where(
        negative, scaling.preshift + np.uint8(scaling.slope_shift), scaling.preshift
    )
    value = accumulator >> preshift
    np.clip(value, -INT16_MAX, INT16_MAX, out=value)
    value *= np.where(negative, below, multiplier)
    value += scaling.offset
    value >>= scaling.shift
    return np.clip(value, -limit, limit, out=value)


def linear(signal: Integers, layer: Linear, windows: int, limit: int) -> Integers:
    """Run a convolution or a dense layer, with its activation, batch norm and pooling.

    Parameters
    ----------
    signal : ndarray of shape (n, steps, channels) and dtype int32
        Without padding.
    layer : Linear
    windows : int
        Windows to compute, a multiple of `layer.pool`.
    limit : int
        Of the output.

    Returns
    -------
    ndarray of shape (n, windows // pool, rows) and dtype int32
    """
    n = len(signal)
    if layer.padding:
        padding = layer.padding
        signal = np.pad(signal, ((0, 0), (padding, padding), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(signal, layer.kernel, axis=1)
    columns = view[:, :windows].transpose(0, 1, 3, 2).reshape(n * windows, -1)
    # Exact: every partial sum is an integer far below 2**53.
    sums = columns.astype(np.float64) @ layer.weight.T.astype(np.float64)
    sums += layer.scaling.bias
    output = requantise(sums.astype(np.int32), layer.scaling, limit)
    return max_pool(output.reshape(n, windows, -1), layer.pool)


def max_pool(signal: Integers, size: int) -> Integers:
    """Take the maximum over each `size` steps of (n, steps, channels)."""
    if size == 1:
        return signal
    n, steps, channels = signal.shape
    return signal.reshape(n, steps // size, size, channels).max(axis=2)


def add(left: Integers, right: Integers, layer: Add, limit: int) -> Integers:
    """Add two signals: ``(left * multiplier + right * multiplier + half) >> shift``.

    Multipliers are at most 16383 and signals 16 bits, so the sum fits 32 bits.
    """
    total = left * np.int32(layer.multiplier_left) + right * np.int32(layer.multiplier_right)
    return np.clip(round_shift(total, layer.shift), -limit, limit).astype(np.int32)


def global_pool(signal: Integers, layer: GlobalPool, limit: int) -> Integers:
    """Take the mean of each channel over all steps of (n, steps, channels), then the maximum.

    Half of the divisor is ``half(s) = 2**s >> 1``, and ``total`` the exact sum::

        value = (total + half(preshift)) >> preshift
        mean = limited((value * multiplier + half(shift)) >> shift, -limit, limit)

    Of ``2**k`` steps the multiplier is 1, the pre-shift 0 and the shift k: the mean is
    rounded to the nearest, halves up. Of others the multiplier is odd and at most 32767, and
    the mean less than two steps of the integers from the exact one. The pre-shift is the
    smallest with which everything fits 32 bits. The maximum is exact.

    Returns
    -------
    ndarray of shape (n, 1, 2 * channels) and dtype int32
    """
    total = signal.sum(axis=1, keepdims=True, dtype=np.int32)
    value = round_shift(total, layer.preshift) * np.int32(layer.multiplier)
    mean = np.clip(round_shift(value, layer.shift), -limit, limit)
    return np.concatenate([mean, signal.max(axis=1, keepdims=True)], axis=2, dtype=np.int32)


def exp_weights(difference: Integers, spare: int) -> NDArray[np.uint32]:
    """Return e**-x in Q30, divided by 2**spare, for differences x >= 0 in steps of 2**-12.

    The difference becomes a power of two: ``z = round(x * log2(e))`` in the same steps;
    its whole part is a shift, each six bits of its fraction one table entry. So small
    weights are as exact as large ones, down to the last bit, and rank as their logits.
    """
    is_zero = difference >= EXP_CUTOFF
    difference = np.where(is_zero, 0, difference)
    power = round_shift(difference.astype(np.uint32) * np.uint32(LOG2_E_Q15), 15)
    coarse, fine, shift = (power >> 6) & 63, power & 63, (power >> 12) + np.uint32(spare)
    product = EXP2_COARSE[coarse].astype(np.uint32) * EXP2_FINE[fine].astype(np.uint32)
    half = (np.uint32(1) << np.minimum(shift, 30)) >> 1
    rounded = (product + half) >> np.minimum(shift, 30)
    return np.where(is_zero | (shift > 30), 0, rounded).astype(np.uint32)


def softmax_q30(logits: Integers, fraction_bits: int) -> Integers:
    """Return probabilities in Q30 that add up to 2**30 exactly.

    Each probability is rounded down; what is left over goes to the most likely class
    (the first of several), which therefore is also the first maximum of the logits.
    Thirty bits, because an alarm is raised by what is left of a probability near one:
    down to about 1e-9, rows keep the order that the logits put them in.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes) and dtype int32
        16-bit values in steps of ``2**-fraction_bits``.
    fraction_bits : int
        0 to 12.

    Examples
    --------
    >>> import numpy as np
    >>> softmax_q30(np.array([[0, 0], [4096, 0]], dtype=np.int32), 12) / 2**30
    array([[0.5       , 0.5       ],
           [0.73105044, 0.26894956]])
    """
    difference = (logits.max(axis=1, keepdims=True) - logits) << (EXP_FRACTION_BITS - fraction_bits)
    weights = exp_weights(difference, spare_bits(logits.shape[1])).astype(np.int64)
    probabilities = (weights * Q30_ONE // weights.sum(axis=1, keepdims=True)).astype(np.int32)
    rows = np.arange(len(logits))
    probabilities[rows, logits.argmax(axis=1)] += Q30_ONE - probabilities.sum(axis=1)
    return probabilities


def spare_bits(n_classes: int) -> int:
    """Return by how many bits weights shrink so that their sum is at most 2**31."""
    return max((n_classes - 1).bit_length() - 1, 0)


def decide(probabilities: Sequence[Integers], decision: IntegerDecision) -> NDArray[np.int64]:
    """Fuse the heads' Q30 probabilities by the rules of :mod:`skdualcnn._rules`.

    The rules compare sums of integers here: scores of 0 to 2**30, and the settings in
    Q30. A head that is not there scores 0.

    Returns
    -------
    ndarray of shape (n,) and dtype int64
        Positions in `DECISIONS`.
    """
    health, cyber = (
        _score(probabilities, decision, head, normal)
        for head, normal in zip(decision.heads, decision.normal, strict=True)
    )
    if decision.rule == "confidence":
        return fuse_confidences(health, cyber, delta=decision.delta)
    return fuse_anomalies(
        health,
        cyber,
        thresholds=decision.thresholds,
        abstention=decision.abstention,
        delta=decision.delta,
        distrust=decision.distrust,
    )


def _score(
    probabilities: Sequence[Integers], decision: IntegerDecision, head: int | None, normal: int
) -> NDArray[np.int64]:
    if head is None:
        return np.zeros(len(probabilities[0]), dtype=np.int64)
    if decision.rule == "confidence":
        return probabilities[head].max(axis=1).astype(np.int64)
    return Q30_ONE - probabilities[head][:, normal].astype(np.int64)


def run(graph: IntegerGraph, signal: Integers) -> list[Integers]:
    """Run the network and return every tensor, the input first.

    Parameters
    ----------
    graph : IntegerGraph
    signal : ndarray of shape (n, steps, channels) and dtype int32
        From :func:`firmware_export._integer_readings.quantise_readings`.
    """
    values: dict[int, Integers] = {0: signal}
    for operation in graph.operations:
        target = graph.tensors[operation.target]
        if isinstance(operation, Linear):
            source, windows = values[operation.source], target.steps * operation.pool
            values[operation.target] = linear(source, operation, windows, target.limit)
        elif isinstance(operation, Add):
            left, right = values[operation.left], values[operation.right]
            values[operation.target] = add(left, right, operation, target.limit)
        else:
            source = values[operation.source]
            values[operation.target] = global_pool(source, operation, target.limit)
    return [values[index] for index in range(len(graph.tensors))]
