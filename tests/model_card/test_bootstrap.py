"""Intervals from groups drawn again: against theory, and what is not defined."""

import numpy as np
import pytest

from skdualcnn.model_card._bootstrap import group_intervals


def mean_interval(values, groups, **changed):
    given = {"n_resamples": 2000, "confidence_level": 0.95, "random_state": 0, **changed}
    return group_intervals(lambda rows: [values[rows].mean()], groups, n_figures=1, **given)[0]


def test_the_interval_of_a_mean_is_the_one_of_theory():
    values = np.random.default_rng(0).normal(size=400)
    low, high = mean_interval(values, np.arange(400))
    reach = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - reach, abs=0.02)
    assert high == pytest.approx(values.mean() + reach, abs=0.02)


def test_copies_in_a_group_say_nothing_new():
    values = np.random.default_rng(0).normal(size=100)
    single = mean_interval(values, np.arange(100))
    copied = mean_interval(np.repeat(values, 5), np.repeat(np.arange(100), 5))
    as_rows = mean_interval(np.repeat(values, 5), np.arange(500))
    np.testing.assert_allclose(copied, single)
    assert np.ptp(as_rows) < 0.6 * np.ptp(single)


def test_groups_may_be_text_and_in_any_order():
    values = np.arange(6.0)
    names = np.array(["b", "a", "b", "c", "a", "c"])
    np.testing.assert_allclose(
        mean_interval(values, names), mean_interval(values, np.array([1, 0, 1, 2, 0, 2]))
    )


def test_a_lower_level_is_a_shorter_interval():
    values = np.random.default_rng(0).normal(size=50)
    narrow = mean_interval(values, np.arange(50), confidence_level=0.5)
    assert np.ptp(narrow) < 0.5 * np.ptp(mean_interval(values, np.arange(50)))


@pytest.mark.parametrize("groups", [[], [7, 7, 7]])
def test_fewer_than_two_groups_have_no_interval(groups):
    assert np.isnan(mean_interval(np.arange(float(len(groups))), groups)).all()


def test_a_figure_that_is_often_not_defined_has_no_interval():
    def statistic(rows):
        return [1.0 if 0 in rows else np.nan, 1.0]

    found = group_intervals(
        statistic,
        np.arange(10),
        n_figures=2,
        n_resamples=200,
        confidence_level=0.9,
        random_state=0,
    )
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [1.0, 1.0]
