"""A small decider of the ward, and a real mosquitto on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor, save
from skdualcnn.datasets import make_ward
from skdualcnn.gateway import Topics
from skdualcnn.gateway._simulation import ward_messages, ward_reports
from skdualcnn.preprocessing import SlidingWindow, align_streams
from skdualcnn.streaming import AlertDesk, AlertPolicy, Decision

START = pd.Timestamp("2024-01-01T08:00:00Z")
POLICIES = tuple(AlertPolicy(one, raise_count=2, raise_window=4) for one in ("medical", "cyber"))


class Case:
    """The ward, a decider with windows fitted on its rows, and what both say offline."""

    def __init__(self):
        self.ward = make_ward(n_patients=3, hours=1.5, random_state=5)
        aligned = align_streams(
            self.ward.streams, on="timestamp", by="patient", freq="1min", tolerance="4min"
        )
        self.rows = aligned.data
        self.X = self.rows[self.ward.feature_names]
        labels = pd.DataFrame(
            {"timestamp": self.ward.timestamps, "patient": self.ward.groups}
            | dict(self.ward.target)
        )
        keys = ["patient", "timestamp"]
        y = self.rows[keys].merge(labels, on=keys, how="left")[["health", "cyber"]]
        network = DualPathCNNClassifier(
            conv_channels=(8,), dense_units=16, max_epochs=12, lr=1e-2, random_state=0
        )
        preprocessor = make_fusion_preprocessor(**self.ward.modalities)
        self.decider = FusionDecider(
            make_pipeline(preprocessor, SlidingWindow(3), network), thresholds=(0.3, 0.3)
        )
        self.decider.fit(self.X, y.fillna("normal"))

    def messages(self, start=START):
        """Return what the ward's devices publish, in order."""
        timed = ward_messages(ward_reports(self.ward), start, Topics())
        return [one.what for one in timed]

    def decisions(self):
        """Return the offline pipeline's decision at each device and time."""
        decided = {}
        for patient, rows in self.rows.groupby("patient", sort=False):
            stamps = rows["timestamp"].dt.tz_localize("UTC")
            answers = self.decider.predict(self.X.loc[rows.index])
            decided |= {
                (str(patient), stamp.isoformat()): answer
                for stamp, answer in zip(stamps, answers, strict=True)
            }
        return decided

    def events(self, decided):
        """Return (device, kind of alert, kind of change, time) of what decisions lead to."""
        desk = AlertDesk(POLICIES, times="aware")
        return {
            (event.alert.device, event.alert.kind, event.kind, event.time.isoformat())
            for (device, stamp), answer in decided.items()
            for event in desk.observe(
                Decision(device, pd.Timestamp(stamp), answer, 0.5, 0.5, {}, "", "ok")
            )
        }


@pytest.fixture(scope="session")
def case():
    return Case()


@pytest.fixture(scope="session")
def model_file(case, tmp_path_factory):
    return save(case.decider, tmp_path_factory.mktemp("model") / "ward.skdualcnn")


class Mosquitto:
    """A broker that can be killed and started again."""

    def __init__(self, program, folder, settings):
        self.port = free_port()
        self._program = program
        lines = [f"listener {self.port} 127.0.0.1", *settings]
        if not any(line.startswith("allow_anonymous") for line in lines):
            lines.append("allow_anonymous true")
        lines += ["max_queued_messages 100000", "user root"]
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text("\n".join(lines) + "\n")
        self._log = folder / "mosquitto.log"
        self._process = None

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._settings)], stdout=log, stderr=log
            )
        wait_until(self._answers, "mosquitto to listen")

    def kill(self, how=signal.SIGKILL):
        self._process.send_signal(how)
        self._process.wait(timeout=10)
        self._process = None

    def stop(self):
        if self._process is not None:
            self.kill()

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(is_so, what, seconds=20):
    """Wait for a condition, and fail if it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def patience():
    return wait_until


def find_program(name):
    """Return a program's path, or skip; continuous integration must not skip."""
    program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        assert os.environ.get("SKDUALCNN_TOOLS") != "required", f"{name} is not installed"
        pytest.skip(f"{name} is not installed (Debian package {name})")
    return program


@pytest.fixture
def start_mosquitto(tmp_path):
    """Return a function that starts a broker with settings."""
    program = find_program("mosquitto")
    started = []

    def start(*settings):
        broker = Mosquitto(program, tmp_path, settings)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.stop()


@pytest.fixture
def policies():
    return POLICIES


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Return a folder with a CA, and a server's and a client's certificate."""
    program = find_program("openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "rsa:2048", "-nodes", "-subj"]
    openssl("req", "-x509", *new, "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *new, f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ["x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        openssl(*signed, "-extfile", "names", "-in", f"{name}.csr", "-out", f"{name}.pem")
    return folder
