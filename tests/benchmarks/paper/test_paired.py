import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.paired import Comparison, adjust, compare, judge
from skdualcnn.metrics import compare_roc_auc
from skdualcnn.model_selection import mcnemar_test


def outcome(model, seed, truth, score):
    return Outcome(
        Job("ward", "honest", "test", model, seed),
        {"classes": {"cyber": ["dos", "normal"]}, "normal": {"cyber": "normal"}},
        {"cyber": np.array(truth)},
        {"cyber": np.column_stack([score, 1 - np.asarray(score)])},
        {"group": np.arange(len(truth)) // 4},
    )


@pytest.fixture
def truth():
    return np.where(np.random.default_rng(0).random(80) < 0.4, "dos", "normal")


@pytest.fixture
def pair(truth):
    rng = np.random.default_rng(1)
    event = truth == "dos"
    good, bad = ([], [])
    for seed in range(3):
        good.append(outcome("good", seed, truth, (0.6 * event + 0.4 * rng.random(80)) * 0.9))
        bad.append(outcome("bad", seed, truth, 0.2 * event + 0.8 * rng.random(80)))
    return good, bad


def test_one_seed_is_the_test_itself(pair, truth):
    good, bad = pair[0][:1], pair[1][:1]
    found = compare(good, bad, "cyber")
    a, b, groups = good[0].result("cyber"), bad[0].result("cyber"), np.arange(80) // 4
    answers = mcnemar_test(truth, a.y_pred, b.y_pred, groups=groups)
    areas = compare_roc_auc(truth == "dos", a.score, b.score, groups=groups)
    assert (found.only_first, found.only_second) == (answers.only_first, answers.only_second)
    assert found.p_values["exact"] == answers.p_exact
    assert found.p_values["groups"] == answers.p_groups
    assert found.difference == pytest.approx(areas.difference)
    assert found.p_auc == areas.p_value
    assert found.interval == pytest.approx(areas.interval)


def test_seeds_are_combined_as_twice_the_median(pair):
    each = [compare([a], [b], "cyber").p_values["corrected"] for a, b in zip(*pair, strict=True)]
    together = compare(*pair, "cyber").p_values["corrected"]
    assert together == pytest.approx(min(1, 2 * np.median(each)))


def test_verdicts(pair):
    good, bad = pair
    assert judge(compare(good, bad, "cyber")) == "ahead"
    assert judge(compare(bad, good, "cyber")) == "behind"
    assert judge(compare(good, good, "cyber")) == "undecided"


def test_a_test_set_of_one_class_has_no_area():
    same = [outcome("a", 0, ["normal"] * 8, np.full(8, 0.1))]
    found = compare(same, same, "cyber")
    assert (found.difference, found.p_auc, found.interval) == (None, None, None)
    assert found.p_values["exact"] == 1
    assert judge(found) == "undecided"


def test_holm_counts_the_models():
    def comparison(p, auc):
        p_values = dict.fromkeys(["exact", "corrected", "groups", "delong"], p)
        return Comparison(1, 0, 0.1, None, {**p_values, "delong groups": auc})

    first, second, third = adjust(
        [comparison(0.01, None), comparison(0.03, 0.04), comparison(0.02, 0.03)]
    )
    assert [one.p_values["exact"] for one in (first, second, third)] == pytest.approx(
        [0.03, 0.04, 0.04]
    )
    assert (first.p_auc, second.p_auc, third.p_auc) == pytest.approx((0.03, 0.06, 0.06))
    assert adjust([]) == []
