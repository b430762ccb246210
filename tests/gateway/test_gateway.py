import json
import random

import pytest

from skdualcnn.exceptions import StreamError
from skdualcnn.gateway import Gateway, Limits, Settings
from skdualcnn.gateway._state import restore_state, save_state


class Clock:
    """A clock that stands until it is moved; first at the ward's beginning."""

    def __init__(self):
        self.seconds = 1_704_096_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_gateway(case, policies, clock):
    def make(*, kind="readings", detector=None, **limits):
        settings = Settings(detector or {"freq": "1min", "tolerance": "4min"}, policies)
        limits = Limits(**{"max_rate": 0, **limits})
        return Gateway(case.decider, settings, limits=limits, clock=kind, now=clock)

    return make


@pytest.fixture(scope="module")
def messages(case):

    return case.messages()


def values(case, stream, **changed):
    """Return valid values of a stream."""
    table = case.ward.streams[stream].drop(columns=["timestamp", "patient"]).dropna()
    return {**json.loads(table.iloc[0].to_json()), **changed}


def reading(time="2024-01-01T08:00:00Z", **rest):
    return json.dumps({"time": time, **rest}).encode()


def first_alert(gateway, messages):
    """Return the alert of the first message that raises one; those after it are not received."""
    for message in messages:
        gateway.receive(*message)
        if gateway.desk.active:
            break
    [alert] = gateway.desk.active
    return alert


def split(outgoing):
    decided, events = {}, set()
    for one in outgoing:
        _, what, device = one.topic.split("/")[:3]
        record = json.loads(one.payload)
        assert record["device"] == device
        if what == "decisions":
            assert (device, record["time"]) not in decided
            decided[device, record["time"]] = record["decision"]
        else:
            assert one.topic.endswith(f"/{record['kind']}")
            events.add((device, record["kind"], record["event"], record["time"]))
    return decided, events


def assert_like_offline(case, outgoing):
    """Every row but each device's last, whose tick is open still, is decided as offline."""
    decided, events = split(outgoing)
    offline = case.decisions()
    missing = set(offline) - set(decided)
    assert decided == {key: offline[key] for key in decided}
    assert {device for device, _ in missing} <= {device for device, _ in offline}
    for device in {device for device, _ in missing}:
        mine = [stamp for one, stamp in offline if one == device]
        assert [stamp for one, stamp in missing if one == device] == [max(mine)]
    raised = {one for one in events if one[2] == "raised"}
    assert {kind for _, kind, _, _ in raised} == {"medical", "cyber"}
    return events, decided


def test_the_ward_is_decided_as_offline(case, make_gateway, messages):
    gateway = make_gateway()
    outgoing = [one for message in messages for one in gateway.receive(*message)]
    events, decided = assert_like_offline(case, outgoing)
    assert events == case.events(decided)
    assert gateway.counts["reading"] == len(messages)
    assert sum(gateway.decision_counts.values()) == len(decided)
    assert sum(gateway.event_counts.values()) == len(events)
    assert gateway.advance() == []


@pytest.mark.parametrize("cut", [1, 517])
def test_a_restored_gateway_goes_on(case, make_gateway, messages, tmp_path, cut):
    gateway = make_gateway()
    outgoing = [one for message in messages[:cut] for one in gateway.receive(*message)]
    pending = outgoing[-2:]
    save_state(tmp_path / "state", gateway, pending)
    again = make_gateway()
    assert restore_state(tmp_path / "state", again, case.decider) == pending
    assert again.detector.devices == gateway.detector.devices
    outgoing += [one for message in messages[cut:] for one in again.receive(*message)]
    events, decided = assert_like_offline(case, outgoing)
    assert events == case.events(decided)


def test_the_wall_clock_closes_the_ticks_of_a_silent_device(case, make_gateway, clock):
    gateway = make_gateway(kind="wall")
    for stream in case.ward.streams:
        payload = reading("2024-01-01T08:00:10Z", values=values(case, stream))
        assert gateway.receive(f"skdualcnn/readings/bed 4/{stream}", payload) == []
    clock.seconds += 64  # the tick at 08:01:00, and less than the grace of 5 s
    assert gateway.advance() == []
    clock.seconds += 1.5
    [one] = gateway.advance()
    assert one.topic == "skdualcnn/decisions/bed 4"
    assert json.loads(one.payload)["time"] == "2024-01-01T08:01:00+00:00"
    clock.seconds += 120
    assert [json.loads(one.payload)["time"][14:16] for one in gateway.advance()] == ["02", "03"]
    late = reading("2024-01-01T08:02:30Z", values=values(case, "patient"))
    assert gateway.receive("skdualcnn/readings/bed 4/patient", late) == []
    assert gateway.detector.counters["late"] == 1
    clock.seconds += 1e6  # decisions on a silent device end after 100 ticks
    assert len(gateway.advance()) < 110


def test_commands(case, make_gateway, messages, clock):
    gateway = make_gateway()
    alert = first_alert(gateway, messages)

    def command(**members):
        return gateway.receive("skdualcnn/commands", json.dumps(members).encode())

    assert command(command="acknowledge", alert=alert.id + 1) == []
    [one] = command(command="acknowledge", alert=alert.id, by="Dr Ash")
    record = json.loads(one.payload)
    assert one.topic == f"skdualcnn/alerts/{alert.device}/{alert.kind}"
    assert (record["event"], record["acknowledged_by"]) == ("acknowledged", "Dr Ash")
    assert command(command="silence", device="nobody", until=None) == []
    assert command(command="silence", device=alert.device, until="2030-01-01T00:00:00Z") == []
    assert gateway.counts["command"] == 2
    assert gateway.counts["command_without_effect"] == 2
    for device in set(gateway.detector.devices) - {alert.device}:
        command(command="silence", device=device, until=2e9)
    later = [one for message in messages for one in gateway.receive(*message)]
    assert {record for _, _, record, _ in split(later)[1]} <= {"cleared"}
    for wrong in ({}, {"command": "acknowledge", "alert": True}, {"command": "shutdown"}):
        command(**wrong)
    assert gateway.counts["bad_form"] == 3
    command(command="silence", device=alert.device, until="9999-12-31T23:59:59Z")
    assert gateway.counts["bad_time"] == 1


def test_a_silence_publishes_which_alerts_it_drops(case, make_gateway, messages):
    alert = first_alert(make_gateway(), messages)
    gateway = make_gateway(max_devices=1, forget_after=0)
    for topic, payload in messages:
        if topic.split("/")[2] == alert.device and not gateway.desk.active:
            gateway.receive(topic, payload)
    gateway.receive("skdualcnn/readings/new/patient", reading(values=values(case, "patient")))
    payload = b'{"command": "silence", "device": "new", "until": null}'
    [one] = gateway.receive("skdualcnn/commands", payload)
    assert one.topic == f"skdualcnn/alerts/{alert.device}/{alert.kind}"
    assert json.loads(one.payload)["event"] == "dropped"


def test_a_name_that_is_no_text_acknowledges_nothing(make_gateway, messages):
    gateway = make_gateway()
    alert = first_alert(gateway, messages)
    payload = rb'{"command": "acknowledge", "alert": %d, "by": "\ud800"}' % alert.id
    assert gateway.receive("skdualcnn/commands", payload) == []
    assert gateway.counts["not_utf8"] == 1
    assert gateway.desk.active == [alert]


HOSTILE = {
    "too_large": b" " * 70_000,
    "not_utf8": b'{"time": "\xff\xfe", "values": {}}',
    "not_json": b'{"time": 1, "values": {"heart_rate": NaN}}',
    "duplicate_key": b'{"time": 1, "time": 2, "values": {}}',
    "too_deep": b'{"time": 1, "values": ' + b"[" * 60_000,
    "bad_number": b'{"time": 1, "values": {"heart_rate": 1e999}}',
    "bad_form": b"[]",
    "bad_time": b'{"time": "yesterday", "values": {}}',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_parsed_is_counted(make_gateway, kind):
    gateway = make_gateway()
    assert gateway.receive("skdualcnn/readings/1/patient", HOSTILE[kind]) == []
    assert {one: n for one, n in gateway.counts.items() if n} == {kind: 1}
    assert gateway.detector.devices == []


def test_what_the_detector_refuses_is_counted_there(case, make_gateway):
    gateway = make_gateway()
    good = values(case, "patient")
    cases = {
        "unknown_stream": ("1/patients", good),
        "unknown_column": ("1/patient", {**good, "x": 1}),
        "missing_column": ("1/patient", {}),
        "bad_value": ("1/patient", {**good, "heart_rate": "80"}),
        "infinite_value": ("1/patient", {**good, "heart_rate": 10**60}),
        "oversized": (f"{'x' * 300}/patient", good),
    }
    for where, some in cases.values():
        assert gateway.receive(f"skdualcnn/readings/{where}", reading(values=some)) == []
    assert {kind for kind, n in gateway.detector.counters.items() if n} == set(cases)
    assert gateway.counts["reading"] == len(cases)


def test_random_bytes_and_mutations_never_raise(case, make_gateway):
    gateway = make_gateway()
    rng = random.Random(0)
    good = reading(values=values(case, "patient"))
    for _ in range(3000):
        payload = bytearray(good if rng.random() < 0.8 else rng.randbytes(rng.randrange(80)))
        for _ in range(rng.randrange(1, 4)):
            if payload:
                payload[rng.randrange(len(payload))] = rng.randrange(256)
        topic = rng.choice(["readings/1/patient", "commands", "readings/1", "x", ""])
        gateway.receive(f"skdualcnn/{topic}", bytes(payload))
    assert sum(gateway.counts.values()) == 3000
    assert len([kind for kind, n in gateway.counts.items() if n]) >= 5


def test_a_flood_from_one_device_leaves_the_others_alone(case, make_gateway, clock):
    gateway = make_gateway(max_rate=10.0, max_burst=20.0)
    payload = reading(values=values(case, "patient"))
    for _ in range(1000):
        gateway.receive("skdualcnn/readings/loud/patient", payload)
    assert gateway.counts["rate_limited"] > 900
    clock.seconds += 10
    assert gateway.receive("skdualcnn/readings/quiet/patient", payload) == []
    assert gateway.detector.devices == ["loud", "quiet"]


def test_devices_are_bounded_and_invented_ones_push_none_out(case, make_gateway, clock):
    gateway = make_gateway(max_devices=2)
    payload = reading(values=values(case, "patient"))
    for device in ("1", "2", "3", "4"):
        gateway.receive(f"skdualcnn/readings/{device}/patient", payload)
    assert gateway.detector.devices == ["1", "2"]
    assert gateway.counts["too_many_devices"] == 2
    clock.seconds += 86_401
    gateway.receive("skdualcnn/readings/3/patient", payload)
    assert gateway.detector.devices == ["2", "3"]
    listed = make_gateway(devices=frozenset({"1"}))
    listed.receive("skdualcnn/readings/2/patient", payload)
    assert listed.counts["unknown_device"] == 1


def test_wrong_parameters(case):
    with pytest.raises(StreamError, match=r"clock is 'sun', expected 'wall' or 'readings'"):
        Gateway(case.decider, clock="sun")
    with pytest.raises(StreamError, match="grace is -1"):
        Gateway(case.decider, grace=-1)
