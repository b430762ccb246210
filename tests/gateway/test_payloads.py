import json
from datetime import UTC, datetime

import pytest

from skdualcnn.gateway._payloads import (
    Acknowledge,
    Silence,
    read_command,
    read_reading,
    read_time,
)
from skdualcnn.streaming._readings import Refused

NINE = datetime(2024, 1, 1, 9, tzinfo=UTC)


CATEGORICAL = frozenset({"port"})


def refusal_of(function, *arguments):
    with pytest.raises(Refused) as refusal:
        function(*arguments)
    return refusal.value.kind


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T09:00:00Z",
        "2024-01-01T10:30:00+01:30",
        "2024-01-01T09:00:00.000000999Z",
        1_704_099_600,
        1_704_099_600.0,
        1_704_099_599.999_999_7,
    ],
)
def test_times(text):
    assert read_time(text) == NINE


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T09:00:00",
        "2024-01-01",
        "2024-01-01 09:00:00Z",
        "20240101T090000Z",
        "2024-W01-1T09:00:00Z",
        "2024-02-30T09:00:00Z",
        "2024-01-01T25:00:00Z",
        "2024-01-01T09:00:00+99:00",
        "2024-01-01T09:00:00Z\n",
        "٢٠٢٤-01-01T09:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1600-01-01T00:00:00Z",
        "2262-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "",
        -1,
        1e300,
        10**40,
        True,
        None,
        [],
    ],
)
def test_what_is_no_time(text):
    assert refusal_of(read_time, text) == "bad_time"


def test_a_reading():
    payload = b'{"values": {"a": null}, "time": "2024-01-01T09:00:00Z"}'
    read = read_reading(payload, 100, CATEGORICAL)
    assert read == (NINE, {"a": None})


@pytest.mark.parametrize(
    "payload",
    [
        "null",
        "[]",
        "{}",
        '{"time": 1}',
        '{"time": 1, "values": 1}',
        '{"time": 1, "values": []}',
        '{"time": 1, "values": {}, "device": "1"}',
        '{"time": 1, "values": {"port": "a", "rate": true}}',
    ],
)
def test_a_reading_of_another_form(payload):
    assert refusal_of(read_reading, payload.encode(), 100, CATEGORICAL) == "bad_form"


def test_a_category_may_be_a_truth_value():
    read = read_reading(b'{"time": 1, "values": {"port": true}}', 100, CATEGORICAL)
    assert read.values == {"port": True}


def test_commands():
    def read(**members):
        return read_command(json.dumps(members).encode(), 1000)

    assert read(command="acknowledge", alert=3) == Acknowledge(3, None)
    assert read(command="acknowledge", alert=3, by="Dr Ash") == Acknowledge(3, "Dr Ash")
    assert read(command="silence", device="1", until=None) == Silence("1", None)
    assert read(command="silence", device="1", until=1_704_099_600) == Silence("1", NINE)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"command": "acknowledge"},
        {"command": "acknowledge", "alert": "3"},
        {"command": "acknowledge", "alert": 3.0},
        {"command": "acknowledge", "alert": 3, "by": 7},
        {"command": "acknowledge", "alert": 3, "by": "x" * 300},
        {"command": "acknowledge", "alert": 3, "why": ""},
        {"command": "silence", "device": "1"},
        {"command": "silence", "device": 1, "until": None},
        {"command": "silence", "device": "", "until": None},
        {"command": ["silence"], "device": "1", "until": None},
    ],
    ids=str,
)
def test_commands_of_another_form(members):
    assert refusal_of(read_command, json.dumps(members).encode(), 1000) == "bad_form"


def test_a_command_with_a_bad_time():
    payload = b'{"command": "silence", "device": "1", "until": "soon"}'
    assert refusal_of(read_command, payload, 1000) == "bad_time"
