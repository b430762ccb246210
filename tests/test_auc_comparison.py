from math import erfc, sqrt

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from skdualcnn.metrics import compare_roc_auc


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    y = rng.random(60) < 0.4
    first = y + rng.normal(size=60)
    second = (0.5 * y + rng.normal(size=60)).round(1)  # with ties
    return y, first, second


def test_areas_are_those_of_scikit_learn(scores):
    y, first, second = scores
    test = compare_roc_auc(*scores)
    assert test.first == pytest.approx(roc_auc_score(y, first))
    assert test.second == pytest.approx(roc_auc_score(y, second))
    assert test.difference == pytest.approx(test.first - test.second)


def delong_variance(y, first, second):
    """The definition, pair by pair."""
    psi = [
        (score[y][:, None] > score[~y][None]) + 0.5 * (score[y][:, None] == score[~y][None])
        for score in (first, second)
    ]
    over_positive = np.cov([one.mean(axis=1) for one in psi])
    over_negative = np.cov([one.mean(axis=0) for one in psi])
    covariance = over_positive / y.sum() + over_negative / (~y).sum()
    contrast = np.array([1, -1])
    return contrast @ covariance @ contrast


def test_without_groups_it_is_delongs_test(scores):
    test = compare_roc_auc(*scores)
    assert test.standard_error**2 == pytest.approx(delong_variance(*scores))
    # 2 * (1 - Phi(z)) = erfc(z / sqrt(2))
    z = abs(test.difference) / test.standard_error
    assert test.p_value == pytest.approx(erfc(z / sqrt(2)))
    assert test.interval[1] - test.difference == pytest.approx(1.95996 * test.standard_error, 1e-4)


def test_groups_of_one_row_change_nothing(scores):
    alone = compare_roc_auc(*scores, groups=np.arange(60)[::-1])
    assert alone.standard_error == pytest.approx(compare_roc_auc(*scores).standard_error)


def test_copied_rows_tell_no_more_as_groups(scores):
    copies = [np.repeat(one, 9) for one in scores]
    rows = compare_roc_auc(*scores)
    naive = compare_roc_auc(*copies)
    grouped = compare_roc_auc(*copies, groups=np.repeat(np.arange(60), 9))
    assert naive.standard_error == pytest.approx(rows.standard_error / 3, rel=0.05)
    assert grouped.standard_error == pytest.approx(rows.standard_error)


def test_the_p_value_keeps_its_promise():
    rng = np.random.default_rng(1)
    low = 0
    for _ in range(400):
        y = rng.random(80) < 0.5
        common = y + rng.normal(size=80)
        pair = [common + rng.normal(size=80) for _ in range(2)]
        low += compare_roc_auc(y, *pair).p_value < 0.05
    assert 8 <= low <= 36  # 20 expected


def test_equal_scores_do_not_differ(scores):
    y, first, _ = scores
    test = compare_roc_auc(y, first, 2 * first + 1)
    assert (test.difference, test.standard_error, test.p_value) == (0, 0, 1)


@pytest.mark.parametrize(
    ("y", "first", "groups", "message"),
    [
        ([0, 1, 2, 0], [1, 2, 3, 4], None, "other than 0 and 1"),
        ([], [], None, "no row"),
        ([0, 1, 1, 0], [1, 2, 3, np.nan], None, "not a number"),
        ([0, 1, 1], [1, 2, 3, 4], None, "inconsistent"),
        ([0, 1, 0, 0], [1, 2, 3, 4], None, "at least 2 of each"),
        ([0, 1, 1, 0], [1, 2, 3, 4], [0, 1, 1, 2], "at least 2 of each"),
    ],
)
def test_errors(y, first, groups, message):
    with pytest.raises(ValueError, match=message):
        compare_roc_auc(y, first, [1, 2, 3, 4][: len(first)], groups=groups)
