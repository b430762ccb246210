import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.preprocessing import SlidingWindow, flatten_windows


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 20), st.integers(1, 10), st.integers(1, 3))
def test_a_window_ends_at_its_row_and_begins_with_copies_of_the_first(n, length, n_features):
    X = np.random.default_rng(0).random((n, n_features)).astype(np.float32)
    windows = SlidingWindow(length).fit_transform(X)
    assert windows.shape == (n, length, n_features)
    for i in range(n):
        for j in range(length):
            np.testing.assert_array_equal(windows[i, j], X[max(i - (length - 1) + j, 0)])


def test_the_future_is_not_seen():
    X = np.random.default_rng(0).random((20, 2))
    changed = X.copy()
    changed[10:] = 9
    before, after = (SlidingWindow(5).fit_transform(one)[:10] for one in (X, changed))
    np.testing.assert_array_equal(before, after)


def test_windows_cost_no_memory_and_cannot_be_written():
    X = np.zeros((1000, 3), dtype=np.float32)
    windows = SlidingWindow(100).fit_transform(X)
    first, last = np.lib.array_utils.byte_bounds(windows)
    assert last - first < 2 * X.nbytes
    assert not windows.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0] = 1


def test_columns_are_checked():
    window = SlidingWindow().fit(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    with pytest.raises(ValueError, match="feature names should match"):
        window.transform(pd.DataFrame({"b": [1.0], "a": [2.0]}))
    with pytest.raises(ValueError, match="NaN"):
        window.transform(pd.DataFrame({"a": [np.nan], "b": [2.0]}))


@pytest.mark.parametrize("length", [0, -1, 1.5])
def test_a_window_has_a_row_at_least(length):
    with pytest.raises(ValueError, match="length"):
        SlidingWindow(length).fit([[1.0]])


def test_flat_windows_lie_row_after_row():
    X = np.arange(4.0)[:, None] * [1, 10]
    windows = SlidingWindow(2).fit_transform(X)
    np.testing.assert_array_equal(
        flatten_windows(windows),
        [[0, 0, 0, 0], [0, 0, 1, 10], [1, 10, 2, 20], [2, 20, 3, 30]],
    )
    np.testing.assert_array_equal(flatten_windows(X), X)
