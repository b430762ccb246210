"""Columns taken away by their contributions lower the score faster than at random."""

import pytest

from skdualcnn.exceptions import HeadError
from skdualcnn.explanation import attribute_scores, deletion_curve

pytest.importorskip("captum", reason="Captum is not installed")


def test_contributions_beat_random_orders(known):
    X, y, decider = known
    rows, normal = X[y["cyber"] == 1], X[(y == 0).all(axis=1)]
    found = attribute_scores(decider, rows, reference=normal)
    curve = deletion_curve(
        decider, rows, found, reference=normal, head="cyber", n_orders=3, random_state=0
    )
    assert len(curve.scores) == 9
    assert curve.advantage > 0.15
    whole, none = curve.scores.iloc[0], curve.scores.iloc[-1]
    assert whole["by_attribution"] == pytest.approx(found.scores["cyber"].mean())
    assert whole["at_random"] == pytest.approx(whole["by_attribution"], rel=1e-12)  # a mean of 3
    assert none["by_attribution"] == pytest.approx(found.base["cyber"])


def test_windows_lose_a_column_at_every_step(ward):
    bunch, normal, decider = ward
    found = attribute_scores(decider, bunch.data, reference=normal, n_steps=16)
    curve = deletion_curve(
        decider, bunch.data, found, reference=normal, head="health", n_orders=1, random_state=0
    )
    assert curve.scores["by_attribution"].iloc[-1] == pytest.approx(found.base["health"], abs=1e-6)
    assert curve.advantage > 0


def test_only_the_rows_that_count_do_and_windows_keep_their_past(ward):
    bunch, normal, decider = ward
    found = attribute_scores(decider, bunch.data, reference=normal, n_steps=4)
    alarms = [70, 30]
    curve = deletion_curve(
        decider, bunch.data, found, reference=normal, head="health", rows=alarms, n_orders=1
    )
    whole = found.scores["health"].iloc[alarms].mean()
    assert curve.scores["by_attribution"].iloc[0] == pytest.approx(whole)


def test_an_order_that_knows_the_column_falls_at_once_and_its_reverse_last(known):
    X, y, decider = known
    rows, normal = X[y["cyber"] == 1], X[(y == 0).all(axis=1)]
    found = attribute_scores(decider, rows, reference=normal)
    given = {"reference": normal, "head": "cyber", "n_orders": 1, "random_state": 0}
    right = deletion_curve(decider, rows, found, order=list("gabcdefh"), **given)
    wrong = deletion_curve(decider, rows, found, order=list("abcdefhg"), **given)
    assert right.scores["in_order"].iloc[1] < 0.5 < wrong.scores["in_order"].iloc[-2]
    assert right.scores["in_order"].iloc[-1] == wrong.scores["in_order"].iloc[-1]


def test_an_order_without_a_column_is_an_error(known):
    X, _, decider = known
    found = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    with pytest.raises(ValueError, match=r"missing are \['h'\]"):
        deletion_curve(decider, X.head(3), found, reference=X, head="cyber", order=list("abcdefg"))


def test_an_unknown_head_is_an_error(known):
    X, _, decider = known
    found = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    with pytest.raises(HeadError, match="head='heart'"):
        deletion_curve(decider, X.head(3), found, reference=X, head="heart")
