import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skdualcnn.inspection import ParetoFrontDisplay
from skdualcnn.inspection._pareto import unbeaten

NAMES = ["large", "small", "beaten", "slow and small", "twin of large"]
SCORES = np.array([0.90, 0.80, 0.79, 0.80, 0.90])
COSTS = np.array(
    [[100, 10, 1000], [10, 10, 100], [20, 10, 200], [9, 99, 90], [100, 10, 1000]], dtype=float
)


def test_the_front_keeps_what_nothing_beats():
    front = unbeaten(SCORES, COSTS)
    assert [name for name, kept in zip(NAMES, front, strict=True) if kept] == [
        "large",
        "small",
        "slow and small",
        "twin of large",
    ]


def test_what_is_not_known_beats_nothing_and_is_not_kept():
    front = unbeaten(np.array([0.9, np.nan, 0.8]), np.array([[np.nan], [1.0], [2.0]]))
    assert front.tolist() == [False, False, True]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_whatever_is_left_out_is_beaten_by_one_that_is_kept(models):
    scores, costs = np.array(models, dtype=float).T
    front = unbeaten(scores, costs[:, np.newaxis])
    assert front.any()
    for score, cost in zip(scores[~front], costs[~front], strict=True):
        assert any(
            s >= score and c <= cost and (s > score or c < cost)
            for s, c in zip(scores[front], costs[front], strict=True)
        )


def test_each_cost_has_a_panel_with_its_own_front():
    costs = {"flash": COSTS[:, 2], "instructions": COSTS[:, 1]}
    display = ParetoFrontDisplay.from_predictions(SCORES, costs, NAMES, score_name="ROC-AUC")
    assert [ax.get_xlabel() for ax in display.ax_] == ["flash", "instructions"]
    assert display.ax_[0].get_ylabel() == "ROC-AUC"
    written = [{text.get_text() for text in ax.texts} for ax in display.ax_]
    assert written[0] == {"slow and small", "large", "twin of large"}
    assert written[1] == {"large", "twin of large"}
    display.figure_.canvas.draw()


def test_a_search_gives_scores_and_costs():
    X, y = make_classification(random_state=0)

    def measure(tree, X, y):
        return {"accuracy": tree.score(X, y), "leaves": tree.get_n_leaves()}

    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}, scoring=measure, refit=False
    ).fit(X, y)
    display = ParetoFrontDisplay.from_estimator(search, score="accuracy", costs=["leaves"])
    assert list(display.names) == ["max_depth=1", "max_depth=3"]
    np.testing.assert_array_equal(display.costs["leaves"], search.cv_results_["mean_test_leaves"])
    with pytest.raises(ValueError, match="no metric 'flash', expected one of"):
        ParetoFrontDisplay.from_estimator(search, score="accuracy", costs=["flash"])


def test_what_is_no_search_is_refused():
    with pytest.raises(TypeError, match="without cv_results_"):
        ParetoFrontDisplay.from_estimator(DecisionTreeClassifier(), costs=["leaves"])


def test_no_cost_is_refused():
    with pytest.raises(ValueError, match="costs is empty"):
        ParetoFrontDisplay.from_predictions([1.0], {})
    with pytest.raises(ValueError, match="scores is empty"):
        ParetoFrontDisplay.from_predictions([], {"flash": []})


def test_a_cost_that_no_model_has_leaves_its_panel_empty():
    costs = {"flash": [9.0, 2.0], "instructions": [np.nan, np.nan]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = ParetoFrontDisplay.from_predictions([0.9, 0.8], costs)
        display.figure_.canvas.draw()
    drawn = [line.get_xdata().size for line in display.ax_[1].lines]
    assert drawn == [0, 0, 0]
