import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skdualcnn.preprocessing import OutlierClipper

values = st.floats(-1e6, 1e6, width=32) | st.just(np.nan)
columns = arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=values)


def test_fences_lie_a_margin_outside_the_quantiles():
    X = np.linspace(0, 100, 101)[:, None]
    clipper = OutlierClipper(quantile=0.1, margin=0.5).fit(X)
    assert clipper.lower_ == pytest.approx([10 - 0.5 * 80])
    assert clipper.upper_ == pytest.approx([90 + 0.5 * 80])
    np.testing.assert_allclose(
        clipper.transform([[-1e9], [-30], [50], [131]]).ravel(), [-30, -30, 50, 130]
    )


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e3, 1e3)),
    st.floats(0, 0.5, exclude_max=True),
)
def test_the_quantiles_are_those_of_numpy(column, quantile):
    clipper = OutlierClipper(quantile=quantile, margin=1.0).fit(column[:, None])
    low, high = np.quantile(column, [quantile, 1 - quantile])
    if np.isfinite(clipper.lower_[0]):
        np.testing.assert_allclose(clipper.lower_[0], low - (high - low), atol=1e-9)
        np.testing.assert_allclose(clipper.upper_[0], high + (high - low), atol=1e-9)
    else:
        assert high - low < 1e-9


def test_a_spike_in_training_does_not_move_the_fences_far():
    X = np.append(np.linspace(60, 100, 500), 1e9)[:, None]
    assert OutlierClipper().fit(X).upper_[0] < 150


def test_a_rare_flag_and_an_empty_column_are_left_alone():
    X = np.column_stack([np.r_[np.zeros(999), 1.0], np.full(1000, np.nan)])
    clipper = OutlierClipper().fit(X)
    np.testing.assert_array_equal(clipper.transform(X), X)
    np.testing.assert_array_equal(clipper.lower_, [-np.inf, -np.inf])
    np.testing.assert_array_equal(clipper.transform([[5.0, 7.0]]), [[5.0, 7.0]])


@settings(derandomize=True, deadline=None)
@given(columns, st.floats(0, 0.49), st.floats(0, 3))
def test_everything_ends_within_the_fences_and_nothing_within_them_moves(X, quantile, margin):
    clipper = OutlierClipper(quantile=quantile, margin=margin).fit(X)
    out = clipper.transform(X)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(X))
    known = ~np.isnan(X)
    within = (clipper.lower_ <= X) & (clipper.upper_ >= X)
    np.testing.assert_array_equal(out[within], X[within])
    assert (out >= clipper.lower_)[known].all()
    assert (out <= clipper.upper_)[known].all()
    np.testing.assert_array_equal(clipper.transform(out), out)


def test_names_and_frames_pass_through():
    X = pd.DataFrame({"heart_rate": [60.0, 70.0, 80.0], "spo2": [97.0, np.nan, 98.0]})
    clipper = OutlierClipper().set_output(transform="pandas").fit(X)
    out = clipper.transform(X)
    assert list(out.columns) == list(clipper.get_feature_names_out()) == ["heart_rate", "spo2"]
    pd.testing.assert_frame_equal(out, X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"quantile": 0.5}, "quantile"), ({"quantile": -0.1}, "quantile"), ({"margin": -1}, "margin")],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        OutlierClipper(**parameters).fit([[1.0], [2.0]])
