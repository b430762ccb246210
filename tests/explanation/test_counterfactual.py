"""A counterfactual is true: with the changed score the rule decides as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from skdualcnn import FusionDecider
from skdualcnn._fusion_rule import FusionRule
from skdualcnn.explanation._counterfactual import nearest_changes


def _rule(rule="anomaly", *, abstention=0.0, heads=(0, 1), distrust=None):
    return FusionRule(rule, 0.1, (0.5, 0.6), abstention, heads, (0, 0), distrust)


scores = st.floats(0, 1, allow_nan=False)


@given(
    scores,
    scores,
    st.sampled_from(["anomaly", "confidence"]),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([None, (0.2, 0.9)]),
)
def test_the_rule_agrees_and_nothing_nearer_changes_it(health, cyber, name, abstention, distrust):
    rule = _rule(name, abstention=abstention, distrust=distrust)
    now = rule.decide(np.array([[health, cyber]]))[0]
    for change in nearest_changes(rule, health, cyber):
        changed = {"health": health, "cyber": cyber, change.role: change.score}
        pair = np.array([[changed["health"], changed["cyber"]]])
        assert rule.decide(pair)[0] == change.decision != now
        present = {"health": health, "cyber": cyber}[change.role]
        assert (change.score > present) == (change.direction == "rose")
        between = np.tile(pair, (9, 1))
        role = ["health", "cyber"].index(change.role)
        step = -0.001 if change.direction == "rose" else 0.001
        between[:, role] = np.linspace(present, change.score + step, 9)
        if abs(change.score - present) > 0.001:
            assert set(rule.decide(between)) == {now}


def test_the_sentence_reads():
    changes = nearest_changes(_rule(), 0.805, 0.55)
    assert str(changes[0]) == "would be both if the cyber score rose to 0.706"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_head_that_is_not_there_cannot_change(missing):
    heads = (None, 0) if missing == 0 else (0, None)
    changes = nearest_changes(_rule(heads=heads), 0.2, 0.2)
    assert {change.role for change in changes} == {["cyber", "health"][missing]}


@pytest.mark.parametrize(("n_classes", "fallen"), [(2, []), (3, [0.499, 0.449])])
def test_a_confidence_is_never_below_an_equal_share_of_the_classes(n_classes, fallen):
    X = np.random.default_rng(0).normal(size=(90, 1))
    y = np.column_stack([np.arange(90) % n_classes] * 2)
    decider = FusionDecider(DummyClassifier(), rule="confidence").fit(X, y)
    changes = nearest_changes(FusionRule.of(decider), 0.55, 0.6)
    assert [change.score for change in changes if change.direction == "fell"] == fallen


def test_what_changes_is_called_what_the_rule_compares():
    (score,) = nearest_changes(_rule(heads=(0, None)), 0.7, 0.0)
    assert str(score) == "would be normal if the health score fell to 0.499"
    nearest, *_ = nearest_changes(_rule("confidence"), 0.9, 0.95)
    assert str(nearest) == "would be cyber if the health confidence fell to 0.849"
