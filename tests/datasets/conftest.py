"""Small files in the formats of the public data sets, generated here."""

import numpy as np
import pandas as pd
import pytest

from skdualcnn.datasets import _nsl_kdd, _physionet2012, _wustl_ehms


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def wustl_folder(tmp_path, rng):
    """Two hundred flows with attack episodes and a port that is written as a name."""
    n = 200
    table = pd.DataFrame(
        {name: rng.integers(0, 50, n) for name in _wustl_ehms.FILE.columns}
    ).astype(object)
    category = np.array(["normal"] * n, dtype=object)
    category[40:60] = "Spoofing"
    category[100:130] = "Data Alteration"
    category[165:170] = "Spoofing"
    table["Attack Category"] = category
    table["Label"] = (category != "normal").astype(int)
    table["Dir"] = "   ->"
    table["Flgs"] = " e        "
    for name in ("SrcAddr", "DstAddr", "SrcMac", "DstMac"):
        table[name] = "00:00"
    table["SrcMac"] = np.where(category == "normal", "00:01", "00:02")
    table.loc[7, "Sport"] = "dircproxy"
    folder = tmp_path / "wustl"
    folder.mkdir()
    table.to_csv(folder / _wustl_ehms.FILE.name, index=False)
    return folder


@pytest.fixture
def nsl_folder(tmp_path, rng):
    """A training file of 60 rows and a test file of 30, with a type it alone has."""
    folder = tmp_path / "nsl"
    folder.mkdir()
    columns = _nsl_kdd.TEST_FILE.columns
    files = {
        _nsl_kdd.TRAIN_FILES["20percent"].name: (60, ["normal", "neptune", "satan", "spy"]),
        _nsl_kdd.TEST_FILE.name: (30, ["normal", "mailbomb", "rootkit"]),
    }
    for name, (n, attacks) in files.items():
        table = pd.DataFrame({column: rng.integers(0, 5, n) for column in columns}).astype(object)
        table["protocol_type"] = "tcp"
        table["service"] = rng.choice(["http", "private"], n)
        table["flag"] = "SF"
        table["attack"] = [attacks[i % len(attacks)] for i in range(n)]
        table.to_csv(folder / name, index=False, header=False)
    return folder


def _record(record_id, rng):
    lines = ["Time,Parameter,Value", f"00:00,RecordID,{record_id}"]
    height = -1 if record_id % 2 else 170.2
    lines += ["00:00,Age,54", "00:00,Gender,1", f"00:00,Height,{height}", "00:00,ICUType,4"]
    lines += ["00:00,Weight,-1", "00:07,HR,80", "00:37,HR,90", "47:59,HR,100"]
    lines += [f"{hour:02d}:10,Temp,{36 + rng.random():.1f}" for hour in range(0, 48, 7)]
    return "\n".join([*lines, "48:00,Urine,60", ""])


@pytest.fixture
def physionet_folder(tmp_path, rng):
    """Six stays a set, as extracted folders."""
    folder = tmp_path / "physionet"
    for letter, first in (("a", 132_539), ("b", 142_675)):
        (folder / f"set-{letter}").mkdir(parents=True)
        ids = np.arange(first, first + 6)
        for record_id in ids:
            path = folder / f"set-{letter}" / f"{record_id}.txt"
            path.write_text(_record(int(record_id), rng), encoding="utf-8")
        outcomes = pd.DataFrame(
            5, index=range(6), columns=list(_physionet2012.OUTCOMES_FILES["a"].columns)
        )
        outcomes["RecordID"] = ids
        outcomes["Survival"] = -1
        outcomes["In-hospital_death"] = [0, 1, 0, 0, 1, 0]
        outcomes.to_csv(folder / f"Outcomes-{letter}.txt", index=False)
    return folder


@pytest.fixture
def check_dataset():
    """What holds for every data set."""

    def check(dataset):
        n = len(dataset.data)
        listed = [name for names in dataset.modalities.values() for name in names]
        assert list(dataset.modalities) == ["patient", "environment", "network"]
        assert sorted(listed) == sorted(dataset.feature_names)
        assert list(dataset.target.columns) == ["health", "cyber"]
        assert dataset.target.dtypes.astype(str).tolist() == ["object", "object"]
        assert len(dataset.target) == len(dataset.groups) == n
        assert (dataset.part is not None) == (dataset.split_by == "file")
        assert dataset.protocol.endswith(".")
        assert len(dataset.DESCR) > 200
        if isinstance(dataset.data, pd.DataFrame):
            assert list(dataset.data.columns) == dataset.feature_names
            assert dataset.data.index.equals(pd.RangeIndex(n))

    return check
