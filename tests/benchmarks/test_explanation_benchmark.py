"""What the benchmark of explanations prints: areas, intervals, and alerts of one head."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import explanation
from skdualcnn import FusionDecider
from skdualcnn._studies import OURS, STUDIES, fit
from skdualcnn.datasets import make_ward

pytest.importorskip("captum", reason="Captum is not installed")


def areas(ahead):
    return pd.DataFrame(
        {
            "data": "ward",
            "seed": range(len(ahead)),
            "head": "cyber",
            "alerts": 10,
            "score": 0.9,
            "by_attribution": 0.2,
            "at_random": 0.2 + np.array(ahead),
            "in_order": 0.3,
        }
    )


def test_the_interval_is_that_of_t_over_seeds():
    row = explanation.summarise(areas([0.1, 0.2, 0.3])).loc[("ward", "cyber")]
    assert row["ahead"] == pytest.approx(0.2)
    assert row["low"] == pytest.approx(0.2 - 4.3027 * 0.1 / 3**0.5, abs=1e-4)
    assert row["high"] == pytest.approx(0.2 + 4.3027 * 0.1 / 3**0.5, abs=1e-4)


def test_one_seed_has_no_interval():
    row = explanation.summarise(areas([0.1])).loc[("ward", "cyber")]
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])


@pytest.fixture(scope="module")
def ward():
    """A short ward and a decider of few epochs."""
    study = STUDIES["ward"]
    dataset = make_ward(n_patients=6, hours=2.0, random_state=0)
    decider = study.models(dataset, quick=True, verbose=0, random_state=0)[OURS]
    rows = np.arange(len(dataset.data))
    return study, dataset, rows, fit(decider, dataset, rows)


def test_importance_ranks_every_column_once(ward):
    _, dataset, rows, decider = ward
    order = explanation.importance_order(decider, dataset, rows, 1)
    named = [name for listed in dataset.modalities.values() for name in listed]
    assert sorted(order) == sorted(named)


def test_alerts_are_of_the_head_that_is_asked_for(ward):
    study, dataset, rows, decider = ward
    X, alerts = explanation.alerts_of(decider, dataset, rows, study, 1)
    assert isinstance(decider, FusionDecider)
    assert 0 < len(alerts) <= explanation.ALERTS
    assert set(decider.predict(X.iloc[alerts])) <= {"cyber", "both"}


@pytest.mark.slow
def test_both_heads_of_the_ward_are_measured(tmp_path, capsys):
    results = explanation.run(["ward"], tmp_path, tmp_path, [0], quick=True)
    assert set(results["head"]) == {"health", "cyber"}
    assert (tmp_path / "explanation.json").exists()
    assert "by contributions" in capsys.readouterr().out
