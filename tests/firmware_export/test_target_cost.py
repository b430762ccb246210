import json

import pytest

from firmware_export import _export as export_module
from firmware_export import export_firmware
from firmware_export._counting import can_count
from firmware_export._targets import TARGETS, can_compile
from skdualcnn.exceptions import ExportError


def test_sizes_of_every_target_that_is_installed(report):
    assert set(report.targets) == {name for name, one in TARGETS.items() if can_compile(one)}
    for costs in report.targets.values():
        [cost] = costs.values()
        assert 500 < cost.code_bytes < 20_000
        assert cost.constant_bytes >= report.flash_bytes["constants"]
        assert cost.instructions is None
    host = report.targets.get("host", {}).get("O2")
    if host:
        assert (report.flash_bytes["code"], report.stack_bytes) == (
            host.code_bytes,
            host.stack_bytes,
        )


def test_instructions_are_counted_if_asked_for(report, ward, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "LEVELS", ("O2",))
    counted = export_firmware(
        report.twin, tmp_path / "ward", calibration_data=ward[0], measure="instructions"
    )
    numbers = counted.to_dict()
    assert json.loads((tmp_path / "ward/report.json").read_text()) == numbers
    layers = [layer.name for layer in counted.layers[1:]]
    for name, costs in counted.targets.items():
        if not can_count(TARGETS[name]):
            assert costs["O2"].instructions is None
            continue
        count = costs["O2"].instructions
        assert list(count.layers) == layers
        assert count.network == sum(count.layers.values()) > counted.multiply_adds
        together = count.inputs + count.network + count.outputs
        assert together == pytest.approx(count.call, rel=0.05)
        assert numbers["targets"][name]["O2"]["instructions"]["network"] == count.network


def test_measure_is_checked(report, ward, tmp_path):
    with pytest.raises(ExportError, match="measure is 'cycles', expected one of"):
        export_firmware(report.twin, tmp_path / "x", calibration_data=ward[0], measure="cycles")
