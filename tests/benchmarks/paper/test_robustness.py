import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.perturbation import KINDS, LEVELS
from benchmarks.paper.robustness import build, describe_rows
from skdualcnn._studies import OURS


@pytest.mark.parametrize(
    ("tried", "in_a_row", "said"),
    [
        (2000, True, "Tried on the last 2,000 of the 3,221 test rows."),
        (2000, False, "Tried on 2,000 of the 3,221 test rows, from all over them."),
        (3221, True, "Tried on all 3,221 test rows."),
    ],
)
def test_the_page_says_which_rows_were_perturbed(tried, in_a_row, said):
    facts = {"perturbed_rows": tried, "perturbed_in_a_row": in_a_row}
    job = Job("wustl_ehms", "honest", "test", "m", 0)
    outcome = Outcome(job, facts, {}, {}, {"group": np.zeros(3221)})
    assert describe_rows(outcome) == said


def test_the_majority_class_ranks_no_rows(results_of):
    def outcome(model, clean, worst):
        facts = {
            "perturbed_rows": 1,
            "perturbed_in_a_row": False,
            "robustness": [
                {"head": "cyber", "kind": kind, "level": level, "roc_auc": area}
                for kind in KINDS
                for level, area in zip(
                    (0.0, *LEVELS), np.linspace(clean, worst, len(LEVELS) + 1), strict=True
                )
            ],
        }
        job = Job("ward", "honest", "test", model, 0)
        return Outcome(job, facts, {}, {"cyber": np.ones((1, 2))}, {"group": np.zeros(1)})

    section = build(
        results_of(
            outcome(OURS, 0.9, 0.8),
            outcome("majority class", 0.5, 0.5),
            outcome("decision tree", 0.4, 0.3),
        ),
        protocol="honest",
    )
    assert [[row[0] for row in table.rows] for table in section.tables] == [
        [OURS, "decision tree"]
    ] * len(KINDS)
    # The majority class would be the best other model on clean rows.
    assert "0.100 of its ROC-AUC, and decision tree, the best" in section.sentences[1]
    (figure,) = section.figures
    assert figure.figure.axes[0].get_legend_handles_labels()[1] == [OURS, "decision tree"]
