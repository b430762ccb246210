import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier
from skdualcnn.preprocessing import SeriesScaler, SeriesStatistics

readings = st.floats(-1e6, 1e6, width=32) | st.just(np.nan)
thorough = settings(derandomize=True, deadline=None, max_examples=100)
some_series = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 7), st.integers(1, 3)),
    elements=readings,
)


@thorough
@given(some_series)
def test_readings_stand_until_the_next_one(X):
    values, gaps, ages = np.split(SeriesScaler().fit_transform(X), 3, axis=2)
    for series, channel in np.ndindex(len(X), X.shape[2]):
        last = None
        for step in range(X.shape[1]):
            here = series, step, channel
            if not np.isnan(X[here]):
                last = step
            assert gaps[here] == (last != step)
            if last is None:
                assert ages[here] == 1
            else:
                assert ages[here] == pytest.approx((step - last) / (step - last + 6), abs=1e-6)
                assert values[here] == values[series, last, channel]


@thorough
@given(some_series)
def test_values_are_finite_and_keep_their_order(X):
    values = np.split(SeriesScaler().fit_transform(X), 3, axis=2)[0]
    assert np.isfinite(values).all()
    for channel in range(X.shape[2]):
        read = ~np.isnan(X[:, :, channel])
        order = np.argsort(X[:, :, channel][read], kind="stable")
        assert (np.diff(values[:, :, channel][read][order]) >= 0).all()


def test_a_channel_that_is_never_read_in_a_series_is_the_median():
    X = np.array([[[1.0], [2.0]], [[3.0], [3.0]], [[np.nan], [np.nan]]])
    scaler = SeriesScaler().fit(X[:2])
    known = scaler.transform(np.array([[[2.5], [2.5]]]))
    np.testing.assert_array_equal(scaler.transform(X)[2, :, 0], known[0, :, 0])


def test_values_have_a_mean_of_0_and_a_standard_deviation_of_1():
    X = np.random.default_rng(0).gamma(2.0, 50.0, (200, 6, 3))
    values = SeriesScaler().fit_transform(X)[:, :, :3].reshape(-1, 3)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-5)


def test_other_channels_or_steps_are_refused():
    scaler = SeriesScaler().fit(np.random.default_rng(0).random((20, 4, 3)))
    with pytest.raises(ValueError, match=r"2 channel\(s\), expected 3 as in fit"):
        scaler.transform(np.zeros((1, 4, 2)))
    with pytest.raises(ValueError, match="5 features, but SeriesScaler is expecting 4"):
        scaler.transform(np.zeros((1, 5, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 2, 2, 2\), expected \(n, n_steps"):
        SeriesScaler().fit(np.zeros((2, 2, 2, 2)))
    with pytest.raises(ValueError, match="infinity"):
        SeriesScaler().fit(np.array([[[np.inf]], [[1.0]]]))


def test_two_dimensions_are_one_channel():
    X = np.array([[1.0, np.nan, 3.0], [2.0, 5.0, np.nan]])
    np.testing.assert_array_equal(
        SeriesScaler().fit_transform(X), SeriesScaler().fit_transform(X[:, :, None])
    )


@thorough
@given(some_series)
def test_statistics_are_those_of_what_was_read(X):
    series = SeriesScaler().fit_transform(X)
    found = SeriesStatistics().fit_transform(series)
    assert found.dtype == np.float32
    values, gaps, _ = np.split(series, 3, axis=2)
    for one, channel in np.ndindex(len(X), X.shape[2]):
        read = values[one, :, channel][gaps[one, :, channel] == 0]
        used = read if len(read) else values[one, :1, channel]
        expected = [used.mean(), used.std(), used.min(), used.max(), used[0], used[-1], len(read)]
        here = found[one].reshape(7, -1)[:, channel]
        np.testing.assert_allclose(here, expected, rtol=1e-4, atol=1e-5)


def test_statistics_of_series_laid_flat_are_the_same():
    series = SeriesScaler().fit_transform(np.random.default_rng(0).random((5, 6, 2)))
    flat = SeriesStatistics(n_steps=6).fit_transform(series.reshape(5, -1))
    np.testing.assert_array_equal(flat, SeriesStatistics().fit_transform(series))


@pytest.mark.parametrize(
    ("n_steps", "shape"), [(None, (4, 18)), (5, (4, 18)), (3, (4, 2, 6)), (None, (4, 2, 5))]
)
def test_statistics_of_what_is_no_series_are_refused(n_steps, shape):
    with pytest.raises(ValueError, match=r"expected \(n, n_steps, 3 \* n_channels\)"):
        SeriesStatistics(n_steps).fit(np.zeros(shape))


def test_statistics_of_other_channels_are_refused():
    statistics = SeriesStatistics().fit(np.zeros((2, 5, 3)))
    with pytest.raises(ValueError, match=r"6 channel\(s\), expected 3 as in fit"):
        statistics.transform(np.zeros((2, 5, 6)))


def test_a_network_reads_series_and_learns_from_a_teacher_that_reads_their_statistics():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12, 3))
    y = np.where(X[:, :, 1].max(axis=1) > 1.6, "worse", "better")
    X[rng.random(X.shape) < 0.2] = np.nan
    teacher = make_pipeline(SeriesStatistics(12), LogisticRegression(max_iter=1000))
    network = DualPathCNNClassifier(
        conv_channels=(16, 16),
        global_pooling=True,
        dense_units=16,
        teacher=teacher,
        recombined_rows=2,
        max_epochs=30,
        lr=3e-3,
        random_state=0,
    )
    model = make_pipeline(SeriesScaler(), network).fit(X[:200], y[:200])
    again = clone(model).fit(X[:200], y[:200])
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert model.score(X[200:], y[200:]) > 0.7
