import numpy as np
import pytest

from benchmarks.paper.calibration import build, calibration_figures
from benchmarks.paper.jobs import CALIBRATION, Job
from benchmarks.paper.models import MINIROCKET
from benchmarks.paper.outcome import Outcome
from skdualcnn._calibrators import CALIBRATORS, TemperatureCalibrator
from skdualcnn._studies import OURS
from skdualcnn.baselines import make_baselines


def test_figures_of_scores_that_come_true_and_of_others():
    rng = np.random.default_rng(0)
    true = rng.random((20_000, 1))
    probability = np.hstack([1 - true, true])
    event = rng.random(20_000) < true[:, 0]
    right = calibration_figures(event, probability[:, 1])
    too_sure = probability**3 / (probability**3).sum(axis=1, keepdims=True)
    wrong = calibration_figures(event, too_sure[:, 1])
    assert right["ece"] < 0.02
    assert wrong["ece"] > 0.1
    assert right["brier"] < wrong["brier"]
    calibrator = TemperatureCalibrator().fit(too_sure, event.astype(int), np.ones(len(event)))
    again = calibration_figures(event, calibrator.apply(too_sure)[:, 1])
    assert again["ece"] < 0.02


@pytest.fixture
def section(results_of):
    def outcome(model, part="test"):
        risen = np.linspace(0.05, 0.95, 40)
        return Outcome(
            Job("ward", "honest", part, model, 0),
            {"classes": {"cyber": ["dos", "normal"]}, "normal": {"cyber": "normal"}},
            {"cyber": np.where(np.arange(40) % 3 > risen * 2, "normal", "dos")},
            {"cyber": np.column_stack([risen, 1 - risen])},
            {},
        )

    models = (OURS, *make_baselines(n_heads=1), MINIROCKET)
    return build(results_of(*map(outcome, models), outcome(OURS, CALIBRATION)), protocol="honest")


def test_the_majority_class_is_in_the_table_and_draws_no_curve(section):
    (table,), (_, beside) = section.tables, section.figures
    listed = [row[0] for row in table.rows]
    assert {"majority class", "decision tree"} < set(listed)
    labels = " ".join(beside.figure.axes[0].get_legend_handles_labels()[1])
    assert "decision tree" in labels
    assert "majority class" not in labels


def test_each_curve_of_a_diagram_has_a_colour_of_its_own(section):
    after, beside = [
        [line for line in one.figure.axes[0].lines if "Perfectly" not in line.get_label()]
        for one in section.figures
    ]
    assert [line.get_label().rpartition(" (")[0] for line in after] == [
        OURS,
        *(f"{OURS}, {method}" for method in CALIBRATORS),
    ]
    assert len(beside) == 7
    for lines in (after, beside):
        assert len({line.get_color() for line in lines}) == len(lines)
