import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._curve import IDENTITY, Curve


@st.composite
def curves(draw):
    count = draw(st.integers(1, 6))
    if count == 2 and draw(st.booleans()):
        return Curve(*_increasing(draw, 2), unlimited=True)
    return Curve(*_increasing(draw, count))


def _increasing(draw, count):
    gaps = st.lists(st.floats(0.01, 2), min_size=count, max_size=count)
    return np.cumsum(draw(gaps)) - 2, np.cumsum(draw(gaps)) - 2


@settings(max_examples=200, deadline=None, derandomize=True)
@given(curves(), curves())
def test_one_curve_after_the_other(first, second):
    both = first.then(second)
    values = np.linspace(-8, 12, 501)
    np.testing.assert_allclose(both(values), second(first(values)), atol=1e-9)
    assert both.unlimited == (first.unlimited and second.unlimited)
    assert (np.diff(both.knots) >= 0).all()
    assert (np.diff(both.levels) >= 0).all()
    assert len(both.knots) <= len(first.knots) + len(second.knots)


def test_level_ends_are_dropped():
    wide = Curve(np.array([0.0, 100.0]), np.array([0.0, 10.0]))
    narrow = Curve(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert wide.then(narrow).knots.tolist() == pytest.approx([20, 30])
    beyond = Curve(np.array([20.0, 30.0]), np.array([0.0, 1.0]))
    assert wide.then(beyond).levels.tolist() == [0]


def test_identity_changes_nothing_and_missing_stays_missing():
    curve = Curve(np.array([1.0, 2.0, 5.0]), np.array([0.0, 0.5, 1.0]))
    for same in (IDENTITY.then(curve), curve.then(IDENTITY)):
        assert same.knots.tolist() == curve.knots.tolist()
        assert same.levels.tolist() == curve.levels.tolist()
    for one in (curve, IDENTITY, Curve(np.array([1.0]), np.array([0.0]))):
        assert np.isnan(one(np.nan))
    assert IDENTITY(-np.inf) == -np.inf
