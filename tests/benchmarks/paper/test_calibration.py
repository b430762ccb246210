import numpy as np
import pytest

from benchmarks.paper.calibration import calibration_figures, fit_temperature, scale


@pytest.fixture
def sure():
    """Probabilities that are too sure by a temperature of two, and labels."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 3))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = (true.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    return scale(true, 0.5), label, true


def test_the_temperature_is_found(sure):
    probability, label, true = sure
    temperature = fit_temperature(probability, label)
    assert temperature == pytest.approx(2, rel=0.05)
    np.testing.assert_allclose(scale(probability, 2.0), true)


def test_scaling_calibrates(sure):
    probability, label, _ = sure
    scaled = scale(probability, fit_temperature(probability, label))
    before = calibration_figures(label > 0, 1 - probability[:, 0])
    after = calibration_figures(label > 0, 1 - scaled[:, 0])
    assert after["ece"] < 0.2 * before["ece"]
    assert after["brier"] < before["brier"]


def test_certain_zeros_stay_finite():
    probability = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    temperature = fit_temperature(probability, np.array([0, 1, 1]))
    assert np.isfinite(temperature)
    assert np.isfinite(scale(probability, temperature)).all()
