"""Alerts: every life cycle, and what holds whatever is decided."""

import json
from collections import defaultdict
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.exceptions import StreamError
from skdualcnn.streaming import AlertDesk, AlertPolicy, Decision

thorough = settings(derandomize=True, deadline=None, max_examples=200)
MEDICAL = AlertPolicy(
    "medical", raise_count=2, raise_window=3, clear_after=2, escalate_after=30, persist_after=100
)


def decide(time, decision, score=0.9, device="bed"):
    status = "ok" if decision else "missing"
    return Decision(device, time, decision, score, score, {}, "because", status)


def feed(desk, decisions, step=10.0, start=0.0, **more):
    """Return (event, time, level) of decisions at regular ticks: m, c, b, n, u or x, none."""
    words = {"m": "medical", "c": "cyber", "b": "both", "n": "normal", "u": "uncertain", "x": None}
    return [
        (event.kind, event.time, event.alert.level)
        for i, letter in enumerate(decisions)
        for event in desk.observe(decide(start + step * i, words[letter], **more))
    ]


@pytest.mark.parametrize(
    ("decisions", "events"),
    [
        ("mnnmnn", []),
        ("mm", [("raised", 10, 1)]),
        ("mnm", [("raised", 20, 1)]),
        ("cb", []),
        ("bb", [("raised", 10, 1)]),
        ("mxxxm", [("raised", 40, 1)]),
        ("mmnn", [("raised", 10, 1), ("cleared", 30, 1)]),
        ("mmncmnc", [("raised", 10, 1), ("cleared", 30, 1)]),
        ("mmnun", [("raised", 10, 1), ("escalated", 40, 2)]),
        ("mmmmmmmmmmmm", [("raised", 10, 1), ("escalated", 40, 2), ("escalated", 70, 3)]),
        ("mmnnmm", [("raised", 10, 1), ("cleared", 30, 1), ("raised", 50, 1)]),
    ],
)
def test_life_cycles(decisions, events):
    assert feed(AlertDesk([MEDICAL]), decisions) == events


def test_calm_may_need_a_low_score():
    policy = AlertPolicy("cyber", raise_count=1, raise_window=1, clear_after=1, clear_below=0.3)
    desk = AlertDesk([policy])
    assert feed(desk, "c") == [("raised", 0, 1)]
    assert feed(desk, "n", score=0.35, start=10) == []
    assert feed(desk, "n", score=0.25, start=20) == [("cleared", 20, 1)]


def test_acknowledged_alerts_escalate_only_by_persisting():
    desk = AlertDesk([MEDICAL])
    feed(desk, "mm")
    [alert] = desk.active
    [event] = desk.acknowledge(alert.id, 15.0, by="Dr Ash")
    assert (event.kind, event.alert.acknowledged_by) == ("acknowledged", "Dr Ash")
    assert desk.acknowledge(alert.id, 16.0) == []
    assert desk.acknowledge(999, 16.0) == []
    assert desk.advance(109.0) == []
    [event] = desk.advance(110.0)
    assert (event.kind, event.alert.level, event.alert.acknowledged_at) == ("escalated", 2, None)
    [event] = desk.advance(140.0)  # nobody has acknowledged the new level
    assert event.alert.level == 3
    assert desk.advance(1e6) == []


def test_silence():
    desk = AlertDesk([MEDICAL])
    desk.silence("bed", 35.0)
    assert feed(desk, "mmmmm") == [("raised", 40, 1)]
    desk.silence("bed", 200.0)
    assert desk.advance(220.0) == []  # silence counts for nobody's delay
    assert [event.alert.level for event in desk.advance(230.0)] == [2]
    desk.silence("bed", 1000.0)
    assert [event[0] for event in feed(desk, "nn", start=240)] == ["cleared"]
    desk.silence("bed", None)
    assert [event[0] for event in feed(desk, "mm", start=260)] == ["raised"]


def test_devices_beyond_the_limit_are_dropped():
    desk = AlertDesk([MEDICAL], max_devices=1)
    feed(desk, "mm")
    [event] = desk.observe(decide(20.0, "normal", device="other"))
    assert (event.kind, event.time, event.alert.device) == ("dropped", None, "bed")
    assert desk.active == []


def test_a_silence_that_forgets_a_device_says_which_alerts_went_with_it():
    desk = AlertDesk([MEDICAL], max_devices=1)
    feed(desk, "mm")
    assert desk.silence("bed", 35.0) == []
    [event] = desk.silence("other", 35.0)
    assert (event.kind, event.time, event.alert.device) == ("dropped", None, "bed")
    assert desk.active == []


@st.composite
def histories(draw):
    """What happens on two devices: decisions, acknowledgements, silences."""
    steps = st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from("mmmbcnnnux" + "AS"),
        st.integers(0, 60),
    )
    return draw(st.lists(steps, min_size=1, max_size=60))


def run(desk, history, start=0):
    events = []
    for time, (device, what, number) in enumerate(history, start=start):
        now = 10.0 * time
        if what == "A":
            for alert in desk.active:
                events += desk.acknowledge(alert.id, now)
        elif what == "S":
            desk.silence(device, now + number)
        else:
            events += [
                ("decided", device, what, now),
                *desk.observe(decide(now, {**WORDS}[what], number / 60, device)),
            ]
    return events


WORDS = {"m": "medical", "c": "cyber", "b": "both", "n": "normal", "u": "uncertain", "x": None}
BOTH = [MEDICAL, AlertPolicy("cyber", clear_below=0.5, escalate_after=None)]


@thorough
@given(histories())
def test_every_alert_lives_once_and_in_order(history):
    desk = AlertDesk(BOTH)
    lives = defaultdict(list)
    for event in run(desk, history):
        if not isinstance(event, tuple):
            lives[event.alert.id].append(event)
    assert list(lives) == sorted(lives)
    for life in lives.values():
        kinds = [event.kind for event in life]
        assert kinds[0] == "raised"
        assert kinds.count("raised") == 1
        assert "cleared" not in kinds[:-1]
        levels = [event.alert.level for event in life]
        assert levels == sorted(levels)
        assert levels[-1] == 1 + kinds.count("escalated") <= 3
        assert [event.time for event in life] == sorted(event.time for event in life)
        for before, after in pairwise(kinds):
            assert (before, after) != ("acknowledged", "acknowledged")
    ended = {n for n, life in lives.items() if life[-1].kind == "cleared"}
    assert {alert.id for alert in desk.active} == set(lives) - ended


@thorough
@given(histories())
def test_alerts_follow_from_the_last_ticks(history):
    """Raised at once when enough of the last ticks are alarming, cleared when calm."""
    desk = AlertDesk([MEDICAL])
    seen = defaultdict(str)
    active = defaultdict(bool)
    events = run(desk, [one for one in history if one[1] != "S"])
    for i, event in enumerate(events):
        if not isinstance(event, tuple):
            continue
        _, device, what, _ = event
        mine = []
        for later in events[i + 1 :]:
            if isinstance(later, tuple):
                break
            mine.append(later.kind)
        if what == "x":
            assert not {"raised", "cleared"} & set(mine)
            continue
        seen[device] += what
        alarming = sum(one in "mb" for one in seen[device][-3:])
        if not active[device]:
            assert ("raised" in mine) == (what in "mb" and alarming >= 2)
            active[device] = "raised" in mine
        elif "cleared" in mine:
            assert all(one in "nc" for one in seen[device][-2:])
            active[device] = False
            seen[device] = ""
        else:
            assert not all(one in "nc" for one in seen[device][-2:])


@thorough
@given(histories(), st.integers(0, 60))
def test_restored_desk_goes_on_identically(history, middle):
    desk, other = AlertDesk(BOTH), AlertDesk(BOTH)
    run(desk, history[:middle])
    other.set_state(json.loads(json.dumps(desk.get_state())))
    assert other.active == desk.active
    rest = history[middle:]
    assert run(other, rest, start=middle) == run(desk, rest, start=middle)
    assert other.get_state() == desk.get_state()


@pytest.mark.parametrize("restored", [False, True])
def test_alerts_go_on_escalating_when_the_clock_is_set_back(restored):
    policy = AlertPolicy("medical", raise_count=1, raise_window=1, escalate_after=120)
    desk = AlertDesk([policy])
    kinds = [event.kind for time in (1e6, 1e6 + 60) for event in desk.observe(decide(time, "both"))]
    if restored:
        state = json.loads(json.dumps(desk.get_state()))
        desk = AlertDesk([policy])
        desk.set_state(state)
    events = [event for time in (0.0, 60.0, 120.0) for event in desk.observe(decide(time, "both"))]
    assert kinds == ["raised"]
    assert [(event.kind, event.time) for event in events] == [("escalated", 120.0)]
    assert events[0].alert.raised_at == 0.0
    assert desk.observe(decide(30.0, "both")) == []
    assert desk.advance(149.0) == []
    [again] = desk.advance(150.0)
    assert (again.kind, again.alert.level, again.alert.raised_at) == ("escalated", 3, 0.0)


def test_a_state_of_an_earlier_version():
    desk = AlertDesk([MEDICAL])
    for time in (0.0, 60.0):
        desk.observe(decide(time, "medical"))
    state = desk.get_state()
    del state["devices"][0]["latest"]
    other = AlertDesk([MEDICAL])
    other.set_state(state)
    assert other.active == desk.active != []


def test_times_may_be_datetimes():
    desk = AlertDesk([MEDICAL], times="naive")
    start = pd.Timestamp("2024-01-01")
    for i in range(2):
        events = desk.observe(decide(start + i * pd.Timedelta("1min"), "medical"))
    assert events[0].time == pd.Timestamp("2024-01-01 00:01")
    assert events[0].record()["raised_at"] == "2024-01-01T00:01:00"
    assert json.dumps(events[0].record())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "weather"}, "kind is 'weather'"),
        ({"raise_count": 0}, "raise_count is 0"),
        ({"raise_count": 9}, "raise_count is 9 of 5 ticks"),
        ({"clear_after": 1.5}, "clear_after is 1.5"),
        ({"escalate_after": -1}, "escalate_after is -1"),
        ({"persist_after": "1min"}, "persist_after is '1min'"),
        ({"escalate_after": float("inf")}, "escalate_after is inf, expected a finite number"),
        ({"persist_after": 1e300}, r"persist_after is 1e\+300, expected a finite number"),
    ],
)
def test_policies_out_of_range(settings, message):
    with pytest.raises(StreamError, match=message):
        AlertPolicy(**{"kind": "medical", **settings})


def test_desks_and_states_that_do_not_fit():
    with pytest.raises(StreamError, match=r"The policies are of \['medical', 'medical'\]"):
        AlertDesk([MEDICAL, MEDICAL])
    with pytest.raises(StreamError, match="max_devices is 0"):
        AlertDesk(max_devices=0)
    desk = AlertDesk([MEDICAL])
    with pytest.raises(StreamError, match="The time is nan"):
        desk.observe(decide(float("nan"), "normal"))
    with pytest.raises(StreamError, match="The state is of the policies"):
        desk.set_state(AlertDesk().get_state())
    with pytest.raises(StreamError, match="no state of an AlertDesk"):
        desk.set_state({})
    with pytest.raises(StreamError, match="no state of an AlertDesk"):
        desk.set_state(desk.get_state() | {"devices": [{"device": None}]})
