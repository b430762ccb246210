"""Rows divided: all of them once, groups whole, rare labels on both sides where they can be."""

import numpy as np
import pytest

from skdualcnn._labels import Labels
from skdualcnn.conformal._calibration_rows import divide_rows


def test_every_row_is_on_one_side_and_groups_are_whole():
    groups = np.repeat(np.arange(20), 5)
    train, held = divide_rows(Labels.read(np.zeros(100)), groups, size=0.3, random_state=0)
    assert sorted([*train, *held]) == list(range(100))
    assert len(set(groups[held])) == 6
    assert not set(groups[train]) & set(groups[held])


def test_each_combination_of_labels_is_on_both_sides():
    y = np.array([["a", "x"]] * 90 + [["b", "x"]] * 6 + [["a", None]] * 4, dtype=object)
    for seed in range(20):
        _, held = divide_rows(Labels.read(y), None, size=0.25, random_state=seed)
        assert len(held) == 25
        assert 0 < (held >= 96).sum() < 4
        assert 0 < ((held >= 90) & (held < 96)).sum() < 6


def test_a_single_row_of_a_label_does_not_keep_others_from_both_sides():
    y = np.array([0] * 91 + [1] * 8 + [2])
    for seed in range(20):
        train, held = divide_rows(Labels.read(y), None, size=0.25, random_state=seed)
        assert (y[train] == 1).sum() == 6
        assert (y[held] == 1).sum() == 2


def test_a_label_of_one_row_is_on_one_side():
    y = np.array([0] * 9 + [1])
    train, held = divide_rows(Labels.read(y), None, size=0.5, random_state=0)
    assert (len(train), len(held)) == (5, 5)


def test_one_group_cannot_be_divided():
    with pytest.raises(ValueError, match="All rows are of one group, expected groups to fit on"):
        divide_rows(Labels.read(np.zeros(9)), np.ones(9), size=0.5, random_state=0)


def test_a_row_without_a_group_is_an_error():
    with pytest.raises(ValueError, match="1 of 3 rows have no group, such as row 1"):
        divide_rows(Labels.read(np.zeros(3)), ["a", None, "b"], size=0.5, random_state=0)
