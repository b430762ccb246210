"""What the tampering benchmark counts, and what it chooses."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.tampering import Scored, choose


def _rows():
    """Return rows where suspicious traffic tells every altered vital sign."""
    health = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.9])
    cyber = np.array([0.0, 0.0, 0.3, 0.3, 0.0, 0.9, 0.9, 0.3])
    ill = np.array([True, True, False, False, False, False, True, False])
    attack = np.array(["normal"] * 2 + ["tampering"] * 2 + ["normal"] + ["dos"] * 2 + ["normal"])
    return Scored(health, cyber, ill, attack)


def test_scores_are_joined_with_what_was_true():
    y = pd.DataFrame({"health": ["normal", "sepsis"], "cyber": ["dos", "normal"]})
    rows = Scored.of(np.array([[0.1, 0.9], [0.8, 0.2]]), y)
    assert rows.health.tolist() == [0.1, 0.8]
    assert rows.cyber.tolist() == [0.9, 0.2]
    assert rows.ill.tolist() == [False, True]
    assert rows.attack.tolist() == ["dos", "normal"]


def test_alerts_are_counted_under_attack_and_without():
    figures = _rows().figures(_rows().health >= 0.5)
    assert figures == {
        "false under attack": 3,
        "false else, per 1,000": 500,
        "sensitivity": pytest.approx(2 / 3),
        "sensitivity under attack": 0,
    }


def test_the_choice_distrusts_where_that_costs_no_sensitivity():
    rows = _rows()
    setting = choose(rows, 2 / 3)
    assert rows.figures(rows.alerts(setting))["false under attack"] == 0
    assert rows.figures(rows.alerts(setting))["sensitivity"] == pytest.approx(2 / 3)
    assert setting[1] is not None
    everything = choose(rows, 0.0)
    assert rows.figures(rows.alerts(everything))["false else, per 1,000"] == 0


def test_of_settings_that_are_alike_the_last_to_distrust_is_chosen():
    rows = Scored(
        health=np.array([0.9, 0.9, 0.1]),
        cyber=np.array([0.05, 0.95, 0.0]),
        ill=np.array([True, False, False]),
        attack=np.array(["normal", "tampering", "normal"]),
    )
    _, (suspicion, _) = choose(rows, 1.0)
    assert suspicion == 0.9
