import pytest
from sklearn.frozen import FrozenEstimator

import firmware_export._export as export_module
from firmware_export import FixedPointClassifier, check_firmware, export_firmware
from firmware_export._toolchain import compile_c, run_command
from skdualcnn.exceptions import ExportError, ToolchainError


def test_folder_is_complete_and_selftest_passes(report, compiler, tmp_path):
    folder = report.directory
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert sorted(files) == [
        "CMakeLists.txt",
        "LICENSE",
        "Makefile",
        "README.md",
        "REPORT.md",
        "examples/Ward/Ward.ino",
        "examples/esp_idf/CMakeLists.txt",
        "examples/esp_idf/main/CMakeLists.txt",
        "examples/esp_idf/main/main.c",
        "examples/platformio/platformio.ini",
        "idf_component.yml",
        "library.json",
        "library.properties",
        "report.json",
        "selftest/ward_main.c",
        "src/ward.h",
        "src/ward_kernels.c",
        "src/ward_kernels.h",
        "src/ward_model.c",
        "src/ward_selftest.c",
        "src/ward_selftest.h",
        "src/ward_weights.c",
        "src/ward_weights.h",
    ]
    sources = [*(folder / "src").glob("*.c"), folder / "selftest/ward_main.c"]
    program = compile_c(sources, tmp_path / "selftest", include=folder / "src")
    assert run_command([str(program)], "run") == "16 of 16 golden vectors identical\n"
    header = (folder / "src/ward.h").read_text()
    assert "WARD_READING_HEART_RATE = 0" in header
    assert "1 = 'tcp'" in header
    assert "WARD_CLASS_CYBER_DOS = 0, /* 'dos' */" in header
    assert "2 = nan, which a missing reading counts as" in header
    assert "where it sets none, what the integers hold." in header
    assert report.digest in header
    assert [path.name for path in folder.parent.iterdir()] == ["ward"]


def test_windows_are_documented_and_selftested(window_report, compiler, tmp_path):
    folder = window_report.directory
    sources = [*(folder / "src").glob("*.c"), folder / "selftest/ward_main.c"]
    program = compile_c(sources, tmp_path / "selftest", include=folder / "src")
    assert run_command([str(program)], "run") == "20 of 20 golden vectors identical\n"
    header, readme = ((folder / name).read_text() for name in ("src/ward.h", "README.md"))
    assert "#define WARD_WINDOW 5u" in header
    assert f"#define WARD_STATE_BYTES {window_report.state_bytes}u" in header
    for text in (header, readme):
        assert "ward_state_init" in text
        assert "ward_run(&workspace, &state, readings, WARD_READINGS, &result)" in text
    graph = window_report.twin.integer_graph_
    assert window_report.state_bytes == 2 * (7 * graph.row_inputs + 1)
    assert window_report.to_dict()["window"] == 5


def test_no_compiler(decider, ward, tmp_path, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    report = export_firmware(decider, tmp_path / "ward", calibration_data=ward[0])
    assert list(report.flash_bytes) == ["constants"]
    assert report.stack_bytes is None
    with pytest.raises(ToolchainError, match="No C compiler found"):
        check_firmware(report, ward[0])


def test_failing_compiler_says_so_and_leaves_nothing(decider, ward, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(ToolchainError, match=r"false .* ended with 1"):
        export_firmware(decider, tmp_path / "ward", calibration_data=ward[0])
    assert list(tmp_path.iterdir()) == []


def test_a_few_rows_are_enough(decider, ward, tmp_path):
    report = export_firmware(decider, tmp_path / "few", calibration_data=ward[0].iloc[:3])
    assert len(report.twin.predict(ward[0].iloc[:3])) == 3


def test_twin_is_exported_as_it_is(decider, ward, tmp_path):
    twin = FixedPointClassifier(FrozenEstimator(decider), activation_bits=8).fit(ward[0])
    report = export_firmware(twin, tmp_path / "a", calibration_data=ward[0])
    assert report.twin is twin
    with pytest.raises(ExportError, match="FixedPointClassifier is not fitted"):
        export_firmware(FixedPointClassifier(decider), tmp_path / "b", calibration_data=ward[0])


def test_earlier_export_is_replaced_and_nothing_else(decider, ward, tmp_path):
    target = tmp_path / "ward"
    target.mkdir()
    arguments = {"calibration_data": ward[0], "prefix": "ward"}
    export_firmware(decider, target, **arguments)
    (target / "stale.c").write_text("")
    export_firmware(decider, target, **arguments)
    assert not (target / "stale.c").exists()
    with pytest.raises(ExportError, match="holds an earlier export"):
        export_firmware(decider, target, overwrite=False, **arguments)
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "report.json").write_text("{}")
    with pytest.raises(ExportError, match="not empty and not an earlier export"):
        export_firmware(decider, other, **arguments)
    with pytest.raises(ExportError, match="is a file"):
        export_firmware(decider, other / "report.json", **arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis", "ward"]


def test_the_folder_behind_a_link_is_written(decider, ward, tmp_path):
    folder, link = tmp_path / "components", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    report = export_firmware(decider, link, calibration_data=ward[0])
    assert link.is_symlink()
    assert (folder / "src/model.h").exists()
    assert report.directory == folder


def test_the_working_directory_is_not_replaced(decider, ward, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="Choose another folder, or start from outside of this one"):
        export_firmware(decider, ".", calibration_data=ward[0])
    assert list(tmp_path.iterdir()) == []


def test_failure_while_writing_leaves_the_earlier_export(decider, ward, tmp_path, monkeypatch):
    target = tmp_path / "ward"
    export_firmware(decider, target, calibration_data=ward[0])
    before = {path: path.read_bytes() for path in target.rglob("*.*")}

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(export_module, "measure_targets", fail)
    with pytest.raises(OSError, match="disk full"):
        export_firmware(decider, target, calibration_data=ward[0])
    assert {path: path.read_bytes() for path in target.rglob("*.*")} == before
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("prefix", ["", "Ward", "1x", "a-b", "int", "x" * 32, None])
def test_prefix_must_be_an_identifier(decider, ward, tmp_path, prefix):
    with pytest.raises(ExportError, match="prefix="):
        export_firmware(decider, tmp_path / "a", calibration_data=ward[0], prefix=prefix)
