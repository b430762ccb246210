"""A real server and three sites, each a process of its own, on this machine only."""

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdualcnn import load

pytest.importorskip("flwr", reason="Flower is not installed: extra 'federated'")
pytestmark = pytest.mark.slow  # four processes that import torch

LIMIT = 240  # seconds after which whatever still runs is ended
COLUMNS = ["--patient", "heart_rate", "spo2", "--network", "packet_rate", "protocol"]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a command here; whatever still runs is ended."""
    running = []

    def begin(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "skdualcnn", "federate", *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def files(ward, sites, tmp_path):
    """Write a CSV file per site; the third has no column of cyber labels."""
    for name, (X, y) in sites.items():
        rows = X.join(y.add_prefix("label_")).assign(bed=ward.groups.loc[X.index])
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return list(sites)


def site_arguments(name, address, heads):
    labels = [part for head in heads for part in (f"--{head}", f"label_{head}")]
    source = ["--csv", f"{name}.csv", "--groups", "bed", *COLUMNS, *labels]
    return ["site", "--name", name, "--server", address, *source, "--patience", 120]


def end_of(process):
    said, _ = process.communicate(timeout=LIMIT)
    return process.returncode, " ".join(said.split())


def test_three_sites_train_one_model(start, files, ward, address, tmp_path):
    server = start(
        *("server", "--address", address, "--sites", 3, "--rounds", 3, "--patience", 120),
        *("--out", "server.skdualcnn"),
    )
    others = []
    for name in files:
        heads = ["health"] if name == "south" else ["health", "cyber"]
        arguments = site_arguments(name, address, heads)
        others.append(start(*arguments, "--out", f"{name}.skdualcnn"))
    ends = [end_of(process) for process in (server, *others)]
    assert [code for code, _ in ends] == [0, 0, 0, 0], ends
    said = ends[0][1]
    assert "round 3: training loss" in said
    for what in ("quantiles and categories", "final weights", "rows per head"):
        assert what in said

    model = load(tmp_path / "server.skdualcnn")
    scores = model.decision_function(ward.data)
    assert model.head_names_ == ["health", "cyber"]
    for name in files:
        same = load(tmp_path / f"{name}.skdualcnn")
        np.testing.assert_array_equal(same.decision_function(ward.data), scores)
    # It has learned: rows under attack, of which the third site knows nothing, stand out.
    attacked = (ward.target["cyber"] != "normal").to_numpy()
    assert scores[attacked, 1].mean() > scores[~attacked, 1].mean()


def test_a_site_that_does_not_fit_ends_the_run_for_all(start, files, address, tmp_path):
    table = pd.read_csv(tmp_path / "east.csv")
    table["spo2"] = np.where(table["spo2"] < 95, "low", "high")
    table.to_csv(tmp_path / "east.csv", index=False)
    server = start("server", "--address", address, "--sites", 2, "--patience", 120)
    others = [
        start(*site_arguments(name, address, ["health", "cyber"])) for name in ("north", "east")
    ]
    code, said = end_of(server)
    assert code == 3
    assert "federate: error: Column 'spo2' has" in said
    for process in others:
        code, said = end_of(process)
        assert code == 3
        assert "ended the run before the last round" in said
    assert not Path(tmp_path / "federated.skdualcnn").exists()
