"""A decider that reads windows is watched batch by batch, as it was learned."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.drift import DriftMonitor, DriftWatch
from skdualcnn.preprocessing import SlidingWindow

BATCH, COLUMNS = 60, ["spo2", "packet_rate"]


def _rows(n, seed):
    """Return rows whose label is in the mean of the last eight, which one row cannot tell."""
    X = pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 2)), columns=COLUMNS)
    means = X.rolling(8, min_periods=1).mean()
    y = pd.DataFrame(
        {
            "health": np.where(means["spo2"] > 0.2, "hypoxia", "normal"),
            "cyber": np.where(means["packet_rate"] > 0.2, "dos", "normal"),
        }
    )
    return X, y


@pytest.fixture(scope="module")
def monitor():
    network = DualPathCNNClassifier(
        architecture="compact", lr=1e-2, max_epochs=4, batch_size=64, random_state=0
    )
    preprocessor = make_fusion_preprocessor(patient=["spo2"], network=["packet_rate"])
    decider = FusionDecider(make_pipeline(preprocessor, SlidingWindow(8), network))
    decider.fit(*_rows(4000, 0))
    modalities = {"patient": ["spo2"], "network": ["packet_rate"]}
    monitor = DriftMonitor(decider, modalities, batch_size=BATCH)
    return monitor.fit(*_rows(6000, 1))


def test_rows_that_come_one_at_a_time_raise_few_alarms(monitor):
    X, y = _rows(20 * BATCH, 2)
    watch, reports = DriftWatch(monitor), []
    for row in range(len(X)):
        reports += watch.push(X[row : row + 1], y[row : row + 1])
    alarms = pd.DataFrame([report.parts["alarm"] for report in reports])
    assert len(alarms) == 20
    # of 20 batches at 5 %, five or more are less likely than 1 in 100
    assert (alarms.sum() <= 4).all()


def test_scores_are_asked_for_by_the_batch(monitor):
    X, y = _rows(BATCH, 3)
    watch = DriftWatch(monitor)
    assert watch.push(X[:7], y[:7]) == []
    (report,) = watch.push(X[7:], y[7:])
    pd.testing.assert_frame_equal(report.parts, monitor.check(X, y).parts)


def test_the_reference_is_scored_in_batches(monitor):
    X, y = _rows(6000, 1)
    again = DriftMonitor(monitor.decider, monitor.modalities, batch_size=BATCH)
    pieces = [monitor.decider.decision_function(X[i : i + BATCH]) for i in range(0, 6000, BATCH)]
    differences = np.concatenate(pieces) - (y != "normal").to_numpy(float)
    again.fit(X, y)
    counts = again.counts_["calibration"]
    for head, total in zip(["health", "cyber"], differences.sum(axis=0), strict=True):
        np.testing.assert_allclose(counts[head], [total, 6000])
