"""The picture of an operating point shows the curve that the estimator keeps."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier

from skdualcnn import FusionDecider, TunedFusionDecider
from skdualcnn.inspection import OperatingPointDisplay


def fitted(n_heads):
    rng = np.random.default_rng(0)
    X = rng.random((400, 2))
    y = (X + rng.normal(scale=0.2, size=X.shape) > 0.7).astype(int)
    model = LogisticRegression() if n_heads == 1 else MultiOutputClassifier(LogisticRegression())
    tuned = TunedFusionDecider(FusionDecider(model), n_resamples=20, random_state=0)
    return tuned.fit(X, y[:, 0] if n_heads == 1 else y)


@pytest.mark.parametrize("n_heads", [1, 2])
def test_curves_and_the_chosen_point(n_heads):
    tuned = fitted(n_heads)
    display = OperatingPointDisplay.from_estimator(tuned)
    assert len(display.ax_) == n_heads
    assert display.figure_.get_size_inches().tolist() == [4.2 * n_heads, 3.6]
    for panel, head in zip(display.ax_, ("health", "cyber"), strict=False):
        curve, point = panel.get_lines()
        along = tuned.curve_[tuned.curve_["head"] == head].sort_values("threshold")
        np.testing.assert_array_equal(curve.get_xdata(), along["threshold"])
        np.testing.assert_array_equal(curve.get_ydata(), along["cost"])
        assert point.get_ydata()[0] == tuned.best_cost_
        assert point.get_xdata()[0] in along["threshold"].to_numpy()


@pytest.mark.parametrize("n_heads", [1, 2])
def test_the_legend_hides_no_curve(n_heads):
    display = OperatingPointDisplay.from_estimator(fitted(n_heads))
    display.figure_.canvas.draw()
    legend = display.ax_[0].get_legend().get_window_extent()
    assert not any(legend.overlaps(ax.bbox) for ax in display.ax_)
    assert display.figure_.bbox.contains(legend.x1, legend.y0)


def test_the_curve_is_drawn_as_asked():
    asked = {"ls": "--", "color": "red"}
    display = OperatingPointDisplay.from_estimator(fitted(1), curve_kwargs=asked)
    curve, point = display.ax_[0].get_lines()
    assert (curve.get_linestyle(), curve.get_color()) == ("--", "red")
    assert point.get_color() != "red"


def test_another_estimator_is_refused():
    X = np.random.default_rng(0).random((100, 1))
    y = (X[:, 0] > 0.5).astype(int)
    decider = FusionDecider(LogisticRegression()).fit(X, y)
    search = GridSearchCV(decider, {"delta": [0.1, 0.2]}, cv=2).fit(X, y)
    for other in (decider, search):
        with pytest.raises(TypeError, match="Got a FusionDecider, expected a fitted TunedFusion"):
            OperatingPointDisplay.from_estimator(other)
    with pytest.raises(NotFittedError):
        OperatingPointDisplay.from_estimator(TunedFusionDecider(decider))


def test_a_search_shows_the_best_it_found():
    X = np.random.default_rng(0).random((200, 1))
    y = (X[:, 0] > 0.5).astype(int)
    tuned = TunedFusionDecider(FusionDecider(LogisticRegression()), n_resamples=10, random_state=0)
    search = GridSearchCV(tuned, {"thresholds": [4, 8]}, cv=2).fit(X, y)
    display = OperatingPointDisplay.from_estimator(search)
    assert display.cost == search.best_estimator_.best_cost_
