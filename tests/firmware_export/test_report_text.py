import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from firmware_export import export_firmware
from firmware_export._targets import TARGETS, can_compile
from skdualcnn import make_fusion_preprocessor
from skdualcnn.exceptions import ExportError


def _baseline(ward):
    X, y = ward
    columns = {"patient": ["Heart rate", "SpO2"], "network": ["bytes"]}
    model = LogisticRegression(max_iter=1000)
    return make_pipeline(make_fusion_preprocessor(**columns), model).fit(X, y["health"])


def test_report_shows_sizes_estimates_and_layers(report):
    text = (report.directory / "REPORT.md").read_text()
    assert f"| parameters | {report.parameters:,} | about 280,000 |" in text
    for chip in ("ESP32", "ESP32-S3", "ESP32-C3"):
        assert f"| {chip} | QIO |" in text
    assert "| a call on an ESP32, QIO flash | 0.000 ms" not in text
    assert "where they were not counted, four for each multiply-add" in text
    for layer in report.layers:
        assert f"| {layer.name} | {layer.summary} |" in text
    for name, levels in report.targets.items():
        assert f"| {name} | -O2 | {levels['O2'].code_bytes:,} |" in text
    assert "Integers against floats" not in text
    assert "\n\n\n" not in text


def test_report_shows_fidelity_and_classical_models(report, ward, compiler, tmp_path):
    pytest.importorskip("micromlgen", reason="micromlgen is not installed")
    both = export_firmware(
        report.twin,
        tmp_path / "ward",
        calibration_data=ward[0],
        evaluation_data=ward,
        baselines={"logistic regression": _baseline(ward)},
    )
    text = (both.directory / "REPORT.md").read_text()
    assert "| health | integers |" in text
    chips = [name for name, one in TARGETS.items() if name != "host" and can_compile(one)]
    assert list(both.baselines["logistic regression"]) == chips
    for name in chips:
        assert f"| logistic regression | {name} |" in text
    if chips:
        assert both.to_dict()["baselines"]["logistic regression"][chips[0]]["code_bytes"] > 100


def test_baseline_must_be_a_pipeline(report, ward, compiler, tmp_path):
    with pytest.raises(ExportError, match="'forest' is a LogisticRegression, expected a fitted"):
        export_firmware(
            report.twin,
            tmp_path / "ward",
            calibration_data=ward[0],
            baselines={"forest": LogisticRegression()},
        )
