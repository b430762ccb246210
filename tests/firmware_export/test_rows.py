import numpy as np
import pytest

from firmware_export._rows import spread_rows, stack_windows
from skdualcnn.preprocessing import SlidingWindow


@pytest.mark.parametrize("length", [1, 2, 5, 40])
def test_windows_are_those_of_the_preprocessing(length):
    rows = np.random.default_rng(0).normal(size=(17, 3)).astype(np.float32)
    wanted = SlidingWindow(length).fit_transform(rows)
    np.testing.assert_array_equal(stack_windows(rows, length), wanted)


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (3, 2), (4, 9)])
def test_windows_with_gaps_between_their_rows(length, stride):
    rows = np.random.default_rng(0).normal(size=(17, 3)).astype(np.float32)
    wanted = SlidingWindow(length, stride).fit_transform(rows)
    np.testing.assert_array_equal(stack_windows(rows, length, stride), wanted)
    devices = np.arange(17) % 3
    grouped = SlidingWindow(length, stride, by=0).fit_transform(np.column_stack([devices, rows]))
    got = stack_windows(rows, length, stride, devices)
    np.testing.assert_array_equal(got[:], grouped)
    np.testing.assert_array_equal(spread_rows(got, 4), np.asarray(grouped)[[0, 5, 10, 16]])


def test_no_rows_give_no_windows():
    assert stack_windows(np.zeros((0, 3)), 4).shape == (0, 4, 3)


def test_spread_rows():
    assert spread_rows(np.arange(11), 3).tolist() == [0, 5, 10]
    assert spread_rows(np.arange(2), 3).tolist() == [0, 1]
