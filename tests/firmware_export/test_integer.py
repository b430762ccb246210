from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_export._integer import (
    EXP_CUTOFF,
    Q30_ONE,
    add,
    decide,
    exp_weights,
    global_pool,
    max_pool,
    requantise,
    round_shift,
    softmax_q30,
    spare_bits,
)
from firmware_export._integer_graph import Add, ChannelScaling, GlobalPool, IntegerDecision
from firmware_export._quantize_scaling import scale_mean
from skdualcnn._rules import fuse_anomalies, fuse_confidences

few = settings(max_examples=60, deadline=None, derandomize=True)
int32 = st.integers(-(2**31), 2**31 - 1)


@few
@given(st.integers(-(2**40), 2**40), st.integers(0, 20))
def test_round_shift_is_the_nearest_integer_halves_up(value, bits):
    exact = floor(Fraction(value, 2**bits) + Fraction(1, 2))
    assert int(round_shift(np.array([value]), bits)[0]) == exact


scalings = st.builds(
    lambda offset, multiplier, preshift, shift, slope, slope_shift: ChannelScaling(
        bias=np.zeros(1, np.int32),
        offset=np.array([offset], np.int32),
        multiplier=np.array([multiplier], np.int16),
        preshift=np.array([preshift], np.uint8),
        shift=np.array([shift], np.uint8),
        slope=slope,
        slope_shift=slope_shift,
    ),
    st.integers(-(2**30), 2**30),
    st.integers(-32767, 32767),
    st.integers(0, 16),
    st.integers(0, 29),
    st.integers(0, 2**15),
    st.integers(0, 15),
)


@few
@given(int32, scalings, st.integers(1, 32767))
def test_requantise_never_overflows(accumulator, scaling, limit):
    multiplier, preshift = int(scaling.multiplier[0]), int(scaling.preshift[0])
    if accumulator < 0:
        product = multiplier * scaling.slope + 2**14
        assert -(2**31) <= product < 2**31
        multiplier = floor(Fraction(product, 2**15))
        preshift += scaling.slope_shift
    assert abs(multiplier) <= 32767
    assert preshift <= 31
    value = max(-32767, min(32767, floor(Fraction(accumulator, 2**preshift))))
    total = value * multiplier + int(scaling.offset[0])
    assert -(2**31) <= total < 2**31
    expected = max(-limit, min(limit, floor(Fraction(total, 2 ** int(scaling.shift[0])))))
    got = requantise(np.array([[accumulator]], np.int32), scaling, limit)
    assert got.dtype == np.int32
    assert int(got[0, 0]) == expected


@few
@given(
    st.lists(int32 | st.integers(-300, 300), min_size=2, max_size=20),
    scalings,
    st.integers(1, 32767),
)
def test_requantise_keeps_the_order(accumulators, scaling, limit):
    """The kernels take the maximum of accumulators, or the minimum, and requantise that."""
    outputs = requantise(np.sort(np.array(accumulators, np.int32))[:, None], scaling, limit)
    rising = np.diff(outputs[:, 0]) * (1 if scaling.multiplier[0] > 0 else -1)
    assert (rising >= 0).all()


@few
@given(
    st.integers(-32767, 32767),
    st.integers(-32767, 32767),
    st.integers(0, 16383),
    st.integers(0, 16383),
    st.integers(0, 29),
)
def test_add_never_overflows(left, right, multiplier_left, multiplier_right, shift):
    layer = Add("a", "", 0, 1, 2, multiplier_left, multiplier_right, shift)
    total = left * multiplier_left + right * multiplier_right
    assert abs(total) + 2**28 < 2**31
    exact = floor(Fraction(total, 2**shift) + Fraction(1, 2))
    got = add(np.array([left], np.int32), np.array([right], np.int32), layer, 32767)
    assert int(got[0]) == max(-32767, min(32767, exact))


@few
@given(st.integers(1, 65534), st.sampled_from([63, 127, 20_000, 32767]), st.integers(0, 999))
@example(24, 32767, 0)
@example(7, 32767, 0)
@example(1, 127, 0)
@example(62, 32767, 0)
@example(32768, 32767, 0)
@example(65534, 32767, 0)
def test_a_mean_is_less_than_two_steps_off_and_never_overflows(steps, limit, seed):
    multiplier, preshift, shift = scale_mean(steps, limit)
    assert 1 <= multiplier <= 32767
    assert 0 <= preshift <= 16
    largest = steps * limit + (2**preshift >> 1)
    assert largest < 2**31
    assert (largest >> preshift) * multiplier + (2**shift >> 1) < 2**31
    signal = np.random.default_rng(seed).integers(-limit, limit + 1, (3, steps, 2), dtype=np.int32)
    signal[0], signal[1, :, 0] = [limit, -limit], np.abs(signal[1, :, 0])
    layer = GlobalPool("a", "", 0, 1, multiplier, preshift, shift, steps * limit)
    pooled = global_pool(signal, layer, limit)
    assert (pooled.shape, pooled.dtype) == ((3, 1, 4), np.int32)
    assert np.abs(pooled).max() <= limit
    np.testing.assert_array_equal(pooled[:, 0, 2:], signal.max(axis=1))
    for mean, total in zip(pooled[:, 0, :2].flat, signal.sum(axis=1).flat, strict=True):
        assert abs(int(mean) - Fraction(int(total), steps)) < 2


@few
@given(st.integers(0, 15), st.sampled_from([127, 32767]), st.integers(0, 999))
def test_a_mean_of_a_power_of_two_is_the_rounded_shift(power, limit, seed):
    steps = 2**power
    assert scale_mean(steps, limit) == (1, 0, power)
    signal = np.random.default_rng(seed).integers(-limit, limit + 1, (9, steps, 1), dtype=np.int32)
    layer = GlobalPool("a", "", 0, 1, 1, 0, power, steps * limit)
    for mean, total in zip(
        global_pool(signal, layer, limit)[:, 0, 0], signal.sum(axis=1)[:, 0], strict=True
    ):
        assert mean == floor(Fraction(int(total), steps) + Fraction(1, 2))


def test_a_mean_is_limited():
    layer = GlobalPool("a", "", 0, 1, *scale_mean(62, 32767), 62 * 32767)
    signal = np.full((1, 62, 1), 32767, dtype=np.int32)
    assert global_pool(signal, layer, 32767).ravel().tolist() == [32767, 32767]
    assert global_pool(signal, layer, 40_000).ravel().tolist() == [32768, 32767]


@pytest.mark.parametrize("spare", [0, 3, 7])
def test_exponential_is_monotone_and_close_everywhere(spare):
    difference = np.arange(90_000, dtype=np.int32)
    values = exp_weights(difference, spare).astype(np.int64)
    assert values[0] == Q30_ONE >> spare
    assert (np.diff(values) <= 0).all()
    assert (values[EXP_CUTOFF:] == 0).all()
    exact = (Q30_ONE >> spare) * np.exp(-difference / 4096)
    assert (np.abs(values - exact) <= 1 + 3e-4 * exact).all()


@few
@given(st.integers(1, 256))
def test_sum_of_weights_fits_32_bits(n_classes):
    assert n_classes << (30 - spare_bits(n_classes)) <= 2**31


@few
@given(
    st.lists(st.integers(-32767, 32767), min_size=1, max_size=9),
    st.integers(0, 12),
)
def test_softmax_adds_up_and_keeps_the_order(logits, fraction_bits):
    row = np.array([logits], dtype=np.int32)
    probabilities = softmax_q30(row, fraction_bits)[0]
    assert probabilities.sum() == Q30_ONE
    assert probabilities.min() >= 0
    assert probabilities.argmax() == row[0].argmax()
    larger = row[0][:, None] > row[0][None, :]
    assert (probabilities[:, None] >= probabilities[None, :])[larger].all()
    real = row[0] / 2.0**fraction_bits
    exact = np.exp(real - real.max())
    assert np.abs(probabilities / Q30_ONE - exact / exact.sum()).max() < 3e-4


def test_max_pool_takes_each_group():
    signal = np.arange(12, dtype=np.int32).reshape(1, 6, 2)
    assert max_pool(signal, 3).tolist() == [[[4, 5], [10, 11]]]
    assert max_pool(signal, 1) is signal


@pytest.mark.parametrize("distrust", [None, (0.125, 0.75)])
@pytest.mark.parametrize("rule", ["anomaly", "confidence"])
def test_decision_is_the_float_rule_on_exact_numbers(rule, distrust):
    rng = np.random.default_rng(0)
    heads = []
    for classes in (3, 2):
        parts = rng.multinomial(64, np.ones(classes) / classes, size=500)
        heads.append((parts * (Q30_ONE // 64)).astype(np.int32))
    decision = IntegerDecision(
        rule,
        Q30_ONE // 16,
        (Q30_ONE // 2, Q30_ONE // 4),
        Q30_ONE // 8,
        (0, 1),
        (1, 0),
        None if distrust is None else tuple(int(share * Q30_ONE) for share in distrust),
    )
    if rule == "anomaly":
        expected = fuse_anomalies(
            1 - heads[0][:, 1] / Q30_ONE,
            1 - heads[1][:, 0] / Q30_ONE,
            thresholds=(0.5, 0.25),
            abstention=0.125,
            delta=0.0625,
            distrust=distrust,
        )
    else:
        confidences = (head.max(axis=1) / Q30_ONE for head in heads)
        expected = fuse_confidences(*confidences, delta=0.0625)
    assert (decide(heads, decision) == expected).all()
    assert len(np.unique(expected)) > 1


def test_head_that_is_not_there_counts_as_normal():
    decision = IntegerDecision("anomaly", 0, (100, 100), 0, (None, 0), (0, 0))
    probabilities = [np.array([[Q30_ONE, 0], [0, Q30_ONE]], np.int32)]
    assert decide(probabilities, decision).tolist() == [0, 2]
