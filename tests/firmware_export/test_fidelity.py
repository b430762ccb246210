import json

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score

from firmware_export import FixedPointClassifier, compare_with_float, export_firmware
from firmware_export._fidelity import FEWEST_IDENTICAL
from skdualcnn.exceptions import ExportError, HeadError


def test_figures_before_and_after(twin, decider, ward):
    X, y = ward
    y = y.mask(np.random.default_rng(0).random(y.shape) < 0.2)
    fidelity = compare_with_float(twin, X, y)
    assert fidelity.rows == len(X)
    assert fidelity.identical == (twin.predict(X) == decider.predict(X)).mean()
    for position, head in enumerate(fidelity.heads):
        known = y[head.name].notna()
        assert head.labelled == known.sum()
        normal = list(decider.estimator_.classes_[position]).index("normal")
        for figures, one in ((head.before, decider), (head.after, twin)):
            score = 1 - one.predict_proba(X)[position][known, normal]
            assert figures.roc_auc == pytest.approx(
                roc_auc_score(y[head.name][known] != "normal", score)
            )
    assert fidelity.layers[0].name == "input"
    assert f"{fidelity.identical:.2%} of {len(X)} answers identical" in str(fidelity)
    assert "health: ROC-AUC" in str(fidelity)


def test_without_labels_only_answers_are_compared(twin, ward):
    fidelity = compare_with_float(twin, ward[0])
    assert all(head.before is None and head.labelled == 0 for head in fidelity.heads)
    assert all(0.98 < head.identical <= 1 for head in fidelity.heads)


def test_what_differs_is_explained(decider, ward):
    X, y = ward
    # A learning rate that no network survives.
    coarse = FixedPointClassifier(
        FrozenEstimator(decider),
        activation_bits=8,
        calibration="percentile",
        qat_epochs=1,
        qat_lr=0.1,
    ).fit(X[:40])
    fidelity = compare_with_float(coarse, X, y)
    assert fidelity.identical < FEWEST_IDENTICAL
    worst = fidelity.causes[0]
    assert (worst.layer, worst.kind) == ("network", "training")
    assert f"The largest cause is the {worst.kind} of {worst.layer!r}" in fidelity.findings[0]
    assert any("The ROC-AUC of head" in finding for finding in fidelity.findings)
    numbers = json.loads(json.dumps(fidelity.to_dict(), allow_nan=False))
    assert numbers["causes"][0]["changed"] == worst.changed


def test_a_classifier_without_decisions(small_network, ward):
    X, y = ward[0][["Heart rate", "temperature"]].to_numpy() / 100, ward[1]["health"]
    twin = FixedPointClassifier(small_network).fit(X, y)
    fidelity = compare_with_float(twin, X, y)
    assert fidelity.identical == fidelity.heads[0].identical


def test_report_holds_it(decider, window_decider, ward, tmp_path):
    for estimator, name in ((decider, "rows"), (window_decider, "windows")):
        report = export_firmware(
            estimator, tmp_path / name, calibration_data=ward[0], evaluation_data=ward
        )
        assert report.fidelity.rows == len(ward[0])
        numbers = json.loads((tmp_path / name / "report.json").read_text())
        assert numbers["fidelity"] == report.fidelity.to_dict()


def test_there_must_be_rows_and_their_labels(twin, ward):
    X, y = ward
    with pytest.raises(HeadError, match="no row"):
        compare_with_float(twin, X[:0])
    with pytest.raises(HeadError, match="expected 2, one per head"):
        compare_with_float(twin, X, y["health"])
    with pytest.raises(HeadError, match=r"y has 5 row\(s\), expected 240, as many as X"):
        compare_with_float(twin, X, y[:5])


def test_evaluation_data_are_rows_and_labels(decider, ward, tmp_path):
    for given in (ward[0], (ward[0],)):
        with pytest.raises(ExportError, match=r"expected a tuple of the two \(X, y\)"):
            export_firmware(decider, tmp_path, calibration_data=ward[0], evaluation_data=given)
