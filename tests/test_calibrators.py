"""Calibrators make probabilities true, and those that are affine say so of the logits."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from skdualcnn._calibrators import CALIBRATORS
from skdualcnn.metrics import expected_calibration_error


def overconfident(n_classes, n=20_000, sharpness=3.0):
    """Return probabilities too sure by a known factor, and classes drawn by the true ones."""
    rng = np.random.default_rng(n_classes)
    logits = rng.normal(size=(n, n_classes))
    truth = softmax(logits, axis=1)
    code = (truth.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    return softmax(sharpness * logits, axis=1), code, truth


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("method", CALIBRATORS)
def test_probabilities_come_true_on_other_rows(method, n_classes):
    probability, code, _ = overconfident(n_classes)
    half = len(code) // 2
    calibrator = CALIBRATORS[method]().fit(probability[:half], code[:half], np.ones(half))
    changed = calibrator.apply(probability[half:])
    np.testing.assert_allclose(changed.sum(axis=1), 1)
    event = code[half:] == 1
    before = expected_calibration_error(event, probability[half:, 1])
    assert expected_calibration_error(event, changed[:, 1]) < 0.02 < before


def test_the_temperature_is_what_made_it_too_sure():
    probability, code, truth = overconfident(4)
    calibrator = CALIBRATORS["temperature"]().fit(probability, code, np.ones(len(code)))
    assert calibrator.temperature_ == pytest.approx(3.0, rel=0.03)
    np.testing.assert_allclose(calibrator.apply(probability), truth, atol=0.02)


@pytest.mark.parametrize(("method", "n_classes"), [("temperature", 5), ("sigmoid", 2)])
def test_affine_calibrators_say_what_they_do_to_logits(method, n_classes):
    probability, code, _ = overconfident(n_classes)
    calibrator = CALIBRATORS[method]().fit(probability, code, np.ones(len(code)))
    matrix, shift = calibrator.on_logits(n_classes)
    logits = log_softmax(np.random.default_rng(0).normal(size=(50, n_classes)), axis=1) + 7.0
    np.testing.assert_allclose(
        softmax(logits @ matrix.T + shift, axis=1), calibrator.apply(softmax(logits, axis=1))
    )


@pytest.mark.parametrize(("method", "n_classes"), [("isotonic", 2), ("sigmoid", 3)])
def test_others_have_no_form_on_logits(method, n_classes):
    probability, code, _ = overconfident(n_classes, n=500)
    calibrator = CALIBRATORS[method]().fit(probability, code, np.ones(500))
    assert calibrator.on_logits(n_classes) is None


@pytest.mark.parametrize("method", CALIBRATORS)
def test_a_weight_of_two_is_two_rows(method):
    probability, code, _ = overconfident(2, n=300)
    weight = np.random.default_rng(1).integers(1, 4, 300).astype(float)
    weighted = CALIBRATORS[method]().fit(probability, code, weight)
    rows = np.repeat(np.arange(300), weight.astype(int))
    repeated = CALIBRATORS[method]().fit(probability[rows], code[rows], np.ones(len(rows)))
    np.testing.assert_allclose(weighted.apply(probability), repeated.apply(probability), atol=1e-3)


@pytest.mark.parametrize("method", CALIBRATORS)
def test_votes_of_none_and_all_stay_numbers(method):
    probability = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.3, 0.7]])
    calibrator = CALIBRATORS[method]().fit(probability, np.array([1, 0, 1, 0]), np.ones(4))
    changed = calibrator.apply(probability)
    assert np.isfinite(changed).all()
    np.testing.assert_allclose(changed.sum(axis=1), 1)


def test_curves_of_several_classes_are_brought_to_a_sum_of_one():
    probability, code, _ = overconfident(3, n=500)
    calibrator = CALIBRATORS["isotonic"]().fit(probability, code, np.ones(500))
    curves = zip(probability.T, calibrator.knots_, calibrator.values_, strict=True)
    risen = np.column_stack([np.interp(said, x, y) for said, x, y in curves])
    assert (risen.sum(axis=1) < 1).any()
    expected = risen / risen.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(calibrator.apply(probability), expected)
    calibrator.values_ = [np.zeros_like(values) for values in calibrator.values_]
    np.testing.assert_allclose(calibrator.apply(probability), 1 / 3)


def test_the_sigmoid_is_platts():
    """Without Platt's targets it would be a plain logistic regression on the logit."""
    probability, code, _ = overconfident(2)
    calibrator = CALIBRATORS["sigmoid"]().fit(probability, code, np.ones(len(code)))
    logit = np.log(probability[:, 1] / probability[:, 0])[:, None]
    plain = LogisticRegression(C=np.inf).fit(logit, code)
    assert calibrator.slopes_[0] == pytest.approx(plain.coef_[0, 0], rel=0.01)


@pytest.mark.parametrize(("said", "meaning"), [(0.6, "right on all"), (0.001, "surely wrong")])
def test_a_temperature_at_its_bound_is_warned_of(said, meaning):
    probability = np.tile([said, 1 - said], (50, 1))
    with pytest.warns(UserWarning, match=f"ended at the bound of its search, .*{meaning}"):
        CALIBRATORS["temperature"]().fit(probability, np.zeros(50, dtype=int), np.ones(50))
