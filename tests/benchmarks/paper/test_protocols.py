import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from benchmarks.paper.jobs import CALIBRATION, Job, Settings
from benchmarks.paper.protocols import (
    describe_folds,
    describe_split,
    first_of_each,
    folds,
    leave_out,
    rows_of,
    strata_of,
)
from skdualcnn.datasets import make_ward

FULL = Settings.choose(quick=False, n_seeds=1)


@pytest.fixture(scope="module")
def ward():
    return make_ward(n_patients=6, hours=3.0, random_state=0)


@pytest.fixture
def series():
    """Twenty episodes of ten rows, in the order of time."""
    episode = np.repeat(np.arange(20), 10)
    cyber = np.where(episode % 2, "dos", "normal").astype(object)
    return Bunch(
        data=pd.DataFrame({"x": np.arange(200.0)}),
        target=pd.DataFrame({"health": None, "cyber": cyber}),
        groups=pd.Series(episode),
        split_by="time",
        part=None,
        protocol="The last fifth.",
    )


def files(series):
    part = np.repeat(np.array(["train", "test"], dtype=object), [150, 50])
    return Bunch(**{**series, "split_by": "file", "part": part})


def test_random_folds_test_every_row_once(ward):
    found = folds(ward, "paper", 1, 0)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(len(ward.data)))
    share = (ward.target["cyber"] != "normal").mean()
    for train, test in found:
        assert not set(train) & set(test)
        assert abs((ward.target["cyber"].iloc[test] != "normal").mean() - share) < 0.01


def test_honest_folds_keep_patients_whole(ward):
    for train, test in folds(ward, "honest", 1, 0):
        assert not set(ward.groups[train]) & set(ward.groups[test])


def test_honest_folds_of_a_recording_leave_a_gap(series):
    for train, test in folds(series, "honest", 8, 0):
        assert not set(series.groups[train]) & set(series.groups[test])
        assert np.abs(train[:, None] - test).min() >= 8


def test_a_test_file_waits(series):
    found = folds(files(series), "honest", 1, 0)
    assert max(rows.max() for pair in found for rows in pair) < 150


@pytest.mark.parametrize("protocol", ["paper", "honest"])
def test_the_temperature_sees_no_test_row(series, ward, protocol):
    for dataset in (series, files(series), ward):
        kept, test = rows_of(Job("d", protocol, "test", "m", 0), dataset, 1, FULL)
        fitted, watched = rows_of(Job("d", protocol, CALIBRATION, "m", 0), dataset, 1, FULL)
        assert not set(test) & {*fitted, *watched}
        assert not set(fitted) & set(watched)
        assert sorted([*fitted, *watched]) == sorted(kept)


def test_folds_are_chosen_by_number(series):
    train, test = rows_of(Job("d", "honest", "fold 5", "m", 0), series, 8, FULL)
    assert test.max() == 199
    assert train.max() < test.min() - 7


def test_a_quick_run_leaves_rows_out(ward):
    few = Settings(True, (0,), 50, 30, 10, 20, None)
    train, test = rows_of(Job("d", "paper", "test", "m", 0), ward, 1, few)
    assert 50 <= len(train) < 120
    assert set(strata_of(ward)[train]) == set(strata_of(ward))
    train, test = rows_of(Job("d", "honest", "test", "m", 0), ward, 8, few)
    assert (len(train), len(test)) == (50, 30)
    assert (np.diff(train) == 1).all()  # the last rows: windows need them in a row


def test_a_quick_run_of_the_paper_tests_rows_from_everywhere(series):
    few = Settings(True, (0,), 50, 20, 10, 20, None)
    train, test = rows_of(Job("d", "paper", "test", "m", 0), series, 8, few)
    assert (train.min() < 20, train.max() >= 180) == (
        True,
        True,
    )
    assert (test.min() < 20, test.max() >= 180) == (True, True)


def test_leaving_out_keeps_some_of_every_class():
    strata = np.zeros(1000, dtype=int)
    strata[[3, 500, 701]] = 1
    kept = leave_out(np.arange(1000), strata, 20, in_a_row=False)
    assert {3, 500, 701} <= set(kept)
    assert leave_out(np.arange(10), strata, None, in_a_row=False).tolist() == list(range(10))
    assert first_of_each(np.array([0, 1, 0, 0, 1]), 2).tolist() == [0, 1, 2, 4]


def test_sentences(series):
    assert describe_split(series, "honest", 1) == "The last fifth."
    assert "Windows of 8 rows" in describe_split(series, "paper", 8)
    assert "windows" not in describe_split(series, "paper", 1).lower()
    assert "test file waits" in describe_folds(files(series), "honest")
