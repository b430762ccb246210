from dataclasses import replace

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from firmware_export import (
    FixedPointClassifier,
    check_firmware,
    compile_predictor,
    export_firmware,
)
from skdualcnn import make_fusion_preprocessor
from skdualcnn.exceptions import ExportError
from skdualcnn.preprocessing import SlidingWindow


@pytest.fixture(scope="module")
def device_rows(ward):
    """Return rows of four devices that take turns, and their labels."""
    X, y = ward
    return X.assign(device=np.random.default_rng(1).integers(0, 4, len(X)).astype(float)), y


@pytest.fixture(scope="module")
def device_report(device_rows, small_network, tmp_path_factory):
    """Return an exported model of windows with a stride, marked steps and several devices."""
    X, y = device_rows
    preprocessor = make_fusion_preprocessor(
        patient=["Heart rate", "SpO2"], network=["bytes", "protocol"], group="device"
    )
    window = SlidingWindow(4, stride=2, by=-1, add_indicator=True)
    pipeline = make_pipeline(preprocessor, window, small_network).fit(X, y)
    folder = tmp_path_factory.mktemp("export") / "devices"
    return export_firmware(pipeline, folder, calibration_data=X, prefix="ward")


def test_compiled_c_agrees_with_the_twin_on_every_row(report, ward, compiler):
    X = ward[0].copy()
    check = check_firmware(report, X)
    assert str(check) == f"{len(X)} of {len(X)} rows identical"
    X["protocol"] = "coap"
    X["Heart rate"] *= 1e6
    X["SpO2"] = np.nan
    assert check_firmware(report, X).identical == len(X)
    assert len(set(report.twin.predict(ward[0]))) >= 3


def test_windows_are_replayed_in_order(window_report, window_decider, ward, compiler):
    X = ward[0].copy()
    assert check_firmware(window_report, X).identical == len(X)
    assert check_firmware(window_report, X[::-1]).identical == len(X)
    assert (window_report.twin.predict(X) == window_decider.predict(X)).mean() > 0.98
    assert len(set(window_report.twin.predict(X))) >= 3


def test_changes_are_those_of_each_device(device_rows, small_network, tmp_path, compiler):
    X, y = device_rows
    preprocessor = make_fusion_preprocessor(
        patient=["Heart rate", "SpO2"], network=["bytes", "protocol"], group="device"
    )
    window = SlidingWindow(4, by=-1, changes=[0, 1])
    pipeline = make_pipeline(preprocessor, window, small_network).fit(X, y)
    report = export_firmware(pipeline, tmp_path / "changes", calibration_data=X)
    assert check_firmware(report, X).identical == len(X)
    said = pipeline.predict_proba(X)
    for exact, fixed in zip(said, report.twin.predict_proba(X), strict=True):
        assert np.abs(exact - fixed).max() < 0.01


def test_each_device_has_a_state(device_report, device_rows, compiler):
    X, _ = device_rows
    twin = device_report.twin
    assert check_firmware(device_report, X).identical == len(X)
    together = twin.answers(X)
    alone = twin.answers(X[X["device"] == 2])
    np.testing.assert_array_equal(together.logits[0][X["device"] == 2], alone.logits[0])
    for fixed, exact in zip(twin.predict_proba(X), twin.estimator_.predict_proba(X), strict=True):
        assert np.abs(fixed - exact).mean() < 0.01
    bulk = compile_predictor(twin).answers(X)
    np.testing.assert_array_equal(bulk.logits[1], together.logits[1])


def test_each_device_has_a_state_on_chips(device_report, device_rows, emulated):
    X, _ = device_rows
    assert check_firmware(device_report, X, target=emulated.name).identical == len(X)


def test_check_finds_a_difference(report, ward, compiler):
    graph = report.twin.integer_graph_
    other = FixedPointClassifier(FrozenEstimator(report.twin.estimator_), activation_bits=8)
    check = check_firmware(replace(report, twin=other.fit(ward[0])), ward[0])
    assert graph.activation_bits == 16
    assert check.identical < check.rows
    assert check.first_difference is not None


def test_there_must_be_rows_and_the_folder(report, ward, tmp_path):
    with pytest.raises(ValueError, match="X has no row"):
        check_firmware(report, ward[0][:0])
    with pytest.raises(ExportError, match=r"gone has no folder src, .* Export again"):
        check_firmware(replace(report, directory=tmp_path / "gone"), ward[0])
