"""What calibrates a head is folded into its dense layer: Python, twin and C stay the same."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from firmware_export import FixedPointClassifier, check_firmware, export_firmware
from skdualcnn import FusionDecider, load, save
from skdualcnn.exceptions import ExportError


@pytest.fixture(scope="module", params=["temperature", "sigmoid"])
def calibrated(request, decider, ward):
    X, y = ward
    if request.param == "sigmoid":  # of two classes
        y = y.assign(health=np.where(y["health"] == "normal", "normal", "ill"))
        y["cyber"] = np.where(y["cyber"] == "normal", "normal", "attack")
    fitted = clone(decider).set_params(calibration=request.param, cv=2)
    return fitted.fit(X, y), X


def test_the_twin_answers_as_the_calibrated_floats(calibrated):
    model, X = calibrated
    twin = FixedPointClassifier(FrozenEstimator(model)).fit(X)
    assert (twin.predict(X) == model.predict(X)).mean() > 0.97
    plain = model.estimator_.predict_proba(X)
    for fixed, exact, before in zip(
        twin.predict_proba(X), model.predict_proba(X), plain, strict=True
    ):
        off, folded = np.abs(fixed - exact).mean(), np.abs(before - exact).mean()
        assert off < 0.01
        assert off < folded / 2  # there was something to fold


def test_the_c_answers_as_the_twin(calibrated, tmp_path):
    model, X = calibrated
    report = export_firmware(model, tmp_path / "firmware", calibration_data=X)
    assert check_firmware(report, X).identical == len(X)


def test_it_is_saved_with_its_calibrators(calibrated, tmp_path):
    model, X = calibrated
    save(model, tmp_path / "model.skdualcnn")
    again = load(tmp_path / "model.skdualcnn")
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))


def test_curves_are_refused(decider, ward):
    X, y = ward
    model = clone(decider).set_params(calibration="isotonic", cv=2).fit(X, y)
    assert isinstance(model, FusionDecider)
    with pytest.raises(ExportError, match="expected one that multiplies logits"):
        FixedPointClassifier(FrozenEstimator(model)).fit(X)
