import numpy as np
import pandas as pd
import pytest

from skdualcnn._labels import Heads, Labels, class_weights
from skdualcnn.exceptions import HeadError

NAN = float("nan")


def classes(y, sample_weight=None):
    return [one.tolist() for one in Heads.from_labels(Labels.read(y, sample_weight)).classes]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 1], [0, 1]),
        (["b", "a", "b"], ["a", "b"]),
        (("b", "a", "b"), ["a", "b"]),
        ([True, False], [False, True]),
        (np.array([2.0, 1.0]), [1.0, 2.0]),
        (np.array(["a", "b"], dtype=object), ["a", "b"]),
        ([0, 1, None], [0, 1]),
        ([0.0, 1.0, NAN], [0.0, 1.0]),
        (["a", NAN, "b"], ["a", "b"]),
        (["a", None, "b"], ["a", "b"]),
        (np.array(["a", NAN, None, pd.NA, "b"], dtype=object), ["a", "b"]),
        (pd.Series([1, 0, None]), [0.0, 1.0]),
        (pd.Series([1, 0, None], dtype="Int64"), [0, 1]),
        (pd.array([1, 0, None], dtype="Int64"), [0, 1]),
        (pd.Series([True, None, False], dtype="boolean"), [False, True]),
        (pd.Series(["a", None, "b"], dtype="string"), ["a", "b"]),
        (pd.Series(["a", None, "b"], dtype="category"), ["a", "b"]),
        (pd.Categorical(["a", None, "b"], categories=["b", "a", "never"]), ["a", "b"]),
        (pd.DataFrame({"health": ["a", None, "b"]}), ["a", "b"]),
        (np.array([["a"], ["b"]]), ["a", "b"]),
    ],
    ids=repr,
)
def test_one_column_in_every_form(y, expected):
    labels = Labels.read(y)
    assert labels.single_output
    assert classes(y) == [expected]
    assert type(classes(y)[0][0]) is type(expected[0])
    heads = Heads.from_labels(labels)
    codes = heads.encode(labels)
    assert codes.shape == labels.weights.shape == (len(y), 1)
    np.testing.assert_array_equal(codes[:, 0] == -1, pd.isna(np.asarray(y, dtype=object).ravel()))
    decoded = heads.decode(codes)[codes[:, 0] >= 0]
    np.testing.assert_array_equal(decoded, labels.used(0))


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([[0, 1], [1, 0]], [[0, 1], [0, 1]]),
        ([["a", 0], ["b", 1]], [["a", "b"], [0, 1]]),
        ([["a", 0.0], [None, 1.0], ["b", NAN]], [["a", "b"], [0.0, 1.0]]),
        ([["a", NAN], ["b", "x"], [NAN, "y"]], [["a", "b"], ["x", "y"]]),
        (np.array([[0, 1, 2], [1, 0, 3], [NAN, 1, 4]]), [[0.0, 1.0], [0.0, 1.0], [2.0, 3.0, 4.0]]),
        (
            pd.DataFrame(
                {
                    "health": pd.Categorical(["a", None, "b"]),
                    "cyber": pd.array([1, 0, None], dtype="Int64"),
                }
            ),
            [["a", "b"], [0, 1]],
        ),
    ],
    ids=repr,
)
def test_several_columns_in_every_form(y, expected):
    labels = Labels.read(y)
    assert not labels.single_output
    assert classes(y) == expected
    heads = Heads.from_labels(labels)
    codes = heads.encode(labels)
    decoded = heads.decode(codes)
    for head in range(len(expected)):
        known = codes[:, head] >= 0
        assert decoded[known, head].tolist() == labels.used(head).tolist()


def test_polars_columns_keep_their_names_and_types():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"health": ["a", None, "b"], "cyber": [1, 0, None]})
    assert Labels.read(frame).names == ("health", "cyber")
    assert classes(frame) == [["a", "b"], [0, 1]]
    assert Labels.read(frame["cyber"]).names == ("cyber",)
    assert classes(frame["cyber"]) == [[0, 1]]
    assert Labels.read(polars.Series([1, 2])).names == ("head_0",)


def test_names():
    assert Labels.read([0, 1]).names == ("head_0",)
    assert Labels.read([[0, 1, 2]]).names == ("head_0", "head_1", "head_2")
    assert Labels.read(pd.Series([0, 1], name="cyber")).names == ("cyber",)
    assert Labels.read(pd.Series([0, 1])).names == ("head_0",)
    assert Labels.read(pd.DataFrame([[0, 1]])).names == ("0", "1")


def test_a_frames_index_does_not_matter():
    frame = pd.DataFrame({"health": ["a", "b"]}, index=[7, 3])
    assert Labels.read(frame).columns[0].tolist() == ["a", "b"]


def test_weights_are_spread_over_the_heads_and_zero_where_a_label_is_missing():
    y = np.array([["a", "x"], ["b", None], [None, "y"]], dtype=object)
    np.testing.assert_array_equal(Labels.read(y).weights, [[1, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(Labels.read(y, [1, 2, 3]).weights, [[1, 1], [2, 0], [0, 3]])
    np.testing.assert_array_equal(Labels.read(y, 2).weights, [[2, 2], [2, 0], [0, 2]])
    per_head = [[1, 2], [3, 4], [5, 6]]
    np.testing.assert_array_equal(Labels.read(y, per_head).weights, [[1, 2], [3, 0], [0, 6]])


def test_a_class_without_weight_is_no_class():
    assert classes(["a", "b", "c"], [1, 1, 0]) == [["a", "b"]]
    labels = Labels.read(["a", "b", "c"], [1, 1, 0])
    assert Heads.from_labels(labels).encode(labels).ravel().tolist() == [0, 1, -1]


def test_heads_of_different_kinds_are_decoded_as_objects():
    heads = Heads(("h", "c"), (np.array(["a", "b"]), np.array([0, 1])), False)
    decoded = heads.decode(np.array([[1, 0]]))
    assert decoded.dtype == object
    assert decoded.tolist() == [["b", 0]]
    alike = Heads(("h", "c"), (np.array([0, 5]), np.array([0, 1])), False)
    assert alike.decode(np.array([[1, 0]])).dtype.kind == "i"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0, 0], [1, 0]], "Head 'head_1' has one class only, 0, expected two"),
        (["a", "a"], "Head 'head_0' has one class only, 'a'"),
        ([None, None], "Head 'head_0' has no label in any row"),
        ([[0, None], [1, NAN]], "Head 'head_1' has no label in any row"),
        (pd.DataFrame({"h": ["a", "b"], "cyber": [None, None]}), "Head 'cyber' has no label"),
        (["a", 1], "mixes text and numbers.*astype"),
        (np.zeros((2, 2, 2)), r"got an array of shape \(2, 2, 2\)"),
        (np.zeros((2, 0)), r"got an array of shape \(2, 0\)"),
        (3, r"got an array of shape \(\)"),
    ],
)
def test_labels_that_cannot_train(y, message):
    with pytest.raises(HeadError, match=message):
        Heads.from_labels(Labels.read(y))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, np.inf, 1.0], "y contains infinity"),
        ([0.1, 0.2, 0.35], "label type.*continuous"),
        ([[0], [1, 2]], "inhomogeneous|sequence"),
    ],
)
def test_labels_that_are_no_classes(y, message):
    with pytest.raises(ValueError, match=message):
        Heads.from_labels(Labels.read(y))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, -1], "Negative values.*smallest is -1"),
        ([0, 0], "Every sample_weight is zero"),
        ([1, np.nan], "NaN"),
        ([1, np.inf], "infinity"),
        ([1, 1, 1], "inconsistent numbers of samples"),
        ([[1, 1, 1], [1, 1, 1]], r"shape \(2, 3\), expected \(2,\) or one column per head"),
    ],
)
def test_weights_are_checked(weight, message):
    with pytest.raises(ValueError, match=message):
        Labels.read([[0, 1], [1, 0]], weight)


def test_given_classes():
    labels = Labels.read([["b", 1]])
    heads = Heads.from_classes(labels, [["b", "a", "b"], [2, 1, 0]])
    assert [one.tolist() for one in heads.classes] == [["a", "b"], [0, 1, 2]]
    assert heads.encode(labels).tolist() == [[1, 1]]
    with pytest.raises(HeadError, match="classes has 1 entries, expected one array of labels"):
        Heads.from_classes(labels, [["a", "b"]])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["b", None, "a"], ["a", "b"]),
        (["b", NAN, "a"], ["a", "b"]),
        (np.array([1.0, NAN, 0.0]), [0, 1]),
        (pd.Series(["b", pd.NA, "a"], dtype="string").unique(), ["a", "b"]),
        (pd.Series([1, None, 0], dtype="Int64").unique(), [0, 1]),
    ],
    ids=repr,
)
def test_a_missing_label_is_no_class(given, expected):
    one = Heads.from_classes(Labels.read(["a"]), given)
    assert one.classes[0].tolist() == expected


def test_unknown_labels_and_columns():
    heads = Heads(("health", "cyber"), (np.array(["a", "b"]), np.array([0, 1])), False)
    with pytest.raises(HeadError, match=r"'health' has label\(s\) \['c'\].*\['a', 'b'\]"):
        heads.encode(Labels.read([["a", 0], ["c", 1]]))
    with pytest.raises(HeadError, match=r"y has 1 column\(s\), expected 2"):
        heads.encode(Labels.read(["a", "b"]))


HEADS = Heads(("health", "cyber"), (np.array(["a", "b"]), np.array([0, 1, 2])), False)
CODES = np.array([[0, 0], [0, 1], [0, 2], [1, -1]])


@pytest.mark.parametrize(
    ("class_weight", "expected"),
    [
        (None, [[1, 1], [1, 1, 1]]),
        ("balanced", [[4 / 6, 4 / 2], [1, 1, 1]]),
        (["balanced", None], [[4 / 6, 4 / 2], [1, 1, 1]]),
        ((None, {0: 5, 1: 1, 2: 0.5}), [[1, 1], [5, 1, 0.5]]),
        ([{"a": 2, "b": 3}, None], [[2, 3], [1, 1, 1]]),
        ([{"b": 3}, {2: 7}], [[1, 3], [1, 1, 7]]),
    ],
)
def test_class_weight_in_every_form(class_weight, expected):
    weights = np.where(CODES >= 0, 1.0, 0.0)
    found = class_weights(class_weight, HEADS, CODES, weights)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other)


def test_balanced_counts_with_the_sample_weights_and_gives_absent_classes_none():
    weights = np.array([[1, 1], [1, 3], [1, 0], [3, 0]], dtype=float)
    codes = np.where(weights > 0, CODES, -1)
    health, cyber = class_weights("balanced", HEADS, codes, weights)
    np.testing.assert_allclose(health, [1, 1])
    np.testing.assert_allclose(cyber, [4 / 3, 4 / 9, 0])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        (["balanced"], "class_weight has 1 entries, expected one per head"),
        (["balanced", "fair"], "class_weight of head 'cyber' is 'fair'; expected None"),
        ([None, 3], "class_weight of head 'cyber' is 3"),
        ([None, {0: 1, 2: -3}], "head 'cyber' is -3.0 for class 2, expected a finite number"),
        ([{"a": 1, "b": NAN}, None], "head 'health' is nan for class 'b', expected a finite"),
        ([{"b": np.inf}, None], "head 'health' is inf for class 'b', expected a finite"),
        ([{"a": 0, "b": 0}, None], r"head 'health' is 0 for every class of \['a', 'b'\]"),
    ],
)
def test_class_weights_are_checked(class_weight, message):
    with pytest.raises(HeadError, match=message):
        class_weights(class_weight, HEADS, CODES, np.ones(CODES.shape))
