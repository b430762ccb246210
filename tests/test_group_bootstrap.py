"""Intervals from groups drawn again: against theory, and what is not defined."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from skdualcnn._group_bootstrap import drawn_areas, group_intervals


def mean_interval(values, groups, **changed):
    given = {"n_resamples": 5000, "confidence_level": 0.95, "random_state": 0, **changed}
    return group_intervals(
        lambda counts: ((counts @ values) / counts.sum(axis=1))[:, None],
        groups,
        n_figures=1,
        **given,
    )[0]


def test_the_interval_of_a_mean_is_the_one_of_theory():
    values = np.random.default_rng(0).normal(size=400)
    low, high = mean_interval(values, np.arange(400))
    reach = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - reach, abs=0.004)
    assert high == pytest.approx(values.mean() + reach, abs=0.004)


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
    def statistic(counts):
        return np.column_stack([np.where(counts[:, 0] > 0, 1.0, np.nan), np.ones(len(counts))])

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


def test_areas_are_those_of_the_rows_repeated():
    rng = np.random.default_rng(0)
    event, score = rng.random(60) < 0.3, rng.random(60).round(1)  # many ties
    counts = rng.integers(0, 4, size=(20, 60))
    areas, precisions = drawn_areas(event, score, counts)
    for area, precision, times in zip(areas, precisions, counts, strict=True):
        again, scores = np.repeat(event, times), np.repeat(score, times)
        assert area == pytest.approx(roc_auc_score(again, scores))
        assert precision == pytest.approx(average_precision_score(again, scores))


def test_areas_need_events_and_others():
    counts = np.array([[1, 1, 0], [0, 0, 2], [1, 0, 1]])
    areas, precisions = drawn_areas(np.array([False, False, True]), np.arange(3.0), counts)
    np.testing.assert_array_equal(areas, [np.nan, np.nan, 1.0])
    np.testing.assert_array_equal(precisions, [np.nan, np.nan, 1.0])
