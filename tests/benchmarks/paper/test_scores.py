from dataclasses import replace

import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.scores import build, verdict
from skdualcnn._studies import OURS


def outcome(model, score):
    return Outcome(
        Job("ward", "honest", "test", model, 0),
        {
            "classes": {"cyber": ["normal", "dos"]},
            "normal": {"cyber": "normal"},
            "seconds": 0.1,
            "train_rows": 4,
            "fitted_rows": 4,
        },
        {"cyber": np.array(["normal", "normal", "dos", "dos"])},
        {"cyber": np.column_stack([1 - np.array(score), score])},
        {"group": np.arange(4)},
    )


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (
            [0.1, 0.2, 0.8, 0.9],
            "(1.0000) is ahead of the best other model, tree (0.7500), by 0.2500.",
        ),
        ([0.1, 0.8, 0.2, 0.9], "(0.7500) is level with the best other model, tree (0.7500)."),
        (
            [0.9, 0.8, 0.2, 0.1],
            "(0.0000) is behind the best other model, tree (0.7500), by 0.7500.",
        ),
    ],
)
def test_a_lead_a_tie_and_a_lag(results_of, ours, said):
    results = results_of(outcome(OURS, ours), outcome("tree", [0.1, 0.8, 0.2, 0.9]))
    assert verdict(results, "honest", "cyber").endswith(said)


def test_the_papers_five_figures_stand_beside_ours(results_of):
    models = (OURS, "logistic regression", "random forest")
    results = results_of(*(outcome(one, [0.1, 0.2, 0.8, 0.9]) for one in models))
    (table,) = build(replace(results, splits={"honest": ""}), "honest").tables
    printed = [name for name in table.columns if name.startswith("the paper: ")]
    assert printed == [
        f"the paper: {one}" for one in ("accuracy", "precision", "recall", "F1", "AUC")
    ]
    rows = {row[0]: row[-5:] for row in table.rows}
    assert rows["random forest"] == ["0.948; 0.955", "0.953", "0.951", "0.95; 0.952", "0.96"]
    assert rows["logistic regression"] == ["0.884", "–", "–", "0.89", "–"]
