import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skdualcnn._cli import main
from skdualcnn._studies import STUDIES
from skdualcnn.datasets import _icu_security, load_icu_security
from skdualcnn.exceptions import DataFileError
from skdualcnn.model_selection import honest_split


def test_columns_of_the_format():
    assert len(_icu_security.COLUMNS) == len(set(_icu_security.COLUMNS)) == 52
    assert {*_icu_security.LEAKY_TEXT, *_icu_security.LEAKY_NUMBERS} < set(_icu_security.COLUMNS)
    assert sum(expected.rows for expected in _icu_security.FILES.values()) == 188_694


def test_generated_files(icu_folder, check_dataset):
    dataset = load_icu_security(icu_folder, verify=False)
    check_dataset(dataset)
    assert dataset.data.shape == (750, 35)
    assert all(dtype == "float64" for dtype in dataset.data.dtypes)
    assert dataset.target["cyber"].value_counts().to_dict() == {"normal": 500, "attack": 250}
    assert dataset.target["health"].isna().all()
    assert dataset.modalities["patient"] == dataset.modalities["environment"] == []
    assert dataset.source.tolist() == ["attack"] * 250 + ["environment"] * 250 + ["patient"] * 250


def test_hexadecimal_missing_and_repeated_values(icu_folder):
    data = load_icu_security(icu_folder, verify=False).data
    assert set(data["tcp.flags"]) == {16.0, 24.0}
    assert set(data["mqtt.hdrflags"].dropna()) == {48.0}
    assert data["mqtt.hdrflags"].isna().any()
    assert set(data["mqtt.msgtype"].dropna()) == {3.0}
    assert set(data["mqtt.conack.flags"].dropna()) == {0.0}


def test_files_without_rows_are_refused(icu_folder):
    for file in icu_folder.rglob("*.csv"):
        file.write_text(file.read_text().splitlines()[0] + "\n")
    with pytest.raises(DataFileError, match=r"Attack.csv .* got a header without rows"):
        load_icu_security(icu_folder, verify=False)


def test_text_that_is_no_number_is_missing():
    decoded = _icu_security._decode(pd.Series(["0x0A", "x", None, " 7 ", "0xzz"]))
    np.testing.assert_array_equal(decoded, [10.0, np.nan, np.nan, 7.0, np.nan])


def _with_byte_order_mark(path):
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _with_windows_line_ends(path):
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _with_every_cell_in_quotes(path):
    pd.read_csv(path, dtype=str).to_csv(path, index=False, quoting=csv.QUOTE_ALL)


def _with_labels_as_decimals(path):
    table = pd.read_csv(path, dtype=str)
    table.assign(label=table["label"] + ".0").to_csv(path, index=False)


@pytest.mark.parametrize(
    "save",
    [
        _with_byte_order_mark,
        _with_windows_line_ends,
        _with_every_cell_in_quotes,
        _with_labels_as_decimals,
    ],
)
def test_files_that_another_program_has_saved(icu_folder, save):
    before = load_icu_security(icu_folder, verify=False)
    for expected in _icu_security.FILES.values():
        save(icu_folder / expected.name)
    after = load_icu_security(icu_folder, verify=False)
    pd.testing.assert_frame_equal(after.data, before.data)
    pd.testing.assert_frame_equal(after.target, before.target)


def test_leaky_columns(icu_folder, check_dataset):
    dataset = load_icu_security(icu_folder, verify=False, drop_leaky=False)
    check_dataset(dataset)
    assert dataset.data.shape == (750, 51)
    assert set(dataset.data["class"]) == {"attack", "environment", "patient"}
    assert "label" not in dataset.data


def test_blocks_are_contiguous_and_held_out_whole(icu_folder):
    dataset = load_icu_security(icu_folder, verify=False)
    assert dataset.groups.nunique() == 150
    assert dataset.groups.is_monotonic_increasing
    assert (dataset.groups.groupby(dataset.groups).size() == 5).all()
    train, test = honest_split(dataset, random_state=0)
    assert len(test) == 150
    assert not set(dataset.groups[train]) & set(dataset.groups[test])


def test_archive_and_return_x_y(icu_folder):
    made = shutil.make_archive(str(icu_folder), "zip", icu_folder)
    data, target = load_icu_security(made, verify=False, return_X_y=True)
    assert len(data) == len(target) == 750


def test_errors(icu_folder):
    with pytest.raises(DataFileError, match=r"a truncated file, 250 rows; .* 80,126 rows"):
        load_icu_security(icu_folder)
    path = icu_folder / "patientMonitoring.csv"
    table = pd.read_csv(path)
    table.assign(label=2).to_csv(path, index=False)
    with pytest.raises(DataFileError, match="'2' in column 'label'"):
        load_icu_security(icu_folder, verify=False)
    table.drop(columns="mqtt.qos").to_csv(path, index=False)
    with pytest.raises(DataFileError, match=r"51 columns, without \['mqtt.qos'\]"):
        load_icu_security(icu_folder, verify=False)
    path.unlink()
    with pytest.raises(DataFileError, match=r"patientMonitoring.csv in .*no file of that name"):
        load_icu_security(icu_folder, verify=False)


@pytest.mark.slow
def test_the_demo_goes_the_whole_way(icu_folder, tmp_path, monkeypatch):
    def load(folder, _):
        return load_icu_security(folder, verify=False)  # generated files are short

    monkeypatch.setitem(STUDIES, "icu_security", replace(STUDIES["icu_security"], load=load))
    out = tmp_path / "report"
    arguments = ["--data", "icu_security", "--data-dir", str(icu_folder), "--out", str(out)]
    assert main(["demo", "--quick", *arguments]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["heads"][0]["name"] == "cyber"
    assert {model["name"] for model in report["heads"][0]["models"]} >= {"random forest"}
