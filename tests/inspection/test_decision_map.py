import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from skdualcnn import FusionDecider, TunedFusionDecider
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.inspection import DecisionMapDisplay
from skdualcnn.inspection._style import STATES, tint

STATE = np.array(["normal", "medical", "cyber", "both", None], dtype=object)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.random((200, 2)), rng.choice(STATE, 200)


def region_names(ax):
    return {text.get_text() for text in ax.texts}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("abstention", [0.0, 0.2])
def test_anomaly_rule(rows, abstention):
    display = DecisionMapDisplay.from_predictions(
        *rows, thresholds=(0.4, 0.6), abstention=abstention
    )
    expected = set(STATES) if abstention else set(STATES) - {"uncertain"}
    assert region_names(display.ax_) == expected
    assert sorted(label.split(" (")[0] for label in legend(display.ax_)) == [
        "both",
        "cyber",
        "label missing",
        "medical",
        "normal",
    ]
    lines = [line.get_xydata()[0] for line in display.ax_.lines]
    assert lines[0][0] == 0.4
    assert lines[1][1] == 0.6
    display.figure_.canvas.draw()


def test_confidence_rule_has_no_thresholds(rows):
    display = DecisionMapDisplay.from_predictions(*rows, rule="confidence")
    assert region_names(display.ax_) == {"medical", "cyber", "uncertain"}
    assert not display.ax_.lines
    assert "confidence" in display.ax_.get_xlabel()


def test_plane_is_shaded_by_the_decision(rows):
    display = DecisionMapDisplay.from_predictions(*rows, thresholds=0.5)
    image = display.ax_.images[0]
    colours, (left, right, *_) = image.get_array(), image.get_extent()

    def at(health, cyber):
        position = [
            round((v - left) / (right - left) * (len(colours) - 1)) for v in (cyber, health)
        ]
        return colours[tuple(position)]

    for point, decision in (
        ((0.1, 0.1), "normal"),
        ((0.9, 0.1), "medical"),
        ((0.1, 0.9), "cyber"),
        ((0.9, 0.88), "both"),
        ((0.95, 0.6), "medical"),
    ):
        np.testing.assert_allclose(at(*point), tint(STATES[decision].colour))


@pytest.mark.parametrize("role", [0, 1])
def test_one_score_is_drawn_as_histograms(rows, role):
    scores, state = rows
    scores[:, 1 - role] = 0
    alarm = ("medical", "cyber")[role]
    state = np.where(scores[:, role] > 0.6, alarm, "normal")
    display = DecisionMapDisplay.from_predictions(scores, state, abstention=0.05)
    assert region_names(display.ax_) == {"normal", "uncertain", alarm}
    assert not display.ax_.images
    assert f"the {('health', 'cyber')[role]} head" in display.ax_.get_title()
    display.figure_.canvas.draw()


def test_many_points_are_pixels(rows):
    scores, state = rows
    few = DecisionMapDisplay.from_predictions(scores, state)
    many = DecisionMapDisplay.from_predictions(np.tile(scores, (10, 1)), np.tile(state, 10))
    assert not any(points.get_rasterized() for points in few.ax_.collections)
    assert all(points.get_rasterized() for points in many.ax_.collections)


def test_from_estimator():
    X = np.random.default_rng(0).random((200, 2))
    y = (X > 0.7).astype(int)
    forest = RandomForestClassifier(10, random_state=0)
    decider = FusionDecider(forest, thresholds=(0.3, 0.4), delta=0.2).fit(X, y)
    _, ax = plt.subplots()
    display = DecisionMapDisplay.from_estimator(decider, X, y, ax=ax)
    assert display.ax_ is ax
    assert (display.thresholds, display.delta) == ((0.3, 0.4), 0.2)
    assert sum(len(points.get_offsets()) for points in ax.collections) == 200


def test_the_rule_is_that_of_the_decider_inside():
    X = np.random.default_rng(0).random((200, 2))
    y = (X > 0.7).astype(int)
    decider = FusionDecider(MultiOutputClassifier(LogisticRegression()), delta=0.2)
    tuned = TunedFusionDecider(decider, n_resamples=20, random_state=0).fit(X, y)
    display = DecisionMapDisplay.from_estimator(tuned, X, y)
    assert display.thresholds == tuned.best_params_["thresholds"]
    assert display.delta == tuned.best_params_["delta"]
    careful = ConformalFusionDecider(decider, random_state=0).fit(X, y)
    assert DecisionMapDisplay.from_estimator(careful, X, y).delta == 0.2


def test_from_estimator_of_one_head():
    X = np.random.default_rng(0).random((200, 2))
    decider = FusionDecider(RandomForestClassifier(10, random_state=0))
    decider.fit(X, (X[:, 0] > 0.7).astype(int))
    display = DecisionMapDisplay.from_estimator(decider, X, (X[:, 0] > 0.7).astype(int))
    assert legend(display.ax_)[0].startswith("normal")


def test_wrong_arguments(rows):
    scores, state = rows
    with pytest.raises(ValueError, match=r"scores has shape \(200,\)"):
        DecisionMapDisplay.from_predictions(scores[:, 0], state)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DecisionMapDisplay.from_predictions(scores, state[:-1])
    with pytest.raises(ValueError, match="rule='votes'"):
        DecisionMapDisplay.from_predictions(scores, state, rule="votes")
    with pytest.raises(ValueError, match=r"thresholds=\(0.1, 0.2, 0.3\), expected a share in"):
        DecisionMapDisplay.from_predictions(scores, state, thresholds=(0.1, 0.2, 0.3))
    with pytest.raises(TypeError, match="Got a RandomForestClassifier"):
        DecisionMapDisplay.from_estimator(RandomForestClassifier(), scores, state)
