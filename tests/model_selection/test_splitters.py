"""No group on both sides, no training row beside a test row, every row tested once."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from skdualcnn.model_selection import PurgedGroupKFold, PurgedGroupTimeSeriesSplit


@st.composite
def series(draw):
    """Groups of one to nine rows, now and then overlapping, and irregular times."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=6, max_size=20))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    for at in draw(st.lists(st.integers(0, len(groups) - 2), max_size=4)):
        groups[[at, at + 1]] = groups[[at + 1, at]]
    minutes = draw(st.lists(st.integers(0, 3), min_size=len(groups), max_size=len(groups)))
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(minutes), unit="min")
    return pd.DataFrame({"value": 0.0}, index=pd.DatetimeIndex(times)), groups


def folds_of(splitter, X, groups):
    try:
        return list(splitter.split(X, groups=groups))
    except ValueError as error:
        assume("no row to train on" not in str(error))
        raise


def check_sides(folds, groups, window, purge):
    for train, test in folds:
        assert train.dtype == test.dtype == np.intp
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        assert not set(groups[train]) & set(groups[test])
        assert np.abs(train[:, None] - test).min() > window - 1 + purge


parameters = {"window": st.integers(1, 4), "purge": st.integers(0, 4)}


@given(one=series(), **parameters)
def test_time_series_split(one, window, purge):
    X, groups = one
    splitter = PurgedGroupTimeSeriesSplit(3, purge=purge, window=window)
    folds = folds_of(splitter, X, groups)
    assert len(folds) == splitter.get_n_splits() == 3
    check_sides(folds, groups, window, purge)
    assert all(train.max() < test.min() for train, test in folds)
    tested = np.concatenate([test for _, test in folds])
    assert len(np.unique(tested)) == len(tested)
    # What is not tested is the first block.
    untested = np.setdiff1d(np.arange(len(groups)), tested)
    assert untested[0] == 0
    assert not set(groups[untested]) & set(groups[tested])


@given(one=series(), **parameters, embargo=st.integers(0, 4))
def test_k_fold(one, window, purge, embargo):
    X, groups = one
    folds = folds_of(PurgedGroupKFold(3, purge=purge, embargo=embargo, window=window), X, groups)
    check_sides(folds, groups, window, purge)
    np.testing.assert_array_equal(
        np.sort(np.concatenate([test for _, test in folds])), np.arange(len(groups))
    )
    reach = window - 1 + purge
    for train, test in folds:
        distance = train[:, None] - test
        assert not ((distance > 0) & (distance <= reach + embargo)).any()
        # Nothing else is left out.
        others = np.setdiff1d(np.arange(len(groups)), test)
        beside = others[:, None] - test
        near = ((beside >= -reach) & (beside <= reach + embargo)).any(axis=1)
        np.testing.assert_array_equal(train, others[~near])


@given(one=series(), purge=st.integers(0, 5), embargo=st.integers(0, 5))
def test_gaps_in_time(one, purge, embargo):
    X, groups = one
    minutes = X.index.to_numpy().astype("datetime64[m]").astype(int)
    gap = f"{purge}min"
    for train, test in folds_of(PurgedGroupTimeSeriesSplit(3, purge=gap), X, groups):
        assert minutes[test].min() - minutes[train].max() > purge
    splitter = PurgedGroupKFold(3, purge=gap, embargo=timedelta(minutes=embargo))
    for train, test in folds_of(splitter, X, groups):
        ahead = minutes[train][:, None] - minutes[test]
        assert not ((ahead >= -purge) & (ahead <= purge + embargo)).any()
        others = np.setdiff1d(np.arange(len(groups)), test)
        ahead = minutes[others][:, None] - minutes[test]
        near = ((ahead >= -purge) & (ahead <= purge + embargo)).any(axis=1)
        np.testing.assert_array_equal(train, others[~near])


def test_without_groups_it_is_the_split_of_scikit_learn():
    X = np.zeros((24, 2))
    for ours, theirs in zip(
        PurgedGroupTimeSeriesSplit(5, purge=2).split(X),
        TimeSeriesSplit(5, gap=2).split(X),
        strict=True,
    ):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_blocks_are_as_even_as_groups_allow():
    groups = np.repeat(np.arange(6), [1, 1, 40, 20, 19, 39])
    sizes = [len(test) for _, test in PurgedGroupKFold(3).split(groups, groups=groups)]
    assert sizes == [42, 39, 39]


@pytest.mark.parametrize("splitter", [PurgedGroupTimeSeriesSplit(3), PurgedGroupKFold(3)])
def test_scikit_learn_takes_it(splitter):
    rng = np.random.default_rng(0)
    X, y, groups = rng.normal(size=(80, 2)), np.arange(80) % 2, np.arange(80) // 4
    scores = cross_val_score(LogisticRegression(), X, y, groups=groups, cv=splitter)
    assert len(scores) == 3
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=splitter)
    assert clone(search).fit(X, y, groups=groups).n_splits_ == 3
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_val_score(LogisticRegression(), X, y, params={"groups": groups}, cv=splitter)
    np.testing.assert_array_equal(scores, routed)


def test_repr():
    assert (
        repr(PurgedGroupTimeSeriesSplit(4, purge="5min"))
        == "PurgedGroupTimeSeriesSplit(n_splits=4, purge='5min', window=1)"
    )
    assert repr(PurgedGroupKFold()) == "PurgedGroupKFold(embargo=0, n_splits=5, purge=0, window=1)"


@pytest.mark.parametrize("kind", [PurgedGroupTimeSeriesSplit, PurgedGroupKFold])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_splits": 1}, "'n_splits' parameter"),
        ({"window": 0}, "'window' parameter"),
        ({"purge": -1}, "a gap is -1, expected a number of rows"),
        ({"purge": 0.5}, r"a gap is 0\.5, expected a number of rows"),
        ({"purge": True}, "a gap is True, expected a number of rows"),
        ({"purge": "soon"}, "a gap is 'soon', expected a number of rows"),
        ({"purge": "-1min"}, "a gap is '-1min', expected a number of rows"),
        ({"purge": "1min"}, "expected X to be a DataFrame with a DatetimeIndex"),
        ({"purge": 50}, "no row to train on"),
        ({"n_splits": 30}, r"20 group\(s\), expected at least 3"),
    ],
)
def test_wrong_parameters(kind, parameters, message):
    with pytest.raises(ValueError, match=message):
        list(kind(**parameters).split(np.zeros(40), groups=np.arange(40) // 2))


@pytest.mark.parametrize("kind", [PurgedGroupTimeSeriesSplit, PurgedGroupKFold])
def test_wrong_data(kind):
    times = pd.DatetimeIndex(["2024-01-02", "2024-01-01"]).repeat(5)
    with pytest.raises(ValueError, match="goes back in time"):
        list(kind(2, purge="1h").split(pd.DataFrame(index=times)))
    with pytest.raises(ValueError, match="inconsistent numbers"):
        list(kind(2).split(np.zeros(10), groups=np.zeros(9)))
    with pytest.raises(ValueError, match="groups has missing values"):
        list(kind(2).split(np.zeros(3), groups=["a", None, "b"]))
    with pytest.raises(ValueError, match=r"should be a 1d array, got .* shape \(3, 2\)"):
        list(kind(2).split(np.zeros(3), groups=np.zeros((3, 2))))


@pytest.mark.parametrize("kind", [PurgedGroupTimeSeriesSplit, PurgedGroupKFold])
def test_groups_in_a_column_are_those_in_a_row(kind):
    groups = np.repeat(list("abcdef"), 5)
    (first, *_), (again, *_) = (
        list(kind(2).split(np.zeros(30), groups=one)) for one in (groups, groups[:, None])
    )
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_groups_that_overlap_the_whole_series_leave_hardly_anything_to_train_on():
    (train, _), _ = PurgedGroupTimeSeriesSplit(2).split(np.zeros(30), groups=np.arange(30) % 3)
    assert train.tolist() == [0]
    with pytest.raises(ValueError, match="no row to train on"):
        list(PurgedGroupTimeSeriesSplit(2, purge=1).split(np.zeros(30), groups=np.arange(30) % 3))
