"""Peers in other environments, which stubs under this interpreter stand for."""

import shlex
import sys

import pytest

from benchmarks.speed import environments
from benchmarks.speed.environments import Environments
from benchmarks.speed.rounds import Timed, take_turns

NET = {"shape": (68,), "rows": 20, "batch_size": 8}
STUB = """
import os

def prepare(threads):
    print("what a library prints is no reply")
    return {{"stub": "1.2", "threads": f"{{threads}} {{os.environ['OMP_NUM_THREADS']}}"}}

class Peer:
    def __init__(self, shape, batch_size):
        assert (shape, batch_size) == ((68,), 8)
        self.asked = []

    def train(self, X, codes):
        self.asked.append(len(X))
        {train}

    def predict(self, X):
        assert self.asked
        return X
"""
OWN_TIME = "return 3.0, 2.0"
CRASHES_LATER = "if len(self.asked) > 2: raise MemoryError('too many rows')"


@pytest.fixture
def peers(tmp_path, monkeypatch):
    """Environments of stubs that were given by name; None is a folder without interpreter."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def build(**stubs):
        monkeypatch.setattr(environments, "PEERS", {name: name.title() for name in stubs})
        for name, source in stubs.items():
            if source is not None:
                python = tmp_path / name / "bin" / "python"
                python.parent.mkdir(parents=True)
                python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
                python.chmod(0o755)
                (tmp_path / f"{name}_peer.py").write_text(source)
        return Environments(tmp_path)

    return build


def test_a_peer_takes_turns_with_the_time_it_measured_itself(peers):
    with peers(plain=STUB.format(train="pass"), own=STUB.format(train=OWN_TIME)) as others:
        contestants = others.contestants("train", **NET, threads=2)
        table = take_turns({"ours": lambda: None} | contestants, rounds=2)
        assert others.contestants("predict", **NET, threads=2)["Own"]() != Timed(3.0, 2.0)
    assert table["who"].tolist() == ["ours", "Plain", "Own"]
    assert table["seconds"].iloc[2] == 3
    assert table["cpu_seconds"].iloc[2] == 2
    assert others.versions == dict.fromkeys(("Plain", "Own"), "stub 1.2, threads 2 2")
    assert others.left_out == {}


def test_a_first_request_has_few_rows_and_the_last_batch_of_all(peers):
    with peers(seen=STUB.format(train="return sum(self.asked), len(self.asked)")) as others:
        train = others.contestants("train", **NET, threads=1)["Seen"]
        assert train() == Timed(20 + 20, 2)


def test_peak_memory_is_that_of_a_new_process(peers):
    with peers(plain=STUB.format(train="assert len(self.asked) == 1")) as others:
        assert list(others.peaks(**NET)) == ["Plain"]
        assert others.peaks(**NET)["Plain"] > 1


def test_what_is_not_there_or_fails_is_named_and_the_others_go_on(peers):
    stubs = {
        "absent": None,
        "unimportable": "import no_such_library",
        "silent": "import os; os._exit(3)",
        "failing": STUB.format(train=CRASHES_LATER),
        "good": STUB.format(train="pass"),
    }
    with peers(**stubs) as others:
        contestants = others.contestants("train", **NET, threads=1)
        assert list(contestants) == ["Failing", "Good"]
        table = take_turns({"ours": lambda: None} | contestants, rounds=3)
        assert list(others.contestants("train", **NET, threads=1)) == ["Good"]
        assert list(others.peaks(**NET)) == ["Good"]
    assert table["who"].tolist() == ["ours", "Good"]
    assert others.left_out == {
        "absent": "no environment",
        "unimportable": "ModuleNotFoundError: No module named 'no_such_library'",
        "silent": "ended with status 3",
        "failing": "MemoryError: too many rows",
    }


def test_without_a_folder_every_peer_is_left_out():
    with Environments(None) as others:
        assert others.contestants("train", **NET, threads=1) == {}
        assert others.peaks(**NET) == {}
    assert set(others.left_out) == {"keras_tensorflow", "keras_torch", "tsai", "aeon"}
