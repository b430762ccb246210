import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.scores import verdict
from skdualcnn._studies import OURS


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
    def outcome(model, score):
        return Outcome(
            Job("ward", "honest", "test", model, 0),
            {"classes": {"cyber": ["normal", "dos"]}, "normal": {"cyber": "normal"}},
            {"cyber": np.array(["normal", "normal", "dos", "dos"])},
            {"cyber": np.column_stack([1 - np.array(score), score])},
            {},
        )

    results = results_of(outcome(OURS, ours), outcome("tree", [0.1, 0.8, 0.2, 0.9]))
    assert verdict(results, "honest", "cyber").endswith(said)
