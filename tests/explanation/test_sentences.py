"""A line says what the decision was, why, and what would change it."""

import re

import pytest

from skdualcnn.explanation import attribute_scores, describe_decisions

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


def test_rows_other_than_those_explained_are_an_error(known):
    X, _, decider = known
    found = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    with pytest.raises(ValueError, match="X has 4 rows and the attributions are of 3"):
        describe_decisions(decider, X.head(4), found)
