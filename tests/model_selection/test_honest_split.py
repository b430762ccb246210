import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split


def dataset(split_by, groups, part=None):
    return Bunch(split_by=split_by, groups=np.asarray(groups), part=part)


def test_groups_stay_whole():
    ward = make_ward(n_patients=10, hours=1, random_state=0)
    train, test = honest_split(ward, test_size=0.3, random_state=0)
    assert len(train) == 420
    assert len(test) == 180
    assert not set(ward.groups[train]) & set(ward.groups[test])
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    np.testing.assert_array_equal(np.sort(np.r_[train, test]), np.arange(600))
    np.testing.assert_array_equal(test, honest_split(ward, 0.3, random_state=0)[1])


def test_time_cut_moves_to_the_end_of_the_episode():
    groups = np.repeat(np.arange(5), [30, 45, 10, 5, 10])
    train, test = honest_split(dataset("time", groups), test_size=0.2)
    assert (train[-1], test[0]) == (84, 85)
    train, test = honest_split(dataset("time", groups), test_size=0.3)
    assert (train[-1], test[0]) == (74, 75)
    # Exactly on the boundary nothing moves.
    train, test = honest_split(dataset("time", groups), test_size=0.25)
    assert (len(train), len(test)) == (75, 25)


def test_time_cut_within_the_last_episode_holds_all_of_it_out():
    train, test = honest_split(dataset("time", [0] * 5 + [1] * 20), test_size=0.2)
    assert (len(train), len(test)) == (5, 20)


def test_time_keeps_something_to_test_on_when_the_share_is_tiny():
    train, test = honest_split(dataset("time", [0, 0, 0, 1]), test_size=0.01)
    assert (len(train), len(test)) == (3, 1)


def test_official_files():
    part = np.array(["test", "train", "train", "test"], dtype=object)
    train, test = honest_split(dataset("file", range(4), part), random_state=3)
    assert train.tolist() == [1, 2]
    assert test.tolist() == [0, 3]
    assert train.dtype == test.dtype == np.intp


@pytest.mark.parametrize("test_size", [0, 1, 1.5, -0.1, True, "0.2", None, float("nan")])
def test_wrong_test_size(test_size):
    with pytest.raises(ValueError, match="test_size is"):
        honest_split(dataset("groups", [0, 1]), test_size=test_size)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (dataset("rows", [0, 1]), "split_by is 'rows'"),
        (pd.DataFrame({"a": [1.0]}), "is a DataFrame without split_by, expected what a loader"),
        (dataset("groups", [0, 0]), "1 group, expected at least 2"),
        (dataset("time", [0, 0, 0]), "one single group"),
        (dataset("file", [0], np.array(["train"])), "official test part"),
    ],
)
def test_impossible_splits(one, message):
    with pytest.raises(ValueError, match=message):
        honest_split(one)


def test_two_groups_are_enough():
    train, test = honest_split(dataset("groups", [0, 0, 1]), random_state=0)
    assert sorted([train.tolist(), test.tolist()]) == [[0, 1], [2]]
