"""The whole way on the public data sets: fit, export, compile, every test row on every bit.

On the emulators that are installed, the first rows; test_emulators says what is missing.
"""

import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from firmware_export import (
    FixedPointClassifier,
    check_firmware,
    compare_with_float,
    export_firmware,
)
from firmware_export._targets import TARGETS, missing_requirements
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import load_nsl_kdd, load_physionet2012, load_wustl_ehms, make_ward
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow

EMULATED_ROWS = 200
NARROW = {"conv_channels": (16,)}  # to be quick


def _export(dataset, head, folder, *, window=1, train=None, test=None, **parameters):
    """Fit, export and compare with the C and the float decider; returns the report."""
    fit_rows, test_rows = honest_split(dataset)
    fit_rows, test_rows = fit_rows[:train], test_rows[:test]
    classifier = DualPathCNNClassifier(lr=1e-3, batch_size=128, random_state=0, **parameters)
    windows = [SlidingWindow(window)] if window > 1 else []
    preprocessor = make_fusion_preprocessor(**dataset.modalities, noise_filter=QuantileScaler())
    decider = FusionDecider(make_pipeline(preprocessor, *windows, classifier))
    decider.fit(dataset.data.iloc[fit_rows], dataset.target[head].iloc[fit_rows])
    X, y = dataset.data.iloc[test_rows], dataset.target[head].iloc[test_rows]
    report = export_firmware(
        decider,
        folder / "model",
        calibration_data=dataset.data.iloc[fit_rows],
        evaluation_data=(X, y),
    )
    for name, target in TARGETS.items():
        if not missing_requirements(target):
            rows = X if name == "host" else X.iloc[:EMULATED_ROWS]
            check = check_firmware(report, rows, target=name)
            assert str(check) == f"{len(rows)} of {len(rows)} rows identical"
    figures = report.fidelity.heads[0]
    assert report.fidelity.identical >= 0.995
    assert figures.after.roc_auc == pytest.approx(figures.before.roc_auc, abs=0.002)
    assert not report.fidelity.findings
    return report


def test_ward_of_devices_that_take_turns(compiler, tmp_path):
    dataset = make_ward(n_patients=5, hours=3, random_state=0)
    rows = dataset.data.assign(patient=dataset.groups.to_numpy(dtype=float))
    rows = rows.iloc[dataset.timestamps.argsort(kind="stable")]  # a minute of each, in turn
    preprocessor = make_fusion_preprocessor(**dataset.modalities, group="patient")
    window = SlidingWindow(6, stride=2, by=-1, add_indicator=True)
    network = DualPathCNNClassifier(lr=1e-3, batch_size=128, max_epochs=2, random_state=0, **NARROW)
    decider = FusionDecider(make_pipeline(preprocessor, window, network))
    decider.fit(rows, dataset.target.loc[rows.index])
    report = export_firmware(decider, tmp_path / "model", calibration_data=rows)
    assert "patient" not in report.twin.integer_graph_.readings
    for name, target in TARGETS.items():
        if not missing_requirements(target):
            some = rows if name == "host" else rows.iloc[:EMULATED_ROWS]
            check = check_firmware(report, some, target=name)
            assert str(check) == f"{len(some)} of {len(some)} rows identical"
    assert compare_with_float(report.twin, rows).identical >= 0.995


def test_wustl_ehms_in_windows(compiler, real_data, tmp_path):
    dataset = load_wustl_ehms(real_data / "wustl_ehms_2020")
    report = _export(dataset, "cyber", tmp_path, window=8, max_epochs=3)
    graph = report.twin.integer_graph_
    assert graph.decision.heads == (None, 0)
    assert report.state_bytes < report.ram_bytes < 2048


def test_nsl_kdd(compiler, real_data, tmp_path):
    dataset = load_nsl_kdd(real_data / "nsl_kdd")
    _export(dataset, "cyber", tmp_path, max_epochs=2, **NARROW)


def test_physionet2012(compiler, real_data, tmp_path):
    dataset = load_physionet2012(real_data / "physionet2012")
    report = _export(dataset, "health", tmp_path, max_epochs=3, train=600, test=400, **NARROW)
    assert report.twin.integer_graph_.decision.heads == (0, None)
    # Eight bits cost more, and quantisation-aware training wins some of it back.
    train, test = (
        rows[:most] for rows, most in zip(honest_split(dataset), (600, 400), strict=True)
    )
    before, after = (
        compare_with_float(
            FixedPointClassifier(
                FrozenEstimator(report.twin.estimator_), activation_bits=8, qat_epochs=epochs
            ).fit(dataset.data.iloc[train]),
            dataset.data.iloc[test],
            dataset.target["health"].iloc[test],
        ).heads[0]
        for epochs in (0, 4)
    )
    assert after.mean_difference < 0.8 * before.mean_difference
    assert after.after.roc_auc == pytest.approx(after.before.roc_auc, abs=0.002)
