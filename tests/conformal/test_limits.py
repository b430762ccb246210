"""Ranks and limits: the finite-sample correction, by hand, by property and beside crepes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdualcnn.conformal._limits import (
    class_limits,
    fewest_rows,
    nonconformity,
    rank,
    score_limit,
)


@pytest.mark.parametrize(
    ("n", "level", "expected"),
    [(9, 0.9, 9), (8, 0.9, 9), (99, 0.9, 90), (9, 0.7, 7), (19, 0.95, 19)],
)
def test_the_rank_is_that_of_the_finite_sample(n, level, expected):
    assert rank(n, level) == expected


def test_the_limit_is_the_score_of_that_rank():
    scores = np.array([0.4, 0.1, 0.3, 0.2, 0.9, 0.5, 0.6, 0.7, 0.8])
    assert score_limit(scores, 0.9) == 0.9
    assert score_limit(scores, 0.8) == 0.8
    assert score_limit(scores[:8], 0.9) == math.inf
    assert score_limit(scores[:0], 0.1) == math.inf


@given(st.floats(0.01, 0.99))
def test_the_fewest_rows_are_just_enough(level):
    n = fewest_rows(level)
    assert rank(n, level) <= n
    assert n == 1 or rank(n - 1, level) > n - 1


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.floats(0.05, 0.95),
)
def test_leaving_one_out_covers_at_least_the_level(values, level):
    """Of n + 1 exchangeable rows, each is the new one with equal chance: an exact count."""
    scores = np.array(values)
    covered = [score <= score_limit(np.delete(scores, i), level) for i, score in enumerate(scores)]
    assert np.mean(covered) >= level - 1e-9


PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6], [0.1, 0.9]])
CODES = np.array([0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([0, 1], [0.3, 0.4]),  # ranks 3 of 3 and 2 of 2
        ([0, 0], [0.3, 0.3]),  # rank 4 of 0.1, 0.1, 0.2, 0.3, 0.4
    ],
)
def test_each_category_has_a_limit_of_its_own_rows(categories, expected):
    scores = nonconformity(PROBABILITIES)
    limits = class_limits(scores, CODES, np.array(categories), 0.6)
    np.testing.assert_allclose(limits, expected)


def test_merged_classes_have_the_sum_of_their_probabilities():
    probabilities = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
    merged = nonconformity(probabilities, np.array([False, True, False]))
    np.testing.assert_allclose(merged, [[0.6, 0.4, 0.6], [0.2, 0.8, 0.2]])
    np.testing.assert_allclose(nonconformity(probabilities), 1 - probabilities)


@pytest.mark.parametrize("class_conditional", [True, False])
def test_sets_are_those_of_crepes(class_conditional):
    crepes = pytest.importorskip("crepes", reason="crepes is not installed")
    rng = np.random.default_rng(0)
    scores = nonconformity(rng.dirichlet([2, 1, 1], size=600))
    codes = rng.integers(3, size=300)
    categories = np.arange(3) if class_conditional else np.zeros(3, dtype=int)
    limits = class_limits(scores[:300], codes, categories, 0.85)
    reference = crepes.ConformalClassifier()
    reference.fit(scores[np.arange(300), codes], bins=codes if class_conditional else None)
    for code in range(3):
        expected = reference.predict_set(
            scores[300:, [code]],
            bins=np.full(300, code) if class_conditional else None,
            confidence=0.85,
            smoothing=False,
        )
        found = scores[300:, code] <= limits[code]
        np.testing.assert_array_equal(found, expected[:, 0].astype(bool))
