import numpy as np
import pandas as pd
import pytest

from skdualcnn.exceptions import HeadError
from skdualcnn.metrics import subset_accuracy


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        ([0, 1, 1, 0], [0, 1, 0, 0], 3 / 4),
        (["a", "b"], np.array(["a", "a"]), 1 / 2),
        ([[0, 1], [1, 1]], [[0, 1], [1, 0]], 1 / 2),
        ([[0, None], [None, 1], [None, None]], [[0, 5], [5, 1], [5, 5]], 1.0),
        ([[0, np.nan], [1, 1]], [[1, 1], [1, 1]], 1 / 2),
        (pd.DataFrame({"h": ["a", None], "c": [pd.NA, 1]}), [["a", 0], ["b", 0]], 1 / 2),
        ([["a", 1.0]], np.array([["a", 1]], dtype=object), 1.0),
        ([1, 2], ["1", "2"], 0.0),
    ],
)
def test_a_row_is_right_if_every_labelled_head_is(y_true, y_pred, expected):
    assert subset_accuracy(y_true, y_pred) == expected


def test_weights():
    y_true, y_pred = [[0, 0], [0, 1], [None, None]], [[0, 0], [0, 0], [1, 1]]
    assert subset_accuracy(y_true, y_pred, sample_weight=[3, 1, 100]) == 0.75
    assert subset_accuracy(y_true, y_pred, sample_weight=[0, 1, 1]) == 0.0


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0, 1], [0, 1, 1], r"shape \(2, 1\) and y_pred \(3, 1\).*expected the same shape"),
        ([[0, 1]], [0], r"shape \(1, 2\) and y_pred \(1, 1\)"),
        ([None, np.nan], [0, 1], "no label in any row"),
    ],
)
def test_what_cannot_be_scored(y_true, y_pred, message):
    with pytest.raises(HeadError, match=message):
        subset_accuracy(y_true, y_pred)
