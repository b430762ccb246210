import shutil
import tarfile

import numpy as np
import pytest

from skdualcnn.datasets import _physionet2012, load_physionet2012
from skdualcnn.exceptions import DataFileError
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import align_streams


def pack(folder, *, remove=True):
    for letter in "ab":
        with tarfile.open(folder / f"set-{letter}.tar.gz", "w:gz") as archive:
            archive.add(folder / f"set-{letter}", f"set-{letter}")
        if remove:
            shutil.rmtree(folder / f"set-{letter}")


def test_summary(physionet_folder, check_dataset):
    dataset = load_physionet2012(physionet_folder, verify=False)
    check_dataset(dataset)
    assert dataset.data.shape == (12, 37 * 7 + 4)
    first = dataset.data.iloc[0]
    assert first[["HR_mean", "HR_min", "HR_max", "HR_std", "HR_count"]].tolist() == [
        *(90.0, 80.0, 100.0, 10.0, 3.0)
    ]
    assert first[["HR_first", "HR_last"]].tolist() == [80.0, 100.0]
    # -1 is a missing value, also for the weight among the measurements.
    assert first["Weight_count"] == 0
    assert np.isnan(first["Weight_mean"])
    assert first["Albumin_count"] == 0
    assert dataset.data["Height"].isna().tolist() == [True, False] * 3 + [True, False] * 3
    assert dataset.data["ICUType"].tolist() == ["surgical"] * 12
    assert dataset.target["health"].tolist() == ["normal", "death", "normal"] * 4
    assert dataset.target["cyber"].isna().all()
    assert dataset.part.tolist() == ["train"] * 6 + ["test"] * 6
    assert dataset.groups[0] == 132_539
    assert dataset.modalities["network"] == []
    assert dataset.subgroups.iloc[0].tolist() == ["50 to 64", "male", "surgical"]


def test_hourly(physionet_folder, check_dataset):
    dataset = load_physionet2012(physionet_folder, verify=False, representation="hourly")
    check_dataset(dataset)
    assert dataset.data.shape == dataset.mask.shape == (12, 48, 37)
    assert dataset.data.dtype == np.float32
    heart_rate = dataset.data[0, :, dataset.feature_names.index("HR")]
    assert heart_rate[[0, 47]].tolist() == [85.0, 100.0]
    assert np.isnan(heart_rate[1:47]).all()
    # The value of 48:00 belongs to the last hour.
    assert dataset.data[3, 47, dataset.feature_names.index("Urine")] == 60.0
    np.testing.assert_array_equal(dataset.mask, ~np.isnan(dataset.data))
    assert dataset.static.shape == (12, 4)


def test_irregular(physionet_folder, check_dataset):
    dataset = load_physionet2012(physionet_folder, verify=False, representation="irregular")
    check_dataset(dataset)
    assert dataset.data.shape == (len(dataset.timestamps), 37)
    assert dataset.groups.nunique() == 12
    assert dataset.data.notna().any(axis=1).all()
    assert len(dataset.subgroups) == len(dataset.data)
    for _, stamps in dataset.timestamps.groupby(dataset.groups):
        assert stamps.is_monotonic_increasing
        assert stamps.is_unique
    summary = load_physionet2012(physionet_folder, verify=False)
    np.testing.assert_array_equal(
        dataset.data["HR"].groupby(dataset.groups).max(), summary.data["HR_max"]
    )
    labels = dataset.target["health"].groupby(dataset.groups).unique()
    assert [label.tolist() for label in labels] == [[one] for one in summary.target["health"]]
    assert dataset.part[0] == "train"
    assert dataset.part[-1] == "test"


def test_alignment_of_irregular_measurements_gives_the_hourly_means(physionet_folder):
    irregular = load_physionet2012(physionet_folder, verify=False, representation="irregular")
    hourly = load_physionet2012(physionet_folder, verify=False, representation="hourly")
    # An hour of the loader includes its beginning, one of the grid its end.
    seconds = (irregular.timestamps + 1).clip(upper=48 * 3600)
    stays = irregular.data.assign(seconds=seconds, stay=irregular.groups)
    aligned = align_streams(
        {"patient": stays},
        on="seconds",
        by="stay",
        freq="1h",
        aggregate="mean",
        start=3600,
        end=48 * 3600,
    ).data
    means = aligned[irregular.feature_names].to_numpy().reshape(12, 48, 37)
    np.testing.assert_allclose(means, hourly.data, rtol=1e-6)


def test_representations_agree(physionet_folder):
    summary = load_physionet2012(physionet_folder, verify=False)
    hourly = load_physionet2012(physionet_folder, verify=False, representation="hourly")
    temperature = hourly.data[:, :, hourly.feature_names.index("Temp")]
    np.testing.assert_allclose(
        np.nanmean(temperature, axis=1), summary.data["Temp_mean"], rtol=1e-5
    )


def test_subset_and_return_x_y(physionet_folder):
    dataset = load_physionet2012(physionet_folder, subset="b", verify=False)
    assert len(dataset.data) == 6
    assert set(dataset.part) == {"test"}
    with pytest.raises(ValueError, match="no rows of the official train part"):
        honest_split(dataset)
    data, target = load_physionet2012(physionet_folder, verify=False, return_X_y=True)
    assert len(data) == len(target) == 12


def test_leaky_outcomes(physionet_folder):
    leaky = {"SAPS-I", "SOFA", "Length_of_stay", "Survival"}
    assert not leaky & set(load_physionet2012(physionet_folder, verify=False).data)
    dataset = load_physionet2012(physionet_folder, verify=False, drop_leaky=False)
    assert leaky < set(dataset.data)
    assert dataset.data["Survival"].isna().all()


def test_archives_give_the_same(physionet_folder):
    folder = load_physionet2012(physionet_folder, verify=False).data
    pack(physionet_folder)
    archives = load_physionet2012(physionet_folder, verify=False).data
    made = shutil.make_archive(str(physionet_folder), "zip", physionet_folder)
    nested = load_physionet2012(made, verify=False).data
    assert folder.equals(archives)
    assert folder.equals(nested)


def test_parameters(physionet_folder):
    with pytest.raises(ValueError, match="subset is 'c'"):
        load_physionet2012(physionet_folder, subset="c")
    with pytest.raises(ValueError, match="representation is 'daily'"):
        load_physionet2012(physionet_folder, representation="daily")


def test_wrong_number_of_stays(physionet_folder):
    with pytest.raises(DataFileError, match=r"Outcomes-a.txt .* a truncated file, 6 rows"):
        load_physionet2012(physionet_folder)
    home = _physionet2012.DataHome(physionet_folder, _physionet2012.ORIGIN)
    with pytest.raises(DataFileError, match="got 6 records"):
        _physionet2012._read_records(home, "a", verify=True)


def test_altered_records(physionet_folder, monkeypatch):
    monkeypatch.setattr(_physionet2012, "N_RECORDS", 6)
    home = _physionet2012.DataHome(physionet_folder, _physionet2012.ORIGIN)
    with pytest.raises(DataFileError, match="altered records, sha256"):
        _physionet2012._read_records(home, "a", verify=True)


def test_missing_and_truncated_archive(physionet_folder):
    pack(physionet_folder)
    path = physionet_folder / "set-b.tar.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataFileError, match="cannot be read to its end"):
        load_physionet2012(physionet_folder, verify=False)
    path.unlink()
    with pytest.raises(DataFileError, match=r"set-b\.tar\.gz or set-b/.* neither of them"):
        load_physionet2012(physionet_folder, verify=False)


def test_missing_record(physionet_folder):
    (physionet_folder / "set-a" / "132541.txt").unlink()
    with pytest.raises(DataFileError, match=r"not those of Outcomes-a.txt, 1 .* \[132541\]"):
        load_physionet2012(physionet_folder, verify=False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Time,Parameter,Value", "Time,Name,Value", "with the header 'Time,Name,Value'"),
        ("00:07,HR,80", "00:07,Pulse,80", r"unknown variables \['Pulse'\]"),
        ("00:07,HR,80", "00:07,HR,fast", "no such table"),
        ("00:07,HR,80", "7 minutes,HR,80", "the time '7 minutes'"),
        ("00:07,HR,80", "51:07,HR,80", "the time '51:07'"),
        ("00:07,HR,80", ",HR,80", "a row without a time"),
        ("00:00,RecordID,132541\n", "", "5 RecordID rows in 6 records"),
    ],
)
def test_wrong_record(physionet_folder, old, new, message):
    path = physionet_folder / "set-a" / "132541.txt"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataFileError, match=message):
        load_physionet2012(physionet_folder, verify=False)


def test_real_files(real_data, check_dataset):
    dataset = load_physionet2012(real_data)
    check_dataset(dataset)
    assert dataset.data.shape == (8_000, 263)
    assert dataset.groups.is_unique
    deaths = (dataset.target["health"] == "death").groupby(dataset.part).sum()
    assert deaths.to_dict() == {"test": 568, "train": 554}
    train, test = honest_split(dataset)
    assert len(train) == len(test) == 4_000
    assert not (dataset.data[["Age", "Height", "Gender"]] < 0).any(axis=None)


def test_real_files_hourly(real_data):
    dataset = load_physionet2012(real_data, subset="a", representation="hourly")
    assert dataset.data.shape == (4_000, 48, 37)
    assert 0.1 < dataset.mask.mean() < 0.3
