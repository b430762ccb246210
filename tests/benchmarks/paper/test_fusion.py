from dataclasses import replace

import numpy as np
import pytest

from benchmarks.paper.fusion import Decided, build, verdicts, watch
from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from skdualcnn._studies import OURS

RULE = {"delta": 0.1, "thresholds": [0.5, 0.5], "abstention": 0.0, "distrust": None}


def outcome(health, cyber, health_score, cyber_score, **columns):
    truth = {"health": health, "cyber": cyber}
    score = {"health": health_score, "cyber": cyber_score}
    heads = [head for head in truth if truth[head] is not None]
    bad = {"health": "sepsis", "cyber": "dos"}
    return Outcome(
        Job("ward", "honest", "test", "m", 0),
        {
            "rule": RULE,
            "classes": {head: ["normal", bad[head]] for head in heads},
            "normal": dict.fromkeys(heads, "normal"),
        },
        {
            head: np.array([{"": "", "n": "normal", "x": bad[head]}[one] for one in truth[head]])
            for head in heads
        },
        {head: np.column_stack([1 - np.array(score[head]), score[head]]) for head in heads},
        {name: np.array(values) for name, values in columns.items()},
    )


def test_both_rules_and_the_ceiling():
    decided = Decided.of(
        outcome(
            ["n", "x", "n", "x", "n"],
            ["n", "n", "x", "x", ""],
            [0.1, 0.9, 0.6, 0.7, 0.2],
            [0.2, 0.1, 0.9, 0.75, 0.2],
        )
    )
    assert decided.rows.tolist() == [0, 1, 2, 3]  # the last row has a label missing
    assert decided.states.tolist() == ["normal", "medical", "cyber", "both"]
    assert decided.anomaly.tolist() == ["normal", "medical", "cyber", "both"]
    # Largest probabilities: .9 and .8, .9 and .9, .6 and .9, .7 and .75.
    assert decided.confidence.tolist() == ["uncertain", "uncertain", "cyber", "uncertain"]
    assert decided.figures() == {
        "anomaly": 1.0,
        "confidence": 0.25,
        "alone health": 0.5,  # wrong on cyber and on both
        "alone cyber": 0.5,
        "best alone": 0.5,
        "oracle": 1.0,
        "agreement": 0.75,  # all but the medical row: its cyber head is silent
    }


def test_the_oracle_cannot_invent_an_alert():
    figures = Decided.of(outcome(["x", "x"], ["n", "x"], [0.1, 0.9], [0.1, 0.1])).figures()
    assert figures["oracle"] == 0
    assert figures["agreement"] == 0.5


def test_one_head_is_its_own_decision():
    decided = Decided.of(outcome(None, ["n", "x"], None, [0.1, 0.9]))
    assert decided.states.tolist() == decided.anomaly.tolist() == ["normal", "cyber"]
    assert decided.figures()["oracle"] == 1


def watched(minutes=None):
    columns = {} if minutes is None else {"minutes": minutes}
    one = outcome(
        ["n"] * 10,
        ["n", "n", "n", "x", "x", "x", "n", "n", "x", "x"],
        [0.0] * 10,
        [0.0, 0.9, 0.9, 0.0, 0.0, 0.9, 0.9, 0.0, 0.0, 0.0],
        device=[0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        **columns,
    )
    return watch(one, Decided.of(one))


def test_alarms_and_episodes_by_rows():
    # Two alarms, of which one touches an attack; two attacks, of which one is found.
    assert watched() == {
        "false alarms": pytest.approx(1 / (10 / 1000)),
        "episodes": 2,
        "found": 0.5,
        "delay": 2.0,
    }


def test_alarms_a_day_and_delays_in_minutes():
    found = watched(minutes=[0.0, 5, 10, 15, 20, 25, 30, 0, 5, 10])
    assert found["false alarms"] == pytest.approx(1 / (10 * 5 / (24 * 60)))
    assert found["delay"] == 10


def test_an_alarm_does_not_go_on_at_the_next_patient():
    one = outcome(["n"] * 4, ["n"] * 4, [0.0] * 4, [0.0, 0.9, 0.9, 0.0], device=[0, 0, 1, 1])
    assert watch(one, Decided.of(one))["false alarms"] == pytest.approx(2 / (4 / 1000))


def test_fusion_that_changes_nothing_equals_the_best_head(results_of):
    one = outcome(["n", "x"], ["n", "n"], [0.1, 0.9], [0.1, 0.1])
    (said,) = verdicts(results_of(replace(one, job=replace(one.job, model=OURS))), "honest")
    assert "(1.0000) equals the best head alone (1.0000); eq. 11 reaches" in said


def test_rows_drawn_at_random_are_not_watched():
    one = outcome(["n", "x"], ["n", "n"], [0.1, 0.9], [0.1, 0.1], device=[0, 0])
    drawn = replace(one, job=replace(one.job, protocol="paper"))
    assert watch(drawn, Decided.of(drawn)) is None


def test_rows_that_are_no_series_are_not_watched():
    one = outcome(["n"], ["n"], [0.0], [0.0])
    assert watch(one, Decided.of(one)) is None


@pytest.mark.parametrize(
    ("protocol", "columns", "said", "tables"),
    [
        ("paper", {"device": [0, 0]}, "drawn at random are no series", 1),
        ("honest", {}, "no series of a device: there is no time to an alert", 1),
        ("honest", {"device": [0, 0]}, "Unit: false alarms per 1,000 rows; delays in rows.", 2),
    ],
)
def test_the_page_says_what_of_alerts_it_can(results_of, protocol, columns, said, tables):
    both = outcome(["n", "x"], ["n", "n"], [0.1, 0.9], [0.1, 0.1], **columns)
    jobs = {replace(both.job, model=OURS, protocol=one) for one in ("paper", "honest")}
    section = build(results_of(*(replace(both, job=job) for job in jobs)), protocol)
    assert said in section.sentences[-1]
    assert len(section.tables) == tables


def test_one_head_has_no_fusion_to_judge(results_of):
    one = outcome(None, ["n", "x"], None, [0.1, 0.9])
    section = build(results_of(replace(one, job=replace(one.job, model=OURS))), "honest")
    assert section.sentences[0].startswith("Only the cyber head has labels here")
    assert section.tables == []
