import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skdualcnn.preprocessing import QuantileScaler

numbers = st.floats(-1e9, 1e9, width=32) | st.sampled_from([0.0, 1.0])
training = arrays(np.float64, st.integers(1, 60), elements=numbers | st.just(np.nan))
asked = arrays(np.float64, st.integers(1, 60), elements=numbers)
thorough = settings(derandomize=True, deadline=None, max_examples=200)


@thorough
@given(training, asked, st.integers(2, 40))
def test_monotone_and_within_zero_and_one(X, new, n_quantiles):
    scaler = QuantileScaler(n_quantiles).fit(X[:, None])
    out = scaler.transform(np.sort(new)[:, None]).ravel()
    assert ((out >= 0) & (out <= 1)).all()
    assert (np.diff(out) >= 0).all()


@thorough
@given(training, st.integers(2, 40))
def test_knots_and_levels_increase_from_end_to_end(X, n_quantiles):
    scaler = QuantileScaler(n_quantiles).fit(X[:, None])
    knots, levels = scaler.knots_[0], scaler.levels_[0]
    assert len(knots) == len(levels) <= n_quantiles
    assert (np.diff(knots) > 0).all()
    assert (np.diff(levels) > 0).all()
    if len(knots) > 1:
        assert (levels[0], levels[-1]) == (0, 1)
        assert (knots[0], knots[-1]) == (np.nanmin(X), np.nanmax(X))


@thorough
@given(training)
def test_missing_stays_missing(X):
    out = QuantileScaler().fit_transform(X[:, None]).ravel()
    np.testing.assert_array_equal(np.isnan(out), np.isnan(X))


def test_equal_shares_of_training_get_equal_shares():
    X = np.random.default_rng(0).lognormal(sigma=3, size=(5000, 1))
    out = QuantileScaler(n_quantiles=33).fit_transform(X).ravel()
    np.testing.assert_allclose(np.histogram(out, bins=4)[0] / 5000, 0.25, atol=0.01)
    assert (out.min(), out.max()) == (0, 1)


def test_ties_get_the_middle_of_their_share():
    X = np.r_[np.zeros(25), np.full(50, 5.0), np.full(26, 9.0)][:, None]
    scaler = QuantileScaler(n_quantiles=101).fit(X)
    np.testing.assert_array_equal(scaler.knots_[0], [0, 5, 9])
    assert scaler.transform([[5.0]])[0, 0] == pytest.approx(0.5, abs=0.01)


def test_a_number_too_large_for_single_precision_is_a_spike():
    X = np.array([[0.0], [1.0], [2.0], [1e39]])
    scaler = QuantileScaler(n_quantiles=4).fit(X)
    np.testing.assert_array_equal(scaler.knots_[0], [0, 1, 2, np.finfo(np.float32).max])
    np.testing.assert_array_equal(scaler.transform([[1e300], [-1e300]]).ravel(), [1, 0])
    with pytest.raises(ValueError, match="contains infinity"):
        scaler.transform([[np.inf]])


def test_a_constant_is_in_the_middle_and_an_empty_column_at_zero():
    X = np.column_stack([np.full(5, 3.0), np.full(5, np.nan)])
    scaler = QuantileScaler().fit(X)
    np.testing.assert_array_equal(scaler.transform([[3.0, 1.0], [9.0, -1.0]]), [[0.5, 0]] * 2)


def test_columns_do_not_mix_and_names_pass_through():
    X = pd.DataFrame({"bytes": [1.0, 10.0, 100.0], "rate": [3.0, 2.0, 1.0]})
    out = QuantileScaler(3).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_frame_equal(
        out, pd.DataFrame({"bytes": [0.0, 0.5, 1.0], "rate": [1.0, 0.5, 0.0]})
    )


@pytest.mark.parametrize("n_quantiles", [1, 0, 2.5])
def test_two_quantiles_at_least(n_quantiles):
    with pytest.raises(ValueError, match="n_quantiles"):
        QuantileScaler(n_quantiles).fit([[1.0], [2.0]])
