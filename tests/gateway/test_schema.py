"""The schema says what the gateway takes, and what it publishes."""

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.gateway import Gateway, Limits, Settings
from skdualcnn.gateway._schema import payload_schema


@pytest.fixture(scope="module")
def gateway(case):
    return Gateway(case.decider, clock="readings", limits=Limits(max_rate=0))


@pytest.fixture(scope="module")
def conforms(gateway):
    """Return a function that says whether a payload is of a definition."""
    schema = payload_schema(gateway)
    jsonschema.Draft202012Validator.check_schema(schema)
    checks = {
        name: jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
        for name in schema["$defs"]
    }
    return lambda name, payload: checks[name].is_valid(payload)


def test_everything_the_ward_sends_and_gets_conforms(case, gateway, conforms):
    seen = set()
    for topic, payload in case.messages():
        assert conforms(f"reading-{topic.rpartition('/')[2]}", json.loads(payload))
        for one in gateway.receive(topic, payload):
            kind = one.topic.split("/")[1].removesuffix("s")
            seen.add(kind)
            assert conforms(kind, json.loads(one.payload))
    assert seen == {"decision", "alert"}


GOOD = {"room_temperature": 21.4, "room_humidity": 40, "room_light": None, "room_noise": 44.0}
READINGS = [
    {"time": "2031-01-01T08:00:00Z", "values": GOOD},
    {"time": 1_924_000_000.5, "values": GOOD},
    {"time": "2031-01-01T08:00:00", "values": GOOD},
    {"time": True, "values": GOOD},
    {"time": -1, "values": GOOD},
    {"time": "2031-01-01T08:00:01Z", "values": {**GOOD, "room_noise": "44"}},
    {"time": "2031-01-01T08:00:02Z", "values": {**GOOD, "room_noise": 1e39}},
    {"time": "2031-01-01T08:00:07Z", "values": {**GOOD, "room_noise": True}},
    {"time": "2031-01-01T08:00:03Z", "values": {**GOOD, "x": 1}},
    {"time": "2031-01-01T08:00:04Z", "values": {"room_noise": 1}},
    {"time": "2031-01-01T08:00:05Z", "values": GOOD, "device": "1"},
    {"time": "2031-01-01T08:00:06Z", "values": [GOOD]},
    {"values": GOOD},
    [],
]


@pytest.mark.parametrize("reading", READINGS, ids=range(len(READINGS)))
def test_gateway_and_schema_agree_on_readings(gateway, conforms, reading, request):
    device = f"reading {request.node.callspec.id}"
    gateway.receive(f"skdualcnn/readings/{device}/environment", json.dumps(reading).encode())
    assert (device in gateway.detector.devices) == conforms("reading-environment", reading)


COMMANDS = [
    {"command": "acknowledge", "alert": 1},
    {"command": "acknowledge", "alert": 1, "by": None},
    {"command": "acknowledge", "alert": "1"},
    {"command": "silence", "device": "1", "until": None},
    {"command": "silence", "device": "1", "until": "2031-01-01T08:00:00Z"},
    {"command": "silence", "device": "1", "until": "later"},
    {"command": "silence", "device": "1"},
    {"command": "stop"},
]


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_gateway_and_schema_agree_on_commands(gateway, conforms, command):
    before = gateway.counts
    gateway.receive("skdualcnn/commands", json.dumps(command).encode())
    changed = {kind for kind, n in gateway.counts.items() if n != before[kind]}
    assert bool(changed & {"command", "command_without_effect"}) == conforms("command", command)


def test_a_category_of_several_statistics_is_text_on_its_way_in():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((60, 2)), columns=["pulse", "rate"])
    X["protocol_last"] = rng.choice(["mqtt", "tcp"], 60).astype(object)
    preprocessor = make_fusion_preprocessor(patient=["pulse"], network=["rate", "protocol_last"])
    network = DualPathCNNClassifier(max_epochs=1, random_state=0)
    decider = FusionDecider(make_pipeline(preprocessor, network))
    decider.fit(X, (X[["pulse", "rate"]].to_numpy() > 0.5).astype(int))
    settings = Settings(
        {
            "streams": {"patient": ["pulse"], "network": ["rate", "protocol"]},
            "freq": 1.0,
            "aggregate": {"network": {"rate": "last", "protocol": ["last", "last_valid"]}},
        }
    )
    gateway = Gateway(decider, settings, clock="readings")
    values = payload_schema(gateway)["$defs"]["reading-network"]["properties"]["values"]
    assert "string" in values["properties"]["protocol"]["type"]
    assert "string" not in values["properties"]["rate"]["type"]
    for second, protocol in enumerate(["mqtt", True]):
        sent = {"time": second, "values": {"rate": 0.5, "protocol": protocol}}
        gateway.receive("skdualcnn/readings/1/network", json.dumps(sent).encode())
    assert gateway.detector.counters["accepted"] == 2
