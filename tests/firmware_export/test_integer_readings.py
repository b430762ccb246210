import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._curve import Curve
from firmware_export._graph import FrontEnd, NumericColumn
from firmware_export._integer_graph import Tensor
from firmware_export._integer_readings import (
    align,
    multiply_high,
    quantise_numeric,
    take_readings,
)
from firmware_export._quantize_columns import quantise_columns

few = settings(max_examples=150, deadline=None, derandomize=True)
EPSILON = 5 / 256
"""Steps that the integers may add to the half of rounding."""
GRID = 2.0**-23
"""Share of its magnitude by which a knot may lie elsewhere."""


@st.composite
def curves(draw):
    """Curves with knots of all magnitudes, some closer than 30 bits can tell."""
    magnitude = draw(st.sampled_from([1e-20, 1e-6, 1.0, 1e4, 1e9, 1e30]))
    first = draw(st.sampled_from([-1.0, -0.3, -1e-7, 0.0, 1e-7, 0.3, 1.0]))
    gaps = draw(st.lists(st.sampled_from([1e-12, 1e-8, 1e-3, 0.5, 30.0, 1e7]), max_size=40))
    rises = draw(st.lists(st.floats(0, 1), min_size=len(gaps), max_size=len(gaps)))
    knots = magnitude * (first + np.cumsum([0.0, *gaps]))  # may be equal: a jump
    lowest = draw(st.sampled_from([-1.0, 0.0]))
    levels = np.cumsum([0.0, *rises])
    return Curve(knots, lowest + levels / max(levels[-1], 1.0) * (1 - lowest))


def _quantise(curve, limit):
    front_end = FrontEnd(("x",), (0,), (NumericColumn("x", 0, 0, curve),), 1, 1)
    (quantised,), _ = quantise_columns(front_end, Tensor("input", 1, 1, 0, limit, 1 / limit))
    return quantised


def _inputs(readings, quantised):
    return quantise_numeric(take_readings(readings)[None], [quantised])[0]


def _values_around(curve, rng):
    """Return increasing values inside, beside, at and far from the knots."""
    low, high = curve.knots[0], curve.knots[-1]
    spread = rng.uniform(low - 1, high + 1, 200)
    small = rng.normal(size=50) * 2.0 ** rng.integers(-60, 60, 50) * np.abs(curve.knots).max()
    beside = [curve.knots * (1 + one) for one in (-1e-6, -1e-9, 0, 1e-9, 1e-6)]
    values = np.concatenate([spread, small, *beside, [-1e38, -1e-45, 0, 1e-45, 1e38]])
    return np.sort(np.clip(values, -1e38, 1e38))


@few
@given(curves(), st.sampled_from([127, 999, 32767]), st.integers(0, 2**32 - 1))
@pytest.mark.filterwarnings("ignore:Column 'x' ranges from")
def test_numeric_readings_follow_their_curve_and_never_decrease(curve, limit, seed):
    quantised = _quantise(curve, limit)
    exact = _values_around(curve, np.random.default_rng(seed))
    for readings in (exact, exact.astype(np.float32)):
        got = _inputs(readings, quantised)
        assert (np.diff(got) >= 0).all()
        assert np.abs(got).max() <= limit
        # Within half a step of the curve at a value that the grid of knots cannot tell apart.
        values = readings.astype(np.float64)
        near = np.abs(values) * GRID + 2.0**-80
        slack = 0.5 + EPSILON
        assert (got >= curve(values - near) * limit - slack).all()
        assert (got <= curve(values + near) * limit + slack).all()


@few
@given(curves(), st.sampled_from([127, 32767]))
@pytest.mark.filterwarnings("ignore:Column 'x' ranges from")
def test_every_constant_is_within_its_width(curve, limit):
    quantised = _quantise(curve, limit)
    assert (np.abs(quantised.starts.astype(np.int64)) <= 2**30 + 1).all()
    assert (quantised.upshifts < 32).all()
    assert (quantised.slopes < 2**25).all()
    assert (np.abs(quantised.bases) < 2**23).all()
    reached = np.ldexp(quantised.starts.astype(float), -quantised.fractions.astype(np.int32))
    assert (np.diff(reached) > 0).all()
    assert (np.diff(quantised.bases) >= 0).all()


def test_straight_line_is_rounded_to_the_nearest_input():
    quantised = _quantise(Curve(np.array([-2.0, 3.0]), np.array([-0.5, 1.0])), 100)
    assert len(quantised.starts) == 1
    values = np.linspace(-3, 4, 701, dtype=np.float32)
    got = _inputs(values, quantised)
    exact = np.clip((values.astype(np.float64) + 2) * 30 - 50, -50, 100)
    assert np.abs(got - exact).max() <= 0.5 + EPSILON
    assert set(got) == set(range(-50, 101))


def test_finer_than_single_precision():
    clock = Curve(np.array([1.7e9, 1.7e9 + 1000]), np.array([0.0, 1.0]))
    with pytest.warns(UserWarning, match="only to 1/8"):
        quantised = _quantise(clock, 127)
    values = 1.7e9 + np.arange(0, 1001, 2)
    got = _inputs(values, quantised)
    assert np.abs(got - (values - 1.7e9) / 1000 * 127).max() <= 0.5 + EPSILON
    assert len(set(_inputs(values.astype(np.float32), quantised))) < 10


def test_far_ends_do_not_coarsen_the_fine_part():
    knots = np.array([-1e-6, -5e-7, 1e-9, 2e-9, 1e9])
    curve = Curve(knots, np.array([0.0, 0.3, 0.5, 0.7, 1.0]))
    quantised = _quantise(curve, 32767)
    values = np.sort(np.concatenate([np.linspace(-1e-6, 3e-9, 999), np.geomspace(1e-9, 1e9, 999)]))
    got = _inputs(values, quantised)
    assert np.abs(got - curve(values) * 32767).max() <= 0.5 + EPSILON + 32767 * GRID * 2
    assert len(quantised.starts) < 20


@few
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**25 - 1))
def test_high_product_is_close_and_never_decreases(one, other, factor):
    low, high = min(one, other), max(one, other)
    first, second = multiply_high(np.uint32([low, high]), np.uint32([factor, factor])).tolist()
    assert first <= second
    assert 0 <= (high * factor >> 32) - second <= 2


def test_alignment_rounds_down_and_saturates():
    values = np.array([1.25, -1.25, 2.0**31, -(2.0**31), -(2.0**32), 1e-45, -1e-38, -0.0])
    got = align(take_readings(values), 0)
    assert got.tolist() == [1, -2, 2**31 - 1, -(2**31), -(2**31), 0, 0, 0]
    assert align(np.array([2.0**-126]), 127).tolist() == [2]
    assert align(np.array([-(2.0**-126)]), 0).tolist() == [-1]
