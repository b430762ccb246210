import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from skdualcnn.inspection import RobustnessDisplay

X = pd.DataFrame(
    {"pulse": np.arange(2000.0), "spo2": np.linspace(0, 1, 2000), "device": ["a", "b"] * 1000}
)


def test_a_model_gets_worse_as_readings_get_lost():
    y = (X["pulse"] > 1000).astype(int)
    model = HistGradientBoostingClassifier(max_iter=10, random_state=0)
    numbers = X[["pulse", "spo2"]]
    display = RobustnessDisplay.from_estimator(
        model.fit(numbers, y), numbers, y, strengths=(0.0, 0.5, 0.9), random_state=0
    )
    assert set(display.scores) == {"missing", "noise"}
    means = np.mean(display.scores["missing"], axis=1)
    assert means[0] > 0.99
    assert (np.diff(means) < 0).all()
    again = RobustnessDisplay.from_estimator(
        model, numbers, y, strengths=(0.0, 0.5, 0.9), random_state=0
    )
    np.testing.assert_array_equal(again.scores["noise"], display.scores["noise"])


def test_a_disturbance_of_ones_own():
    def hold(rows, strength, random):
        return rows.assign(pulse=rows["pulse"] * (1 - strength))

    y = (X["pulse"] > 1000).astype(int)
    model = HistGradientBoostingClassifier(max_iter=10).fit(X[["pulse"]], y)
    display = RobustnessDisplay.from_estimator(
        model, X[["pulse"]], y, disturbances={"held": hold}, strengths=(0.0, 1.0), draws=1
    )
    unmoved, held = display.scores["held"].ravel()
    assert unmoved > 0.99
    assert held == (y == 0).mean()


def test_a_curve_is_the_mean_and_its_band_the_extremes():
    display = RobustnessDisplay.from_predictions(
        [0, 1], {"missing": [[0.9, 0.7], [0.5, 0.3]], "noise": [0.9, 0.8]}, score_name="F1"
    )
    lines = display.ax_.lines
    np.testing.assert_allclose(lines[0].get_ydata(), [0.8, 0.4])
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    band = display.ax_.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.3, 0.9)
    assert display.ax_.get_ylabel() == "F1"
    display.figure_.canvas.draw()


def test_an_unknown_disturbance_is_refused():
    with pytest.raises(ValueError, match="'fire' is unknown, expected missing or noise"):
        RobustnessDisplay.from_estimator(
            HistGradientBoostingClassifier(), X, [0], disturbances=["fire"]
        )


def test_one_disturbance_may_be_named_alone_and_is_drawn_at_least_once():
    y = (X["pulse"] > 1000).astype(int)
    numbers = X[["pulse", "spo2"]]
    model = HistGradientBoostingClassifier(max_iter=2).fit(numbers, y)
    display = RobustnessDisplay.from_estimator(
        model, numbers, y, disturbances="noise", strengths=(0.0,), draws=1
    )
    assert list(display.scores) == ["noise"]
    with pytest.raises(ValueError, match="draws=0, expected 1 or more"):
        RobustnessDisplay.from_estimator(model, numbers, y, draws=0)


def test_scores_of_another_number_of_strengths_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\), expected 2 rows"):
        RobustnessDisplay.from_predictions([0, 1], {"noise": [1, 2, 3]})
