import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdualcnn.model_selection._leakage_folds import (
    Folds,
    draw,
    find_shared_groups,
    find_shared_rows,
    find_straddling_windows,
)


def fold(train, test):
    return Folds([(np.array(train), np.array(test))], "")


def test_shared_rows():
    assert find_shared_rows(fold([0, 1], [2, 3])) == []
    (finding,) = find_shared_rows(fold([0, 1, 2], [2, 3]))
    assert finding.evidence == {"test rows": 1, "share": 0.5}


def test_shared_groups():
    groups = np.array([0, 0, 1, 1, 2, 2])
    assert find_shared_groups(fold([0, 1], [2, 3, 4, 5]), groups) == []
    (finding,) = find_shared_groups(fold([0, 1, 2], [3, 4, 5]), groups)
    assert finding.evidence == {"groups": 1, "test rows": 1, "share": pytest.approx(1 / 3)}


@given(st.data())
def test_windows_have_rows_in_common_exactly_if_they_do(data):
    n = data.draw(st.integers(4, 30))
    window = data.draw(st.integers(2, 6))
    series = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    series = np.unique(series, return_inverse=True)[1]
    side = np.array(data.draw(st.lists(st.sampled_from("-tv"), min_size=n - 2, max_size=n - 2)))
    train, test = (
        np.r_[0, np.flatnonzero(side == "t") + 2],
        np.r_[1, np.flatnonzero(side == "v") + 2],
    )
    windows = []
    for row in range(n):
        own = [other for other in range(row + 1) if series[other] == series[row]]
        windows.append(set(own[-window:]))
    trained = set().union(*(windows[row] for row in train))
    expected = sum(any(windows[row] & windows[other] for other in train) for row in test)
    findings = find_straddling_windows(fold(train, test), series, window)
    assert sum(one.evidence["test rows"] for one in findings) == expected
    assert bool(findings) == any(windows[row] & trained for row in test)


def test_thinning_keeps_order_and_bounds():
    rows = np.arange(100)
    thinned = Folds([(rows, rows), (rows, rows)], "").thinned(10, np.random.RandomState(0))
    for train, test in thinned.folds:
        assert len(train) == 10
        assert len(test) == 5
        assert (np.diff(train) > 0).all()
    np.testing.assert_array_equal(draw(rows, 100, np.random.RandomState(0)), rows)
