import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._integer import requantise
from firmware_export._quantize_scaling import fit_shift, scale_channels


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    gain=st.floats(1e-9, 2.0) | st.floats(-2.0, -1e-9),
    slope=st.sampled_from([0.0, 1.0]) | st.floats(1e-4, 1.0),
    offset=st.floats(-1e5, 1e5),
    limit=st.sampled_from([127, 2000, 32767]),
    seed=st.integers(0, 1000),
)
def test_outputs_are_within_a_step_or_two(gain, slope, offset, limit, seed):
    scaling = scale_channels(
        np.zeros(1, np.int32), np.array([gain]), slope, np.array([offset]), limit
    )
    magnitudes = 2.0 ** np.random.default_rng(seed).uniform(0, 31, size=200)
    accumulator = np.concatenate([magnitudes, -magnitudes]).astype(np.int32)[:, None]
    activated = np.where(accumulator < 0, slope, 1.0) * accumulator
    exact = np.clip(offset + gain * activated, -limit, limit)
    got = requantise(accumulator, scaling, limit)
    # Half a step is the rounding's; shifts drop an accumulator's step or, of a value that
    # needs 16 bits, what grows with the reach.
    assert np.abs(got - exact).max() <= 1.0 + abs(gain) + 5 * (limit + abs(offset)) / 32767


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.2, 0.5, 1.0])
def test_slope_keeps_its_leading_bits(slope):
    scaling = scale_channels(np.zeros(1, np.int32), np.ones(1), slope, np.zeros(1), 127)
    assert scaling.slope / 2.0 ** (15 + scaling.slope_shift) == pytest.approx(slope, rel=1e-4)


def test_offset_far_out_saturates():
    scaling = scale_channels(np.zeros(1, np.int32), np.ones(1), 0.0, np.array([1e30]), 127)
    accumulator = np.array([[-(2**31)], [0], [2**31 - 1]], dtype=np.int32)
    assert requantise(accumulator, scaling, 127).ravel().tolist() == [127, 127, 127]


def test_shift_is_the_largest_that_fits():
    assert fit_shift(1.0, 127, 20) == 6
    assert fit_shift(0.0, 127, 20) == 0
    assert fit_shift(1e-9, 127, 20) == 20
    assert fit_shift(1e9, 127, 20) == 0
