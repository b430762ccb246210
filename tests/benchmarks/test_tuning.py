"""Tuning reads training rows alone, and divides them as the data set asks for."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from benchmarks import tuning
from skdualcnn._studies import STUDIES
from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split


def connections(n=400):
    """Return a data set with named attacks and official files."""
    attack = pd.Series(np.resize(["normal", "a", "b", "c", "d"], n))
    return Bunch(
        data=pd.DataFrame({"x": np.arange(n, dtype=float)}),
        target=pd.DataFrame({"health": None, "cyber": attack.where(attack == "normal", "dos")}),
        groups=pd.Series(np.arange(n)),
        attack=attack,
        modalities={"network": ["x"]},
        split_by="file",
        part=np.repeat(["train", "test"], [n - 100, 100]),
    )


def test_no_test_row_is_left():
    ward = make_ward(n_patients=5, hours=2.0, random_state=0)
    inside = tuning.training_rows(ward, seed=0)
    train, test = honest_split(ward, random_state=0)
    assert len(inside.data) == len(train)
    assert not set(inside.groups) & set(ward.groups.iloc[test])
    assert tuning.training_rows(connections(), seed=0).data["x"].max() == 299


def test_each_fold_meets_types_of_attack_that_it_has_not_seen():
    inside = tuning.training_rows(connections(), seed=0)
    for train, watched in tuning.folds(inside, window=1, seed=0):
        assert not set(train) & set(watched)
        seen, met = (set(inside.attack.iloc[rows]) for rows in (train, watched))
        assert met == {"normal", "a", "b", "c", "d"}
        assert met > seen > {"normal"}


def test_folds_along_time_share_no_window():
    n = 200
    inside = Bunch(
        data=pd.DataFrame({"x": np.arange(n)}),
        groups=pd.Series(np.arange(n) // 10),
        split_by="time",
    )
    parts = list(tuning.folds(inside, window=8, seed=0))
    assert len(parts) == tuning.N_FOLDS
    assert all(train.max() + 8 <= watched.min() for train, watched in parts)


def test_a_setting_adds_to_what_the_study_has():
    study = STUDIES["physionet2012"]
    changed = tuning.Setting(study={"window": 4}, classifier={"lr": 0.5}).apply(study)
    assert changed.window == 4
    assert changed.classifier == {**study.classifier, "lr": 0.5}


@pytest.mark.slow
def test_the_table_has_every_setting(tmp_path, small_ward, capsys):
    results = tuning.run(["ward"], tmp_path, tmp_path / "out", [0], quick=True)
    settings = tuning.settings_of(STUDIES["ward"])
    assert len(results) == 2 * tuning.N_FOLDS * len(settings)
    written = json.loads((tmp_path / "out" / "tuning.json").read_text())
    assert len(written["results"]) == len(results)
    assert f"| ward | health | {tuning.SHIPPED} |" in capsys.readouterr().out
