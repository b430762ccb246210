import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.exceptions import HeadError
from skdualcnn.inspection import ConfusionSharesDisplay


def test_counts_as_text_and_shares_as_colour():
    truth = ["normal"] * 4 + ["b"] * 2 + [None]
    answer = ["normal", "normal", "normal", "b", "b", "b", "b"]
    display = ConfusionSharesDisplay.from_predictions(truth, answer)
    np.testing.assert_array_equal(display.counts, [[3, 1], [0, 2]])
    np.testing.assert_allclose(display.ax_.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["3\n75.0 %", "1\n25.0 %", "0", "2\n100.0 %"]
    assert display.classes == ["normal", "b"]


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        ([10, 2, 0, 1], [0, 1, 2, 10]),
        ([1.5, "b", "normal", "a", True], ["normal", True, 1.5, "a", "b"]),
    ],
)
def test_classes_are_sorted_by_value_normal_first(labels, ordered):
    display = ConfusionSharesDisplay.from_predictions(labels, labels)
    assert display.classes == ordered
    np.testing.assert_array_equal(display.counts, np.eye(len(labels)))


def test_long_names_end_at_their_columns():
    names = ["normal", "acute heart failure", "arrhythmia"]
    ax = ConfusionSharesDisplay.from_predictions(names, names).ax_
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    for place, label in enumerate(ax.get_xticklabels()):
        column = ax.transData.transform((place, 0))[0]
        assert label.get_window_extent(renderer).x1 == pytest.approx(column, abs=10)


def test_answers_may_be_more_than_the_classes():
    display = ConfusionSharesDisplay.from_predictions(
        ["a", "b"], ["a", "?"], classes=["a", "b", "never"], answers=["a", "b", "?"]
    )
    np.testing.assert_array_equal(display.shares, [[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert len(display.ax_.patches) == 2
    display.figure_.canvas.draw()


def test_the_picture_says_how_many_rows_it_leaves_out():
    truth, answer = ["a", "b", "new", "new", None], ["a", "b", "a", "b", "a"]
    display = ConfusionSharesDisplay.from_predictions(truth, answer, classes=["a", "b"])
    assert (np.sum(display.counts), display.left_out) == (2, 2)
    said = "Confusion matrix\nrows of other classes, not shown: 2"
    assert display.ax_.get_title() == said
    whole = ConfusionSharesDisplay.from_predictions(truth, answer)
    assert whole.ax_.get_title() == "Confusion matrix"


def test_from_estimator():
    X = np.random.default_rng(0).random((200, 2))
    y = pd.DataFrame(X > 0.7, columns=["health", "cyber"]).astype(int)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    display = ConfusionSharesDisplay.from_estimator(forest, X, y, head="cyber")
    assert np.sum(display.counts) == 200
    assert "cyber" in display.ax_.get_title()
    single = RandomForestClassifier(10, random_state=0).fit(X, y["health"])
    assert np.sum(ConfusionSharesDisplay.from_estimator(single, X, y["health"]).counts) == 200


def test_a_column_of_y_is_compared_with_the_head_of_its_name():
    X = np.random.default_rng(0).random((100, 4)).astype(np.float32)
    y = pd.DataFrame(X[:, :2] > 0.5, columns=["health", "cyber"]).astype(int)
    network = DualPathCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    expected = confusion_matrix(y["cyber"], network.predict(X)[:, 1])
    for columns in (y, y["cyber"], y[["cyber", "health"]]):
        display = ConfusionSharesDisplay.from_estimator(network, X, columns, head="cyber")
        np.testing.assert_array_equal(display.counts, expected)


def test_from_decider():
    X = np.random.default_rng(0).random((200, 2))
    y = (X > 0.7).astype(int)
    decider = FusionDecider(RandomForestClassifier(10, random_state=0)).fit(X, y)
    _, ax = plt.subplots()
    display = ConfusionSharesDisplay.from_estimator(decider, X, y, ax=ax)
    assert display.ax_ is ax
    assert display.classes == ["normal", "medical", "cyber", "both"]
    assert display.answers == ["normal", "medical", "cyber", "both", "uncertain"]
    assert np.sum(display.counts) == 200


def test_a_head_of_a_decider():
    X = np.random.default_rng(0).random((200, 2))
    y = pd.DataFrame(X > 0.7, columns=["health", "cyber"]).astype(int)
    forest = RandomForestClassifier(3, max_depth=1, random_state=0)
    decider = FusionDecider(forest).fit(X, y)
    search = GridSearchCV(decider, {"delta": [0.1]}, cv=2).fit(X, y)
    for fitted in (decider, search):
        answers = [one.argmax(axis=1) for one in fitted.predict_proba(X)]
        for place, head in enumerate(y):
            display = ConfusionSharesDisplay.from_estimator(fitted, X, y, head=head)
            expected = confusion_matrix(y[head], answers[place])
            np.testing.assert_array_equal(display.counts, expected)
            assert display.classes == display.answers == [0, 1]
            assert display.title == f"Confusion matrix of the {head} head"
    with pytest.raises(HeadError, match="head='heart', but y has the head"):
        ConfusionSharesDisplay.from_estimator(decider, X, y, head="heart")


def test_wrong_arguments():
    with pytest.raises(ValueError, match="inconsistent numbers"):
        ConfusionSharesDisplay.from_predictions(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="no label in any row"):
        ConfusionSharesDisplay.from_predictions([None], ["a"])
    with pytest.raises(ValueError, match="y_pred is missing in 1 rows"):
        ConfusionSharesDisplay.from_predictions(["a", "b", None], ["a", np.nan, None])
    with pytest.raises(ValueError, match=r"y_pred has the answers \['c'\], expected some of"):
        ConfusionSharesDisplay.from_predictions(["a", "b"], ["a", "c"], classes=["a", "b"])
