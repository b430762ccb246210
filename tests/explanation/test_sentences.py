"""A line says what the decision was, why, and what would change it."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.explanation import attribute_scores, describe_decisions
from skdualcnn.preprocessing import SlidingWindow

pytest.importorskip("captum", reason="Captum is not installed")


def test_a_line_names_the_column_its_value_and_what_would_change_the_decision(known):
    X, y, decider = known
    rows = X[(y["health"] == 1) & (y["cyber"] == 0)].head(20)
    found = attribute_scores(decider, rows, reference=X[(y == 0).all(axis=1)])
    lines = describe_decisions(decider, rows, found, n_columns=1)
    decisions = decider.predict(rows)
    assert "medical" in decisions
    for line, decision, value in zip(lines, decisions, rows["b"], strict=True):
        assert line.startswith(f"{decision}: ")
        if decision == "medical":
            assert f"b = {value:.4g} (+" in line
            assert re.search(
                r"Would be \w+ if the (health|cyber) score (rose|fell) to 0\.\d+", line
            )


def test_heads_behind_the_decision_are_named(ward):
    bunch, normal, decider = ward
    found = attribute_scores(decider, bunch.data, reference=normal, n_steps=8)
    lines = describe_decisions(decider, bunch.data, found)
    behind = {"medical": ["health"], "cyber": ["cyber"], "both": ["health", "cyber"]}
    for line, decision in zip(lines, decider.predict(bunch.data), strict=True):
        for head in behind.get(decision, []):
            assert f"{head} score" in line
        assert "patient " in line
        assert "network " in line


def test_what_lies_before_the_row_is_not_said_of_the_row():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((400, 4)).astype(np.float32), columns=list("abcd"))
    earlier = X["b"].shift(2, fill_value=0)
    y = pd.DataFrame({"health": earlier > 0.6, "cyber": X["d"] > 0.6}).astype(int)
    network = DualPathCNNClassifier(lr=0.01, max_epochs=20, random_state=0)
    decider = FusionDecider(make_pipeline(SlidingWindow(4), network)).fit(X, y)
    found = attribute_scores(decider, X, reference=X[(y == 0).all(axis=1)], n_steps=8)
    lines = describe_decisions(decider, X, found, n_columns=1)
    medical, cyber = (y["health"] > y["cyber"]), (y["cyber"] > y["health"])
    said = pd.Series(lines).str.partition(": ")[2].str.partition("). ")[0]
    assert said[medical].str.fullmatch(r"health .* b = .*, most 2 steps before").mean() > 0.9
    assert said[cyber].str.fullmatch(r"cyber .* d = [^,]*").mean() > 0.9


def test_what_cannot_be_told_is_an_error(known):
    X, _, decider = known
    found = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    with pytest.raises(ValueError, match="X has 4 rows and the attributions are of 3"):
        describe_decisions(decider, X.head(4), found)
    with pytest.raises(ValueError, match="n_columns=0, expected 1 or more"):
        describe_decisions(decider, X.head(3), found, n_columns=0)
    with pytest.raises(ValueError, match="n_steps=0, expected 1 or more"):
        attribute_scores(decider, X.head(3), reference=X, n_steps=0)


def test_the_score_is_the_one_that_was_decided_on(known):
    X, y, decider = known
    calibrated = clone(decider).set_params(calibration="isotonic", cv=2).fit(X, y)
    found = attribute_scores(calibrated, X.head(100), reference=X[(y == 0).all(axis=1)])
    lines = describe_decisions(calibrated, X.head(100), found)
    explained = calibrated.explain_decisions(X.head(100))
    for line, row in zip(lines, explained.itertuples(), strict=True):
        shown = dict(re.findall(r"(health|cyber) score (\d\.\d\d)", line.partition(" Would")[0]))
        for head, score in shown.items():
            assert float(score) == pytest.approx(getattr(row, f"{head}_score"), abs=0.006)
        assert {"medical": {"health"}, "cyber": {"cyber"}}.get(row.decision, shown.keys()) == (
            shown.keys()
        )
    before = re.compile(r"score \d\.\d\d, before calibration \d\.\d\d against \d\.\d\d at rest")
    assert any(before.search(line) for line in lines)


def test_the_decision_is_that_of_the_decider_that_was_given(known):
    X, y, decider = known
    found = attribute_scores(decider, X, reference=X[(y == 0).all(axis=1)], n_steps=8)
    conformal = ConformalFusionDecider(FrozenEstimator(decider), confidence_level=0.99).fit(X, y)
    decisions = conformal.predict(X)
    assert (decisions != decider.predict(X)).any()
    lines = describe_decisions(conformal, X, found)
    for line, decision in zip(lines, decisions, strict=True):
        assert line.startswith(f"{decision}: ")
        assert "Would be" not in line
