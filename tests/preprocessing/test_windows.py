import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.network._answer import CHUNK
from skdualcnn.preprocessing import GatheredWindows, SlidingWindow, flatten_windows

patients = st.lists(st.sampled_from("abc"), min_size=1, max_size=20)


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


def naive(X, groups, length, stride):
    """Windows by the definition in the docstring, row by row."""
    windows = np.full((len(X), length, X.shape[1]), np.nan, dtype=np.float32)
    missing = np.ones(windows.shape, dtype=np.float32)
    for i, group in enumerate(groups):
        mine = [row for row in range(i + 1) if groups[row] == group]
        for j in range(length):
            place = len(mine) - 1 - (length - 1 - j) * stride
            windows[i, j] = X[mine[max(place, 0)]]
            missing[i, j] = np.isnan(windows[i, j]) if place >= 0 else 1
    return windows, missing


@settings(derandomize=True, deadline=None)
@given(patients, st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_windows_of_groups_are_those_of_the_definition(groups, length, stride, with_holes):
    rng = np.random.default_rng(0)
    X = rng.random((len(groups), 2)).astype(np.float32)
    if with_holes:
        X[rng.random(X.shape) < 0.3] = np.nan
    expected, missing = naive(X, groups, length, stride)
    frame = pd.DataFrame({"a": X[:, 0], "patient": groups, "b": X[:, 1]})
    marked = SlidingWindow(length, stride, by="patient", add_indicator=True).fit_transform(frame)
    np.testing.assert_array_equal(marked[:][..., 2:], missing)
    np.testing.assert_array_equal(marked[:][..., :2], np.where(missing, 0, expected))
    if not with_holes:
        windows = SlidingWindow(length, stride, by="patient").fit_transform(frame)
        np.testing.assert_array_equal(np.asarray(windows), expected)
        alone = [group == groups[0] for group in groups]
        plain = SlidingWindow(length, stride).fit_transform(X[alone])
        np.testing.assert_array_equal(plain, expected[alone])


@settings(derandomize=True, deadline=None)
@given(patients, st.integers(2, 5), st.integers(1, 4), st.booleans())
def test_changes_are_told_within_the_window(groups, length, stride, together):
    X = np.random.default_rng(0).random((len(groups), 2)).astype(np.float32)
    groups = ["a"] * len(groups) if together else groups
    expected, _ = naive(X, groups, length, stride)
    expected[:, :, 1] = np.diff(expected[:, :, 1], axis=1, prepend=expected[:, :1, 1])
    if together:
        windows = SlidingWindow(length, stride, changes=[-1]).fit_transform(X)
    else:
        frame = pd.DataFrame({"a": X[:, 0], "patient": groups, "b": X[:, 1]})
        window = SlidingWindow(length, stride, by="patient", changes=["b", 2])
        windows = window.fit_transform(frame)
        assert window.changed_channels_ == (1,)
    np.testing.assert_array_equal(np.asarray(windows), expected)
    np.testing.assert_array_equal(windows[-1], expected[-1])


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (SlidingWindow(changes=["pulse"]), "changes='pulse' is not a column of X"),
        (SlidingWindow(changes=[2]), "changes=2 is no position among the 2 columns"),
        (SlidingWindow(changes=[0.5]), r"changes=0\.5 is neither a name"),
        (SlidingWindow(by=True), "by=True is neither a name"),
        (SlidingWindow(by="who", changes=["who"]), "which is not in the windows"),
        (SlidingWindow(length=1, changes=[1]), "length=1, expected no indicator and at least 2"),
        (SlidingWindow(add_indicator=True, changes=[1]), "between missing values|no indicator"),
    ],
)
def test_columns_of_changes_are_checked(window, message):
    with pytest.raises(ValueError, match=message):
        window.fit(pd.DataFrame({"who": [0.0, 0.0], "spo2": [97.0, 96.0]}))


@pytest.mark.parametrize(
    "changes", [np.array([0, 1]), np.array(["who", "spo2"]), np.array([], int)]
)
def test_columns_of_changes_may_be_an_array(changes):
    X = pd.DataFrame({"who": [0.0, 0.0], "spo2": [97.0, 96.0]})
    window = SlidingWindow(length=2, changes=changes).fit(X)
    assert (
        window.changed_channels_ == SlidingWindow(2, changes=list(changes)).fit(X).changed_channels_
    )


@settings(derandomize=True, deadline=None)
@given(patients, st.integers(1, 5), st.integers(1, 3), st.data())
def test_neither_the_future_nor_other_groups_are_seen(groups, length, stride, data):
    X = np.random.default_rng(0).random((len(groups), 2))
    row = data.draw(st.integers(0, len(groups) - 1))
    changed = X.copy()
    changed[row] = 9
    codes = np.array([ord(group) for group in groups], dtype=float)
    window = SlidingWindow(length, stride, by=0)
    before, after = (
        np.asarray(window.fit_transform(np.column_stack([codes, one]))) for one in (X, changed)
    )
    untouched = (np.arange(len(groups)) < row) | (codes != codes[row])
    np.testing.assert_array_equal(before[untouched], after[untouched])
    assert (before[row] != after[row]).any()


def test_where_its_columns_stand_is_known_once_it_is_fitted():
    X = pd.DataFrame({"bed": [1, 1], "spo2": [97.0, 98.0]})
    window = SlidingWindow(2, by="bed", changes=["spo2"])
    for attribute in ("by_position_", "changed_channels_"):
        with pytest.raises(NotFittedError):
            getattr(window, attribute)
    window.fit(X)
    assert (window.by_position_, window.changed_channels_) == (0, (0,))
    assert SlidingWindow().fit(X).by_position_ is None


def test_gathered_windows_are_indexed_like_an_array():
    X = np.column_stack([[0, 0, 1, 1, 0], np.arange(5.0), -np.arange(5.0)])
    windows = SlidingWindow(3, by=0).fit_transform(X)
    whole = np.asarray(windows)
    assert isinstance(windows, GatheredWindows)
    assert (windows.shape, windows.ndim, len(windows)) == (whole.shape, 3, 5)
    assert windows.dtype == whole.dtype == np.float32
    first_axis = (2, slice(1, 4), [3, 0], whole[:, 0, 0] > 0, ...)
    for key in (*first_axis, (slice(None), -1), (1, 2, 0), (..., 0), (..., [0, 1], 1)):
        np.testing.assert_array_equal(windows[key], whole[key])
    np.testing.assert_array_equal(flatten_windows(windows), whole.reshape(5, -1))
    assert np.asarray(windows, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="only by a copy"):
        np.array(windows, copy=False)


@pytest.mark.parametrize(
    ("window", "X", "message"),
    [
        (SlidingWindow(by="ward"), pd.DataFrame({"a": [1.0]}), "'ward' is not a column of X"),
        (SlidingWindow(by="ward"), [[1.0, 2.0]], "the columns of X have no names of type str"),
        (SlidingWindow(by=2), [[1.0, 2.0]], "by=2 is no position among the 2 columns"),
        (SlidingWindow(by=0), [[1.0, 2.0], [np.nan, 2.0]], "1 row.* have no group, such as row 1"),
        (SlidingWindow(by=0), [[1.0, np.nan]], "NaN"),
        (SlidingWindow(by=0), [[1.0, 1e300]], "infinity"),
        (SlidingWindow(stride=0), [[1.0, 2.0]], "stride"),
    ],
)
def test_groups_are_checked(window, X, message):
    with pytest.raises(ValueError, match=message):
        window.fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(4), "Expected 2D array, got 1D array"),
        (None, "Expected 2D array, got scalar array"),
        (pd.Series([1.0, 2.0]), "Expected a 2-dimensional container"),
        (np.zeros((4, 2, 2)), "array with dim 3"),
        (csr_matrix(np.ones((4, 3))), "Sparse data was passed for X"),
        (np.ones((4, 2)) * 1j, "Complex data not supported"),
        (pd.DataFrame({"bed": [1, 1], "x": [1j, 2j]}), "position 1 has dtype complex128"),
        (
            pd.DataFrame({"bed": [1, 1], "x": pd.to_datetime(["2024-01-01", "2024-01-02"])}),
            r"position 1 has dtype datetime64.*, expected numbers\. Convert it",
        ),
        (np.ones((4, 2)).astype("m8[s]"), "position 1 has dtype timedelta64"),
    ],
    ids=["1-D", "None", "Series", "3-D", "sparse", "complex", "complex column", "times", "gaps"],
)
def test_rows_of_groups_are_numbers_in_two_dimensions(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SlidingWindow(by=0).fit(X)


def test_a_polars_frame_gives_the_same():
    polars = pytest.importorskip("polars")
    X = {"patient": ["a", "b", "a"], "spo2": [1.0, 2.0, 3.0]}
    ours, theirs = (
        np.asarray(SlidingWindow(2, by="patient").fit_transform(frame(X)))
        for frame in (pd.DataFrame, polars.DataFrame)
    )
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("parameters", [{"by": "patient"}, {"by": "patient", "stride": 2}])
def test_the_network_learns_the_same_from_gathered_windows_and_from_an_array(parameters):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((300, 4))).rename(columns=str)
    X.insert(0, "patient", rng.integers(3, size=300))
    y = np.column_stack([X["1"] > 0.5, X["3"] > 0.5])
    windows = SlidingWindow(6, **parameters).fit_transform(X)
    network = DualPathCNNClassifier(max_epochs=2, early_stopping=True, random_state=0)
    gathered = network.fit(windows, y).predict_proba(windows)
    array = np.asarray(windows)
    for ours, theirs in zip(gathered, network.fit(array, y).predict_proba(array), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_gathered_windows_are_cross_validated_like_an_array():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(120) % 2, rng.random((120, 3))])
    y, groups = (X[:, 1] > 0.5).astype(int), np.arange(120) // 20
    windows = SlidingWindow(3, by=0).fit_transform(X)
    network = DualPathCNNClassifier(max_epochs=1, early_stopping=True, random_state=0)
    scores = [
        cross_val_score(network, one, y, groups=groups, cv=GroupKFold(2), error_score="raise")
        for one in (windows, np.asarray(windows))
    ]
    np.testing.assert_array_equal(*scores)


def test_the_network_reads_marks_of_missing_steps():
    """A label that says whether a reading is missing is learned from the marks alone."""
    rng = np.random.default_rng(0)
    X = rng.random((400, 2))
    missing = rng.random(400) < 0.5
    X[missing, 0] = np.nan
    model = make_pipeline(
        SlidingWindow(4, add_indicator=True),
        DualPathCNNClassifier(lr=0.01, max_epochs=15, random_state=0),
    ).fit(X, missing)
    assert model.score(X, missing) > 0.9
    with pytest.raises(ValueError, match="NaN"):
        model.set_params(slidingwindow__add_indicator=False).fit(X, missing)


def test_a_pipeline_keeps_patients_apart():
    ward = make_ward(n_patients=3, hours=2, random_state=0)
    X = ward.data.assign(patient=ward.groups)
    model = make_pipeline(
        make_fusion_preprocessor(**ward.modalities, group="patient"),
        SlidingWindow(4, by=-1),
        DualPathCNNClassifier(max_epochs=1, random_state=0),
    ).fit(X, ward.target["cyber"])
    second = (ward.groups == 1).to_numpy()
    np.testing.assert_allclose(
        model.predict_proba(X)[second], model.predict_proba(X[second]), rtol=1e-6
    )


def test_long_windows_reach_the_network_without_being_copied_out():
    """All that fitting and predicting take beside the data is one and a half times the data."""
    n, n_features, length = 20_000, 30, 60
    X = np.random.default_rng(0).random((n, n_features + 1))
    X[:, 0] = np.arange(n) // 5000
    y = (X[:, 1] > 0.5).astype(int)
    network = DualPathCNNClassifier(
        conv_channels=(2,), dense_units=2, pool_size=8, max_epochs=1, batch_size=256, random_state=0
    )
    window = SlidingWindow(length, by=0).fit(X)
    few = window.transform(X[:300])
    network.fit(few, y[:300]).predict_proba(few)  # modules that are imported when first used
    del few
    tracemalloc.start()
    try:
        windows = window.transform(X)
        network.fit(windows, y).predict_proba(windows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    batch = CHUNK * length * n_features * 4
    assert peak < 1.5 * X.nbytes + batch < 0.15 * length * X.nbytes


def test_the_steps_before_may_give_frames_by_whose_names_columns_are_chosen():
    X = pd.DataFrame({"bed": [0, 0, 1], "spo2": [90.0, 95.0, 100.0], "pulse": [60.0, 80.0, 70.0]})
    pipeline = make_pipeline(
        make_fusion_preprocessor(patient=["pulse", "spo2"], group="bed"),
        SlidingWindow(2, by="group__bed", changes=["patient_numeric__spo2"]),
    )
    pipeline[0].set_output(transform="pandas")
    np.testing.assert_allclose(
        pipeline.fit_transform(X), [[[0, 0], [0, 0]], [[0, 0], [1, 0.5]], [[0.5, 0], [0.5, 0]]]
    )
    with pytest.raises(ValueError, match="Unable to configure output for SlidingWindow"):
        pipeline.set_output(transform="pandas")
