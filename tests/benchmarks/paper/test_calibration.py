import numpy as np

from benchmarks.paper.calibration import calibration_figures
from skdualcnn._calibrators import TemperatureCalibrator


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
