import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._curve import Curve
from firmware_export._graph import FrontEnd, NumericColumn
from firmware_export._integer_graph import Tensor
from firmware_export._integer_readings import quantise_numeric
from firmware_export._quantize_columns import quantise_columns

few = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def curves(draw):
    """Curves with knots of all magnitudes, some closer than single precision can tell."""
    magnitude = draw(st.sampled_from([1e-6, 1.0, 1e4, 1e9, 1e30]))
    first = draw(st.floats(-1, 1))
    gaps = draw(st.lists(st.sampled_from([1e-12, 1e-8, 1e-3, 0.5, 30.0]), max_size=40))
    rises = draw(st.lists(st.floats(0, 1), min_size=len(gaps), max_size=len(gaps)))
    knots = magnitude * (first + np.cumsum([0.0, *gaps]))
    levels = np.cumsum([0.0, *rises])
    return Curve(knots, levels / max(levels[-1], 1.0))


@few
@given(curves(), st.sampled_from([127, 999, 32767]), st.integers(0, 2**32 - 1))
@pytest.mark.filterwarnings("ignore:Column 'x' ranges from")
def test_numeric_readings_follow_their_curve_and_never_decrease(curve, limit, seed):
    column = NumericColumn("x", 0, 0, curve)
    front_end = FrontEnd(("x",), (0,), (column,), 1, 1)
    tensor = Tensor("input", 1, 1, 0, limit, 1 / limit)
    (quantised,), _ = quantise_columns(front_end, tensor)
    rng = np.random.default_rng(seed)
    low, high = curve.knots[0], curve.knots[-1]
    spread = rng.uniform(low - 1, high + 1, 200).astype(np.float32)
    knots = curve.knots.astype(np.float32)
    beside = [np.nextafter(knots, np.float32(end)) for end in (-np.inf, np.inf)]
    readings = np.sort(np.concatenate([spread, knots, *beside, np.float32([-1e38, 0, 1e38])]))
    got = quantise_numeric(readings, quantised)
    assert (np.diff(got) >= 0).all()
    assert got.min() >= 0
    assert got.max() <= limit
    # The curve anywhere within two single-precision steps of the reading.
    gap = 2 * np.spacing(np.abs(readings)).astype(np.float64)
    assert (got >= curve(readings - gap) * limit - 1.01).all()
    assert (got <= curve(readings + gap) * limit + 1.01).all()


def test_two_knots_are_one_rounded_line():
    column = NumericColumn("x", 0, 0, Curve(np.array([-2.0, 3.0]), np.array([-0.5, 1.0])))
    tensor = Tensor("input", 1, 1, 0, 100, 0.01)
    (quantised,), _ = quantise_columns(FrontEnd(("x",), (0,), (column,), 1, 1), tensor)
    assert len(quantised.starts) == 1
    values = np.linspace(-3, 4, 701, dtype=np.float32)
    got = quantise_numeric(values, quantised)
    exact = np.clip((values.astype(np.float64) + 2) * 30 - 50, -50, 100)
    assert np.abs(got - exact).max() <= 0.5 + 1e-4
    assert set(got) == set(range(-50, 101))
