"""Counts of values, and distances between them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from skdualcnn.drift._columns import CategoricalColumn, MeanColumn, NumericColumn


def _distance(column, reference, batch):
    one = [column.count(v, np.zeros(len(v), dtype=np.intp), 1)[0] for v in (reference, batch)]
    return {aspect: float(far) for aspect, far in column.distances(*one).items()}


def test_numbers_are_compared_as_kolmogorov_and_smirnov_do():
    rng = np.random.default_rng(0)
    reference = pd.Series(rng.normal(size=2000))
    batch = pd.Series(rng.normal(0.5, size=300))
    exact = ks_2samp(reference, batch).statistic
    found = _distance(NumericColumn.fit(reference, 64), reference, batch)
    assert found["distribution"] == pytest.approx(exact, abs=0.02)
    assert found["missing"] == 0


def test_a_constant_that_changes_is_as_far_as_can_be():
    reference, batch = pd.Series(np.full(50, 3.0)), pd.Series(np.full(10, 3.1))
    column = NumericColumn.fit(reference, 16)
    for changed in (batch, batch - 0.2):
        expected = {"distribution": 1, "mean": pytest.approx(0.1), "missing": 0, "repeats": 0}
        assert _distance(column, reference, changed) == expected
    assert set(_distance(column, reference, reference[:5]).values()) == {0}


@pytest.mark.parametrize("value", [0.1, 0.5, 36.6])
def test_a_constant_has_the_spread_1_although_its_mean_is_rounded(value):
    column = NumericColumn.fit(pd.Series([value] * 3000), 8)
    assert column.spread == 1.0


@pytest.mark.parametrize("unit", [1.7e308, 1e307, 1e160, 1e-200])
def test_numbers_of_any_size_have_a_mean_and_a_spread(unit):
    values = pd.Series([-1.0, 1.0] * 50)
    column = NumericColumn.fit(unit * values, 8)
    assert (column.centre, column.spread) == (0.0, pytest.approx(unit, rel=1e-12))
    found = _distance(column, unit * values, unit * values.abs())
    assert found["mean"] == pytest.approx(1)


def test_the_largest_numbers_are_apart():
    low, high = pd.Series([-1.7e308, -1.6e308]), pd.Series([1.7e308, 1.6e308])
    assert _distance(NumericColumn.fit(low, 8), low, high)["mean"] == pytest.approx(66)


def test_text_among_numbers_is_said_with_its_column():
    column = NumericColumn.fit(pd.Series([1.0, 2.0]), 8)
    text = pd.Series([1.0, "error"], name="spo2")
    with pytest.raises(ValueError, match=r"Column 'spo2' .*could not convert string to float"):
        column.count(text, np.zeros(2, dtype=np.intp), 1)


def test_a_stuck_sensor_repeats_itself():
    rng = np.random.default_rng(0)
    reference = pd.Series(rng.normal(size=500))
    column = NumericColumn.fit(reference, 16)
    assert _distance(column, reference, pd.Series(np.zeros(20)))["repeats"] == 1
    interleaved = pd.Series(np.tile([0.0, 1.0], 10))
    counts = column.count(interleaved, np.tile([0, 1], 10), 2)
    assert counts[:, -2:].tolist() == [[9, 9], [9, 9]]


def test_missing_values_count():
    reference = pd.Series(np.r_[np.arange(90.0), np.full(10, np.nan)])
    column = NumericColumn.fit(reference, 16)
    nothing = pd.Series(np.full(5, np.nan))
    expected = {"distribution": 0, "mean": 0, "missing": pytest.approx(0.9), "repeats": 0}
    assert _distance(column, reference, nothing) == expected
    assert _distance(NumericColumn.fit(nothing, 16), nothing, reference) == expected


def test_categories_by_total_variation():
    reference = pd.Series(["tcp"] * 6 + ["udp"] * 4)
    column = CategoricalColumn.fit(reference)
    found = _distance(column, reference, pd.Series(["tcp", "udp"]))
    assert found == {"distribution": pytest.approx(0.1), "unknown": 0, "missing": 0}
    found = _distance(column, reference, pd.Series(["icmp"] * 3))
    assert found == {"distribution": 1, "unknown": 1, "missing": 0}
    found = _distance(column, reference, pd.Series(["udp", None]))
    assert found == {"distribution": pytest.approx(0.6), "unknown": 0, "missing": 0.5}


def test_means_leave_missing_values_out():
    column, blocks = MeanColumn(), np.array([0, 0, 1, 1])
    counts = column.count(pd.Series([1.0, np.nan, np.nan, np.nan]), blocks, 2)
    reference = column.count(pd.Series([0.25]), np.array([0]), 1)[0]
    np.testing.assert_array_equal(column.distances(reference, counts)["mean"], [0.75, np.nan])
