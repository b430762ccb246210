import dataclasses
import hashlib
import shutil

import pytest

from skdualcnn.datasets import _wustl_ehms, load_wustl_ehms
from skdualcnn.exceptions import DataFileError
from skdualcnn.model_selection import honest_split


def test_generated_file(wustl_folder, check_dataset):
    dataset = load_wustl_ehms(wustl_folder, verify=False)
    check_dataset(dataset)
    assert dataset.data.shape == (200, 29)
    assert all(dtype == "float64" for dtype in dataset.data.dtypes)
    assert len(dataset.modalities["network"]) == 21
    assert len(dataset.modalities["patient"]) == 8
    assert dataset.target["cyber"].value_counts().to_dict() == {
        "normal": 145,
        "data_alteration": 30,
        "spoofing": 25,
    }
    assert dataset.target["health"].isna().all()
    assert dataset.groups.nunique() == 7
    assert dataset.groups.is_monotonic_increasing


def test_leaky_columns(wustl_folder, check_dataset):
    leaky = {
        *("SrcMac", "DstMac", "SrcAddr", "DstAddr", "Flgs", "Sport", "Dport", "Dir"),
        *("Packet_num", "Trans", "SrcGap", "DstGap", "DIntPktAct", "dMinPktSz"),
    }
    assert not leaky & set(load_wustl_ehms(wustl_folder, verify=False).data)
    dataset = load_wustl_ehms(wustl_folder, verify=False, drop_leaky=False)
    check_dataset(dataset)
    assert leaky < set(dataset.data)
    assert dataset.data.shape == (200, 43)
    assert not {"Label", "Attack Category"} & set(dataset.data)
    assert "dircproxy" in set(dataset.data["Sport"])


def test_return_x_y(wustl_folder):
    data, target = load_wustl_ehms(wustl_folder, verify=False, return_X_y=True)
    assert len(data) == len(target) == 200


def test_truncated_and_altered(wustl_folder, monkeypatch):
    with pytest.raises(DataFileError, match="a truncated file, 200 rows"):
        load_wustl_ehms(wustl_folder)
    path = wustl_folder / _wustl_ehms.FILE.name
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = dataclasses.replace(_wustl_ehms.FILE, rows=200, sha256=digest)
    monkeypatch.setattr(_wustl_ehms, "FILE", known)
    assert len(load_wustl_ehms(wustl_folder).data) == 200
    path.write_bytes(path.read_bytes().replace(b"dircproxy", b"otherport"))
    with pytest.raises(DataFileError, match="an altered file"):
        load_wustl_ehms(wustl_folder)


def test_unknown_category(wustl_folder):
    path = wustl_folder / _wustl_ehms.FILE.name
    path.write_bytes(path.read_bytes().replace(b"Spoofing", b"Phishing"))
    with pytest.raises(DataFileError, match="attack category 'Phishing'"):
        load_wustl_ehms(wustl_folder, verify=False)


def test_real_file(real_data, check_dataset):
    dataset = load_wustl_ehms(real_data)
    check_dataset(dataset)
    assert dataset.data.shape == (16_318, 29)
    assert not (dataset.data.nunique() == 1).any()
    assert dataset.data.notna().all(axis=None)
    assert dataset.target["cyber"].value_counts().to_dict() == {
        "normal": 14_272,
        "spoofing": 1_124,
        "data_alteration": 922,
    }
    attacks = dataset.groups[dataset.target["cyber"] != "normal"]
    assert attacks.nunique() == 84
    train, test = honest_split(dataset)
    assert not set(dataset.groups[train]) & set(dataset.groups[test])
    assert train.max() < test.min()
    assert len(test) / len(dataset.data) == pytest.approx(0.2, abs=0.02)


def test_real_file_altered(real_data, tmp_path):
    source = real_data / "wustl_ehms_2020" / _wustl_ehms.FILE.name
    copy = tmp_path / source.name
    shutil.copyfile(source, copy)
    copy.write_bytes(copy.read_bytes().replace(b",28.9,", b",28.8,", 1))
    with pytest.raises(DataFileError, match="an altered file, sha256"):
        load_wustl_ehms(tmp_path)
    assert len(load_wustl_ehms(tmp_path, verify=False).data) == 16_318
