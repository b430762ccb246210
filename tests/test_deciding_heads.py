import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from skdualcnn import FusionDecider
from skdualcnn._deciding_heads import deciding_heads, read_labels
from skdualcnn.exceptions import HeadError

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = pd.DataFrame({"cyber": [2, 2, 3, 3], "health": [0, 1, 0, 1]})


def fitted(y, normal=None):
    return FusionDecider(DecisionTreeClassifier(random_state=0), normal=normal).fit(X, y)


def test_the_medical_head_comes_first_wherever_its_column_is():
    health, cyber = deciding_heads(fitted(Y, normal=(0, 2)))
    assert (health.role, health.position, health.name, health.normal) == (0, 1, "health", 0)
    assert (cyber.role, cyber.position, cyber.name, cyber.normal) == (1, 0, "cyber", 2)
    assert health.classes.tolist() == [0, 1]
    assert cyber.classes.tolist() == [2, 3]


def test_a_head_that_is_not_there_is_left_out():
    (cyber,) = deciding_heads(fitted(Y["cyber"], normal=2))
    assert (cyber.role, cyber.position, cyber.name) == (1, 0, "cyber")


def test_labels_are_read_in_the_order_of_the_heads():
    labels = read_labels(fitted(Y, normal=(0, 2)), Y[["health", "cyber"]])
    assert labels.names == ("cyber", "health")
    assert labels.columns[1].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "health", [[0, 7, "worm", None], [None] * 4, [False, True] * 2, [7, 8, 7, None]]
)
def test_labels_may_be_missing_or_unknown(health):
    read_labels(fitted(Y, normal=(0, 2)), Y.assign(health=health))


@pytest.mark.parametrize("health", [["0", "1", "0", "1"], ["no", "ill", None, None]])
def test_texts_for_a_head_that_has_numbers_are_an_error(health):
    decider, y = fitted(Y, normal=(0, 2)), Y.assign(health=health)
    for read in (decider.true_state, lambda y: decider.score(X, y)):
        with pytest.raises(HeadError, match=r"labels of the health head are .* expected its"):
            read(y)
