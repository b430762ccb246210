"""The federated benchmark on a short ward, with a real server and processes."""

import json

import pandas as pd
import pytest

pytest.importorskip("flwr", reason="Flower is not installed: extra 'federated'")

from benchmarks import federated
from benchmarks.__main__ import main


@pytest.mark.slow
def test_every_way_to_train_is_scored_and_the_wire_is_listed(tmp_path):
    federated.run(tmp_path, quick=True, data_dir=tmp_path, seeds=1)
    document = json.loads((tmp_path / "federated.json").read_text())
    table = pd.DataFrame(document["results"])
    assert set(table["head"]) == {"health", "cyber"}
    assert {"pooled", "federated", "site 0 alone"} <= set(table["training"])
    assert table["roc_auc"].between(0, 1).all()
    sent = json.loads((tmp_path / "federated_wire.json").read_text())["results"]
    assert {row["way"] for row in sent} == {"site to server", "server to site"}


def test_the_command_takes_a_number_of_rounds(monkeypatch):
    asked = {}
    monkeypatch.setattr(federated, "run", lambda out, **options: asked.update(options))
    monkeypatch.setattr("sys.argv", ["benchmarks", "federated", "--rounds", "40"])
    assert main() == 0
    assert asked["rounds"] == 40
