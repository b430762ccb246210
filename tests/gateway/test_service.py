"""The whole gateway against a real mosquitto, which dies in between."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from skdualcnn._cli import main
from skdualcnn.gateway import Gateway, Limits, Settings
from skdualcnn.gateway._broker import Broker
from skdualcnn.gateway._gateway import Outgoing
from skdualcnn.gateway._service import GatewayService
from skdualcnn.gateway._session import Session


class Watch:
    """What a subscriber sees of the gateway, and a publisher of readings."""

    def __init__(self, broker):
        self.decisions, self.events, self.status = [], [], []
        topics = ["skdualcnn/decisions/+", "skdualcnn/alerts/+/+", "skdualcnn/gateway/status"]
        self.session = Session(
            Broker.at(f"127.0.0.1:{broker.port}"),
            "",
            subscriptions=topics,
            on_message=self.note,
        )
        self.session.start()
        self.session.expect_connection(10)

    def note(self, topic, payload):
        record = json.loads(payload)
        if "/decisions/" in topic:
            self.decisions.append((record["device"], record["time"], record["decision"]))
            assert record["reason"]
        elif "/alerts/" in topic:
            self.events.append((record["device"], record["kind"], record["event"], record["time"]))
        else:
            self.status.append(record["status"])

    def publish(self, messages):
        for message in messages:
            self.session.wait(50, 10)
            self.session.publish(message, retain=False)
        assert self.session.wait(0, 20)


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return {
        (sample.name.removeprefix("skdualcnn_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def health(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class Running:
    """A service in a thread."""

    def __init__(self, case, policies, broker, state, *, detector, clock, limits):
        gateway = Gateway(
            case.decider,
            Settings({"freq": "1min", "tolerance": "4min", **detector}, policies),
            clock=clock,
            grace=0.0,
            limits=Limits(**{"max_rate": 0, **limits}),
        )
        self.service = GatewayService(
            gateway,
            case.decider,
            Broker.at(f"127.0.0.1:{broker.port}"),
            client_id="gateway",
            state=state,
            save_every=0.0,
            settle=0.0,
            http=("127.0.0.1", 0),
        )
        self.port = self.service.http_port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.service.run, args=(self._stop,))
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()


@pytest.fixture
def run_gateway(case, policies, tmp_path):
    """Return a function that starts the gateway, with the state of the last one."""
    running = []

    def start(broker, *, detector=None, clock="readings", **limits):
        options = {"detector": detector or {}, "clock": clock, "limits": limits}
        running.append(Running(case, policies, broker, tmp_path / "state", **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def watch():
    """Return a function that opens a watch which is closed at the end."""
    opened = []

    def start(broker):
        opened.append(Watch(broker))
        return opened[-1]

    yield start
    for one in opened:
        one.session.stop()


HOSTILE = [
    ("1/patient", b'{"time": 1, "values": {"heart_rate": ' + b"9" * 10_000_000 + b"}}"),
    ("1/patient", b'{"time": 1, "values": {"heart_rate": NaN}}'),
    ("1/patient", b'{"time": 1, "values": {"heart_rate": ' + b"9" * 5000 + b"}}"),
    ("1/patient", b'{"time": 1, "time": 1, "values": {}}'),
    ("1/patient", b"[" * 60_000),
    ("1/patient", b"\xff\xfe\x00"),
    ("1/patient", b'{"time": {}, "values": {}}'),
    ("1/patient", b'{"time": 1, "values": []}'),
    ("1/nothing", b'{"time": 1, "values": {}}'),
    ("1/patient", b'{"time": 1, "values": {}}'),
    ("1/patient", b""),
]


def test_the_ward_through_a_broker_that_dies(case, start_mosquitto, run_gateway, watch, patience):
    messages = case.messages()
    broker = start_mosquitto()
    gateway, seen = run_gateway(broker), watch(broker)
    patience(lambda: health(gateway.port)[0] == 200, "the gateway")

    def read(n):
        patience(
            lambda: scrape(gateway.port)["readings_total", "accepted"] == n, f"{n} readings", 30
        )

    third = len(messages) // 3
    seen.publish(messages[:third])
    read(third)
    # What a broker without persistence has taken and not passed on, dies with it.
    ticks = scrape(gateway.port)["ticks_total",]
    patience(lambda: len(seen.decisions) == ticks, "decisions of the first third")
    broker.kill(signal.SIGKILL)
    patience(lambda: health(gateway.port)[0] == 503, "the gateway to notice")
    assert health(gateway.port)[1]["connected"] is False
    broker.start()
    patience(lambda: health(gateway.port)[0] == 200, "the gateway to come back")
    patience(lambda: seen.session.counts["connections"] == 2, "the watch to come back")

    hostile = [Outgoing(f"skdualcnn/readings/{where}", payload) for where, payload in HOSTILE]
    seen.publish([*hostile, *messages[third : 2 * third]])
    read(2 * third)
    counts = scrape(gateway.port)
    for kind in ("too_large", "duplicate_key", "too_deep", "not_utf8", "bad_number", "bad_time"):
        assert counts["messages_total", kind] == 1, kind
    assert counts["messages_total", "not_json"] == 2
    assert counts["messages_total", "bad_form"] == 1
    assert counts["readings_total", "unknown_stream"] == 1
    assert counts["readings_total", "missing_column"] == 1
    assert counts["broker_connections_total",] == 2
    assert counts["broker_errors_total",] == 0

    gateway.stop()  # what is published meanwhile, the broker keeps
    patience(lambda: seen.status[-1] == "offline", "the farewell")
    seen.publish(messages[2 * third :])
    gateway = run_gateway(broker)
    read(len(messages))
    patience(lambda: scrape(gateway.port)["pending_messages",] == 0, "the last word")

    offline = case.decisions()
    last = {device: max(stamp for one, stamp in offline if one == device) for device in "012"}
    expected = {key: answer for key, answer in offline.items() if last[key[0]] != key[1]}
    patience(lambda: len(seen.decisions) >= len(expected), "all decisions")
    got = {(device, stamp): answer for device, stamp, answer in seen.decisions}
    assert len(got) == len(seen.decisions)  # none twice
    assert {key: got[key] for key in expected} == expected
    assert {key: offline[key] for key in got} == got
    patience(lambda: len(seen.events) >= len(case.events(got)), "all alerts")
    assert len(set(seen.events)) == len(seen.events)
    assert set(seen.events) == case.events(got)
    assert {kind for _, kind, event, _ in seen.events if event == "raised"} == {
        "medical",
        "cyber",
    }


def test_what_was_not_delivered_is_delivered_after_a_restart(
    case, start_mosquitto, run_gateway, watch, patience
):
    messages = case.messages()[:200]
    broker = start_mosquitto()
    gateway = run_gateway(broker)
    patience(lambda: health(gateway.port)[0] == 200, "the gateway")
    broker.kill()
    patience(lambda: health(gateway.port)[0] == 503, "the gateway to notice")
    for message in messages:  # as if they had come before the broker died
        gateway.service._on_message(*message)
    waiting = health(gateway.port)[1]["pending_messages"]
    assert waiting > 10
    gateway.stop()
    broker.start()
    seen = watch(broker)
    again = run_gateway(broker)
    patience(lambda: len(seen.decisions) + len(seen.events) == waiting, "what was pending")
    assert health(again.port)[1]["readings_accepted"] == len(messages)


def test_a_flood_of_one_device_is_counted_and_the_others_are_heard(
    case, start_mosquitto, run_gateway, watch, patience, caplog
):
    broker = start_mosquitto()
    gateway = run_gateway(broker, max_rate=10.0, max_burst=20.0, devices=frozenset({"0", "1"}))
    seen = watch(broker)
    patience(lambda: health(gateway.port)[0] == 200, "the gateway")
    messages = case.messages()
    loud = [one for one in messages if "/0/" in one.topic][:500]
    quiet = [one for one in messages if "/1/" in one.topic][:10]
    stranger = [one for one in messages if "/2/" in one.topic][:10]
    seen.publish([*loud, *stranger, *quiet])
    patience(lambda: scrape(gateway.port)["messages_total", "unknown_device"] == 10, "strangers")
    counts = scrape(gateway.port)
    assert counts["messages_total", "rate_limited"] > 300
    patience(lambda: scrape(gateway.port)["devices",] == 2, "the quiet device")
    assert set(gateway.service._gateway.detector.devices) == {"0", "1"}
    patience(lambda: "10 unknown_device" in caplog.text, "a line in the log")


def test_the_wall_clock_decides_when_nothing_comes(
    case, start_mosquitto, run_gateway, watch, patience
):
    broker = start_mosquitto()
    gateway = run_gateway(broker, detector={"freq": "1s"}, clock="wall")
    seen = watch(broker)
    patience(lambda: health(gateway.port)[0] == 200, "the gateway")
    now = pd.Timestamp.now("UTC")
    first = {one.topic: one for one in case.messages(now)}
    first = [one for topic, one in first.items() if "/0/" in topic]
    stamped = [
        Outgoing(topic, json.dumps({**json.loads(payload), "time": now.timestamp()}).encode())
        for topic, payload in first
    ]
    seen.publish(stamped)
    patience(lambda: len(seen.decisions) >= 2, "two ticks without a reading")
    stamps = [pd.Timestamp(stamp) for _, stamp, _ in seen.decisions]
    assert stamps[0] == now.ceil("1s")
    assert stamps[1] - stamps[0] == pd.Timedelta("1s")


def test_http_answers_nothing_else(start_mosquitto, run_gateway):
    gateway = run_gateway(start_mosquitto())
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/secret", timeout=5)
    with error.value as answer:
        assert answer.code == 404


@pytest.mark.slow
def test_as_a_process(capsys, model_file, start_mosquitto, watch, tmp_path, patience):
    broker = start_mosquitto()
    seen = watch(broker)
    command = [sys.executable, "-m", "skdualcnn"]
    at_broker = ["--broker", f"127.0.0.1:{broker.port}"]
    state = tmp_path / "state"
    options = [str(model_file), "--state", str(state), "--http", "127.0.0.1:0"]
    options += ["--clock", "readings", "--max-rate", "0"]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}

    def start():
        process = subprocess.Popen(
            [*command, "gateway", *at_broker, *options],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        log = []
        for line in process.stderr:
            log.append(line)
            if "connected to" in line:
                break
        [port] = re.findall(r"http://127.0.0.1:(\d+)/metrics", "".join(log))
        return process, int(port), "".join(log)

    process, port, _ = start()
    ward = ["--fast", "--patients", "2", "--hours", "0.5", "--seed", "3"]
    assert main(["simulate", *at_broker, *ward, "--start", "2024-01-01T08:00:00Z"]) == 0
    out = capsys.readouterr().out
    assert " begins" in out
    n = int(re.search(r"published: ([0-9,]+) reports", out)[1].replace(",", ""))
    patience(lambda: scrape(port)["readings_total", "accepted"] == n, "the readings")
    patience(lambda: len(seen.decisions) >= 2 * 28, "decisions")
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == 0, rest
    assert "state saved" in rest
    patience(lambda: seen.status[-1] == "offline", "the farewell")

    process, port, log = start()
    assert "2 devices and" in log
    assert scrape(port)["readings_total", "accepted"] == n
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == 0, rest
