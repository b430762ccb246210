import numpy as np
import pytest

from firmware_export._rows import spread_rows, stack_windows
from skdualcnn.preprocessing import SlidingWindow


@pytest.mark.parametrize("length", [1, 2, 5, 40])
def test_windows_are_those_of_the_preprocessing(length):
    rows = np.random.default_rng(0).normal(size=(17, 3)).astype(np.float32)
    wanted = SlidingWindow(length).fit_transform(rows)
    np.testing.assert_array_equal(stack_windows(rows, length), wanted)


def test_no_rows_give_no_windows():
    assert stack_windows(np.zeros((0, 3)), 4).shape == (0, 4, 3)


def test_spread_rows():
    assert spread_rows(np.arange(11), 3).tolist() == [0, 5, 10]
    assert spread_rows(np.arange(2), 3).tolist() == [0, 1]
