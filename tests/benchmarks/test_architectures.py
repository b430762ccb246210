"""The benchmark of the architectures: costs beside scores, and a plain verdict."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import architectures
from skdualcnn.network import ARCHITECTURES


@pytest.mark.slow
@pytest.mark.usefixtures("small_ward")
def test_tables_hold_costs_and_scores_of_every_architecture(tmp_path, capsys):
    results = architectures.run(["ward"], tmp_path, tmp_path / "out", [0, 1], quick=True)
    networks = results[results["model"].isin(ARCHITECTURES)]
    assert len(networks) == 2 * 2 * len(ARCHITECTURES)
    assert len(results) == len(networks) + 2 * 6
    assert (networks["flash"] > networks["constants"]).all()
    assert (networks[networks["model"] == "compact"]["parameters"] < 30_000).all()
    assert (networks[networks["model"] == "paper"]["parameters"] > 100_000).all()
    assert (networks[networks["model"] == "paper"]["difference"] == 0).all()
    written = json.loads((tmp_path / "out" / "architectures.json").read_text())
    assert len(written["results"]) == len(results)
    assert written["results"][-1]["flash"] is None
    assert {"commit", "scikit-learn"} <= set(written["environment"])
    printed = capsys.readouterr().out
    assert "| ward | health | boosted trees |" in printed
    assert "compact on ward, cyber: " in printed


def results(area, parameters, flash):
    rows = [
        {"data": "ward", "head": "health", "seed": seed, "model": "paper", "roc_auc": 0.9}
        for seed in (0, 1)
    ]
    rows += [
        {**row, "model": "compact", "roc_auc": area, "parameters": parameters, "flash": flash}
        for row in rows
    ]
    return architectures.add_differences(pd.DataFrame(rows))


def test_the_verdict_says_by_how_much():
    fine = architectures.judge(results(0.896, 30_000, 40_000), "compact")
    assert fine == ["compact on ward, health: within all limits"]
    over = architectures.judge(results(0.885, 31_000, 40_000), "compact")
    assert over == ["compact on ward, health: misses by 0.01 ROC-AUC, 1,000 parameters"]


def test_differences_are_to_the_same_seed():
    table = results(0.9, 1, 1)
    table["roc_auc"] = [0.8, 0.9, 0.81, 0.92]
    differences = architectures.add_differences(table)["difference"]
    np.testing.assert_allclose(differences, [0, 0, 0.01, 0.02], atol=1e-12)
