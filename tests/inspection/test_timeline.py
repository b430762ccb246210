import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from skdualcnn import FusionDecider, TunedFusionDecider
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.inspection import TimelineDisplay
from skdualcnn.inspection._style import STATES

TIME = pd.date_range("2024-01-01", periods=6, freq="1min")
SCORES = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.8], [0.9, 0.9], [0.4, 0.1]])
DECISIONS = np.array(["normal", "medical", "medical", "cyber", "both", "normal"], dtype=object)


def stretches(ax, lane, *, normal=False):
    """Return start, width and colour of each bar that has a width, or line, in one lane."""
    return [
        (round(bar.get_x(), 6), round(bar.get_width(), 6), bar.get_facecolor()[:3])
        for bar in ax.patches
        if bar.get_width() > 0
        and round(bar.get_y() + bar.get_height() / 2) == lane
        and (bar.get_height() < 0.1) == normal
    ]


def test_scores_are_drawn_over_time_with_their_thresholds():
    display = TimelineDisplay.from_predictions(TIME, SCORES, DECISIONS, thresholds=(0.4, 0.6))
    health, cyber, *lines = display.ax_[0].lines
    np.testing.assert_array_equal(health.get_ydata(), SCORES[:, 0])
    np.testing.assert_array_equal(cyber.get_ydata(), SCORES[:, 1])
    assert health.get_linestyle() != cyber.get_linestyle()  # told apart without colour
    assert [line.get_ydata()[0] for line in lines] == [0.4, 0.6]
    display.figure_.canvas.draw()


def test_the_title_stands_above_the_legend():
    curves, _ = TimelineDisplay.from_predictions(TIME, SCORES, DECISIONS).ax_
    curves.figure.canvas.draw()
    assert curves.title.get_window_extent().y0 >= curves.get_legend().get_window_extent().y1


def test_a_stretch_of_equal_decisions_is_one_bar():
    display = TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS)
    drawn = stretches(display.ax_[1], lane=0)
    assert [one[:2] for one in drawn] == [(1, 2), (3, 1), (4, 1)]
    assert len({one[2] for one in drawn}) == 3
    assert [one[:2] for one in stretches(display.ax_[1], lane=0, normal=True)] == [(0, 1), (5, 1)]
    assert len({bar.get_hatch() for bar in display.ax_[1].patches if bar.get_width()}) == 4


def test_the_truth_has_a_lane_of_its_own():
    state = np.array(["medical", None, None, "normal", "both", "both"], dtype=object)
    display = TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS, state)
    labels = [label.get_text() for label in display.ax_[1].get_yticklabels()]
    assert labels == ["decided", "true"]
    assert [one[:2] for one in stretches(display.ax_[1], lane=1)] == [(0, 1), (4, 2)]
    assert [one[:2] for one in stretches(display.ax_[1], lane=1, normal=True)] == [(3, 1)]


def test_the_legend_names_what_is_there_and_nothing_else():
    display = TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS)
    named = [text.get_text() for text in display.ax_[1].get_legend().get_texts()]
    assert named == ["normal", "medical", "cyber", "both"]
    assert set(named) <= set(STATES)
    unknown = TimelineDisplay.from_predictions([0, 1], SCORES[:2], [None, None])
    assert unknown.ax_[1].get_legend() is None


def test_from_estimator_draws_what_the_decider_says():
    rng = np.random.default_rng(0)
    X = rng.random((120, 2))
    y = (X > 0.7).astype(int)
    decider = FusionDecider(RandomForestClassifier(random_state=0)).fit(X, y)
    display = TimelineDisplay.from_estimator(decider, X, y, time=np.arange(120), title="Bed 4")
    np.testing.assert_allclose(
        display.ax_[0].lines[1].get_ydata(), decider.decision_function(X)[:, 1]
    )
    assert display.ax_[0].get_title() == "Bed 4"
    for lane, names in enumerate((decider.predict(X), decider.true_state(y))):
        starts = [x for x, *_ in stretches(display.ax_[1], lane)]
        changes = [i for i in range(120) if i == 0 or names[i] != names[i - 1]]
        assert starts == [i for i in changes if names[i] != "normal"]


def test_the_thresholds_are_those_that_were_chosen():
    X = np.random.default_rng(0).random((200, 2))
    y = (X > 0.7).astype(int)
    decider = FusionDecider(MultiOutputClassifier(LogisticRegression()), thresholds=(0.3, 0.6))
    tuned = TunedFusionDecider(decider, n_resamples=20, random_state=0).fit(X, y)
    display = TimelineDisplay.from_estimator(tuned, X, time=np.arange(200))
    assert display.thresholds == tuned.best_params_["thresholds"]
    careful = ConformalFusionDecider(decider, random_state=0).fit(X, y)
    display = TimelineDisplay.from_estimator(careful, X, time=np.arange(200))
    assert display.thresholds == (0.3, 0.6)
    np.testing.assert_array_equal(display.decisions, careful.predict(X))


def test_confidences_have_no_thresholds():
    X = np.random.default_rng(0).random((50, 2))
    y = (X > 0.7).astype(int)
    decider = FusionDecider(RandomForestClassifier(random_state=0), rule="confidence").fit(X, y)
    curves, _ = TimelineDisplay.from_estimator(decider, X, time=np.arange(50)).ax_
    assert [line.get_label() for line in curves.lines] == ["health confidence", "cyber confidence"]
    assert curves.get_ylabel() == "confidence"
    assert curves.get_title() == "Confidences, decisions and truth"
    with pytest.raises(ValueError, match="rule='votes', expected one of"):
        TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS, rule="votes")


@pytest.mark.parametrize("role", [0, 1])
def test_a_head_that_is_not_there_is_not_drawn(role):
    scores = SCORES * (np.arange(2) == role)
    display = TimelineDisplay.from_predictions(TIME, scores, DECISIONS, thresholds=(0.4, 0.6))
    curve, threshold = display.ax_[0].lines
    assert curve.get_label() == ("health anomaly score", "cyber anomaly score")[role]
    assert threshold.get_ydata()[0] == (0.4, 0.6)[role]
    calm = TimelineDisplay.from_predictions(TIME, np.zeros((6, 2)), DECISIONS)
    assert len(calm.ax_[0].lines) == 3


@pytest.mark.parametrize("start", [0, 0.0, np.datetime64("2024-01-01")])
def test_nothing_is_drawn_in_a_gap(start):
    minutes = np.r_[0:20, 22, 1000:1020]  # 22 comes late, and is no gap
    time = start + minutes * (np.timedelta64(1, "m") if isinstance(start, np.datetime64) else 1)
    scores = np.where(np.arange(41) < 15, 0.1, 0.9)[:, np.newaxis] * [1, 0.5]
    names = np.where(scores[:, 0] > 0.5, "medical", "normal")
    display = TimelineDisplay.from_predictions(time, scores, names, names)
    step = 1 / 1440 if isinstance(start, np.datetime64) else 1
    for lane in (0, 1):
        bars = stretches(display.ax_[1], lane)
        widths = [round(width / step) for _, width, _ in bars]
        assert widths == [23 - 15, 20]
        calm = stretches(display.ax_[1], lane, normal=True)
        assert [round(width / step) for _, width, _ in calm] == [15]
    for curve in display.ax_[0].lines[:2]:
        drawn = np.asarray(curve.get_ydata())
        assert np.flatnonzero(np.isnan(drawn)).tolist() == [22]
        assert drawn[20] == drawn[21]
        x = curve.get_xdata(orig=False)
        assert x[21] - x[20] == pytest.approx(step, rel=1e-3)
    display.figure_.canvas.draw()


def test_a_row_between_gaps_is_seen():
    display = TimelineDisplay.from_predictions(
        [0, 1, 2, 3, 50, 90, 91, 92], np.full((8, 2), 0.9), ["both"] * 8
    )
    assert [one[:2] for one in stretches(display.ax_[1], lane=0)] == [(0, 4), (50, 1), (90, 3)]
    health = display.ax_[0].lines[0]
    alone = np.flatnonzero(np.isin(health.get_xdata(), [50, 51]))
    np.testing.assert_array_equal(health.get_ydata()[alone], [0.9, 0.9, np.nan])


def test_a_gap_between_normal_rows_is_blank():
    time = [0, 1, 2, 3, 50, 51, 52]
    _, lanes = TimelineDisplay.from_predictions(time, np.zeros((7, 2)), ["normal"] * 7).ax_
    drawn = stretches(lanes, lane=0, normal=True)
    assert [one[:2] for one in drawn] == [(0, 4), (50, 3)]


def test_given_axes_are_used():
    first = TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS)
    second = TimelineDisplay.from_predictions(np.arange(6), SCORES, DECISIONS, ax=first.ax_)
    assert second.figure_ is first.figure_


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_may_be_text_or_in_a_time_zone(zone):
    start = pd.date_range("2024-01-01", periods=6, freq="1h", tz=zone)
    for time in (start, list(start), [str(one) for one in start]):
        display = TimelineDisplay.from_predictions(time, SCORES, DECISIONS)
        display.figure_.canvas.draw()
        labels = [one.get_text() for one in display.ax_[1].get_xticklabels()]
        assert "00:00" in labels[0] or "Jan" in labels[0]
        assert len(stretches(display.ax_[1], lane=0)) == 3


def test_one_moment_and_missing_states_can_be_drawn():
    state = ["medical", pd.NA, np.nan, None, "both", "both"]
    curves, lanes = TimelineDisplay.from_predictions(np.ones(6), SCORES, DECISIONS, state).ax_
    assert curves.get_xlim() == lanes.get_xlim() == (1, 2)
    assert lanes.get_legend() is not None


@pytest.mark.parametrize(
    ("time", "scores", "message"),
    [
        ([0, np.nan], [[0.1, 0.2]] * 2, "time is missing in 1 of 2 rows"),
        (["in", "out"], [[0.1, 0.2]] * 2, r"time has the values \['in', 'out'\]"),
        (pd.to_timedelta([1, 2], "s"), [[0.1, 0.2]] * 2, "durations to seconds"),
        ([0, 1], [0.1, 0.2], r"shape \(2,\), expected \(n, 2\)"),
        ([], np.zeros((0, 2)), "at least one row"),
        ([1, 0], [[0.1, 0.2]] * 2, "time goes back"),
        ([0], [[0.1, 0.2]] * 2, "inconsistent numbers"),
    ],
)
def test_what_cannot_be_drawn_is_refused(time, scores, message):
    with pytest.raises(ValueError, match=message):
        TimelineDisplay.from_predictions(time, scores, ["normal"] * len(scores))


def test_thresholds_are_one_or_two():
    one = TimelineDisplay.from_predictions(TIME, SCORES, DECISIONS, thresholds=0.4)
    assert one.thresholds == (0.4, 0.4)
    with pytest.raises(ValueError, match=r"thresholds=\(0.1, 0.2, 0.3\), expected a share in"):
        TimelineDisplay.from_predictions(TIME, SCORES, DECISIONS, thresholds=(0.1, 0.2, 0.3))


def test_another_estimator_is_refused():
    with pytest.raises(TypeError, match="RandomForestClassifier, expected a fitted FusionDecider"):
        TimelineDisplay.from_estimator(RandomForestClassifier(), [[0]], time=[0])
