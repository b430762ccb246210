import shutil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from skdualcnn.datasets import _nsl_kdd, load_nsl_kdd
from skdualcnn.exceptions import DataFileError
from skdualcnn.model_selection import honest_split


def test_generated_files(nsl_folder, check_dataset):
    dataset = load_nsl_kdd(nsl_folder, verify=False)
    check_dataset(dataset)
    assert dataset.data.shape == (90, 41)
    assert set(dataset.target["cyber"]) == {"normal", "dos", "probe", "r2l", "u2r"}
    assert dataset.unseen_attacks == ["mailbomb", "rootkit"]
    assert dataset.attack[:4].tolist() == ["normal", "neptune", "satan", "spy"]
    assert dataset.groups.is_unique
    assert (dataset.part == "train").sum() == 60
    assert {str(dataset.data[name].dtype) for name in _nsl_kdd.CATEGORICAL} == {"category"}
    train, test = honest_split(dataset)
    np.testing.assert_array_equal(train, np.arange(60))
    np.testing.assert_array_equal(test, np.arange(60, 90))


def test_difficulty_is_leaky(nsl_folder):
    assert "difficulty" not in load_nsl_kdd(nsl_folder, verify=False).data
    dataset = load_nsl_kdd(nsl_folder, verify=False, drop_leaky=False)
    assert dataset.data.shape == (90, 42)
    assert "difficulty" in dataset.modalities["network"]


def test_train_file(nsl_folder):
    with pytest.raises(ValueError, match="train_file is 'half'"):
        load_nsl_kdd(nsl_folder, train_file="half")
    with pytest.raises(DataFileError, match=r"KDDTrain\+.txt in .* 125,973 rows"):
        load_nsl_kdd(nsl_folder, train_file="full", verify=False)
    small = (nsl_folder / "KDDTrain+_20Percent.txt").read_text()
    (nsl_folder / "KDDTrain+.txt").write_text(small * 2)
    assert len(load_nsl_kdd(nsl_folder, verify=False).data) == 150
    assert len(load_nsl_kdd(nsl_folder, verify=False, train_file="20percent").data) == 90


@pytest.mark.parametrize("packed", [False, True])
def test_no_file_is_read_twice(nsl_folder, monkeypatch, packed):
    small = nsl_folder / "KDDTrain+_20Percent.txt"
    small.rename(nsl_folder / "KDDTrain+.txt")
    home = shutil.make_archive(str(nsl_folder), "zip", nsl_folder) if packed else nsl_folder
    owner, method = (ZipFile, "read") if packed else (Path, "read_bytes")
    read, plain = [], getattr(owner, method)
    monkeypatch.setattr(owner, method, lambda *given: read.append(str(given)) or plain(*given))
    load_nsl_kdd(home, verify=False)
    assert sum("KDDTrain+.txt" in one for one in read) == 1


def test_errors(nsl_folder):
    with pytest.raises(DataFileError, match=r"a truncated file, 60 rows; .*25,192 rows"):
        load_nsl_kdd(nsl_folder)
    path = nsl_folder / "KDDTest+.txt"
    text = path.read_text()
    path.write_text(text.replace("mailbomb", "mailbox"))
    with pytest.raises(DataFileError, match="'mailbox' in column 'attack'"):
        load_nsl_kdd(nsl_folder, verify=False)
    path.write_text("\n".join(line.rsplit(",", 1)[0] for line in text.split()))
    with pytest.raises(DataFileError, match="got 42 columns"):
        load_nsl_kdd(nsl_folder, verify=False)
    path.unlink()
    with pytest.raises(DataFileError, match="no file of that name"):
        load_nsl_kdd(nsl_folder, verify=False)


def test_archive_and_return_x_y(nsl_folder):
    made = shutil.make_archive(str(nsl_folder), "gztar", nsl_folder)
    data, target = load_nsl_kdd(made, verify=False, return_X_y=True)
    assert len(data) == len(target) == 90


def test_every_type_has_one_category():
    names = [name for group in _nsl_kdd.ATTACKS.values() for name in group.split()]
    assert len(names) == len(set(names)) == 40


def test_real_files(real_data, check_dataset):
    dataset = load_nsl_kdd(real_data)
    check_dataset(dataset)
    assert (dataset.part == "train").sum() == 25_192
    assert (dataset.part == "test").sum() == 22_544
    test = dataset.part == "test"
    unseen = dataset.attack[test].isin(dataset.unseen_attacks)
    assert unseen.mean() == pytest.approx(0.166, abs=5e-4)
    assert len(dataset.unseen_attacks) == 18
    assert dataset.target["cyber"][test].value_counts().to_dict() == {
        "normal": 9_711,
        "dos": 7_458,
        "r2l": 2_754,
        "probe": 2_421,
        "u2r": 200,
    }
    assert dataset.data.notna().all(axis=None)
