"""Every pair of sets against every decision."""

import numpy as np
import pytest

from skdualcnn.conformal._sets import borne_out

NORMAL = np.array([False, True])  # classes: ill, normal
SETS = {"normal": [False, True], "ill": [True, False], "either": [True, True], "none": [False] * 2}
ALLOWED = {
    ("normal", "normal"): {"normal"},
    ("ill", "normal"): {"medical"},
    ("normal", "ill"): {"cyber"},
    ("ill", "ill"): {"medical", "cyber", "both"},
}
DECISIONS = np.array(["normal", "medical", "cyber", "both", "uncertain"])


@pytest.mark.parametrize("positions", [(0, 1), (1, 0)])
@pytest.mark.parametrize("health", SETS)
@pytest.mark.parametrize("cyber", SETS)
def test_two_heads(health, cyber, positions):
    sets = [None, None]
    for position, name in zip(positions, (health, cyber), strict=True):
        sets[position] = np.tile(SETS[name], (5, 1))
    stands = borne_out(DECISIONS, sets, [NORMAL, NORMAL], positions)
    assert set(DECISIONS[stands]) == ALLOWED.get((health, cyber), set())


@pytest.mark.parametrize(
    ("positions", "expected"), [((0, None), {"medical"}), ((None, 0), {"cyber"})]
)
def test_a_head_that_is_not_there_counts_as_normal(positions, expected):
    stands = borne_out(DECISIONS, [np.tile(SETS["ill"], (5, 1))], [NORMAL], positions)
    assert set(DECISIONS[stands]) == expected
