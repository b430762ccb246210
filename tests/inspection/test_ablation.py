import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import KFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skdualcnn.inspection import AblationDisplay

SCORES = {"full": [0.9, 0.8], "no dropout": [0.8, 0.75], "no noise": [0.9, 0.8]}


def test_differences_are_taken_fold_by_fold():
    display = AblationDisplay.from_predictions(SCORES, reference="full", score_name="accuracy")
    np.testing.assert_allclose(display.differences_["no dropout"], [-0.1, -0.05])
    np.testing.assert_allclose(display.differences_["no noise"], 0)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list(SCORES)
    written = [text.get_text() for text in display.ax_.texts]
    assert "−0.0750 ± 0.0354" in written
    assert display.ax_.get_xlabel() == "accuracy"
    display.figure_.canvas.draw()


def test_every_fold_and_every_mean_is_drawn():
    display = AblationDisplay.from_predictions(SCORES, reference="full")
    drawn = [line for line in display.ax_.lines if line.get_marker() != "None"]
    folds = [line.get_xdata().tolist() for line in drawn if line.get_marker() == "|"]
    means = [float(np.squeeze(line.get_xdata())) for line in drawn if line.get_marker() in "oD"]
    assert folds == list(SCORES.values())
    np.testing.assert_allclose(means, [0.85, 0.775, 0.85])


def test_from_estimator_cross_validates_each_variant_on_the_same_folds():
    X, y = make_classification(random_state=0)
    tree, folds = DecisionTreeClassifier(max_depth=4, random_state=0), KFold(3)
    display = AblationDisplay.from_estimator(
        tree, X, y, variants={"a stump": {"max_depth": 1}}, cv=folds
    )
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    expected = cross_val_score(stump, X, y, cv=folds) - cross_val_score(tree, X, y, cv=folds)
    np.testing.assert_allclose(display.differences_["a stump"], expected)
    assert tree.max_depth == 4


def test_folds_may_be_an_iterator():
    X, y = make_classification(random_state=0)
    tree, folds = DecisionTreeClassifier(max_depth=4, random_state=0), KFold(3)
    given = {"variants": {"a stump": {"max_depth": 1}}}
    once = AblationDisplay.from_estimator(tree, X, y, cv=folds.split(X), **given)
    again = AblationDisplay.from_estimator(tree, X, y, cv=folds, **given)
    np.testing.assert_array_equal(once.differences_["a stump"], again.differences_["a stump"])


def test_a_variant_cannot_take_the_name_of_the_reference():
    X, y = make_classification(random_state=0)
    with pytest.raises(ValueError, match="variants has 'full', which is the name"):
        AblationDisplay.from_estimator(
            DecisionTreeClassifier(), X, y, variants={"full": {"max_depth": 1}}
        )


def test_an_unknown_parameter_is_refused():
    X, y = make_classification(random_state=0)
    with pytest.raises(ValueError, match="Invalid parameter"):
        AblationDisplay.from_estimator(DecisionTreeClassifier(), X, y, variants={"x": {"depth": 1}})


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"other": [1.0]}, r"reference='full', expected one of \['other'\]"),
        ({"full": [1.0], "other": [1.0, 2.0]}, "inconsistent numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        AblationDisplay.from_predictions(scores, reference="full")
