import numpy as np
import pandas as pd
import pytest

from skdualcnn.model_selection._leakage_table import read_columns, read_groups, read_heads


def one(values):
    return read_columns(pd.DataFrame({"one": values}))[0]


@pytest.mark.parametrize(
    ("values", "ordered", "codes"),
    [
        ([3.0, np.nan, 1.0, np.inf], True, [1, -1, 0, 2]),
        (pd.array([3, None, 1, 3], dtype="Int64"), True, [1, -1, 0, 1]),
        ([True, False, True, True], True, [1, 0, 1, 1]),
        (pd.to_datetime(["2024-01-02", None, "2024-01-01", "2024-01-02"]), True, [1, -1, 0, 1]),
        (pd.to_timedelta([2, None, 1, 2]), True, [1, -1, 0, 1]),
        (["b", None, "a", "b"], False, [0, -1, 1, 0]),
        (pd.Categorical(["b", None, "a", "b"]), False, [0, -1, 1, 0]),
        ([1, "1", None, [2]], False, [0, 0, -1, 1]),
        ([None] * 4, False, [-1] * 4),
    ],
)
def test_columns(values, ordered, codes):
    column = one(values)
    assert column.ordered is ordered
    assert column.codes.tolist() == codes
    assert column.present.tolist() == [code >= 0 for code in codes]
    assert column.counts.tolist() == [
        codes.count(code) for code in [*range(len(column.values)), -1]
    ]


def test_text_of_numbers_is_numbers():
    ports = [str(port) for port in range(98)] + ["dircproxy", None]
    column = one(ports)
    assert column.ordered
    assert column.codes[[0, 97, 98, 99]].tolist() == [0, 97, -1, -1]
    assert not one(["0", "1"] * 50).ordered  # few values: names
    assert not one([f"0x{i:x}g" for i in range(100)]).ordered


def test_columns_of_one_name():
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=["same", "same"])
    assert [column.codes.tolist() for column in read_columns(frame)] == [[0, 1], [0, 1]]


def test_heads():
    names = lambda y: [head.name for head in read_heads(y)]  # noqa: E731
    assert names(np.zeros(3)) == ["y"]
    assert names(pd.Series([0, 1], name="cyber")) == ["cyber"]
    assert names(np.zeros((3, 2))) == ["head_0", "head_1"]
    (head,) = read_heads([0.0, np.nan, 1.0])
    assert head.codes.tolist() == [0, -1, 1]
    assert head.classes.tolist() == [0.0, 1.0]
    (head,) = read_heads(pd.Series(["a", None, 3], dtype=object))
    assert head.codes.tolist() == [0, -1, 1]


def test_groups():
    assert read_groups(None) is None
    assert read_groups(["b", "a", "b"]).tolist() == [0, 1, 0]
