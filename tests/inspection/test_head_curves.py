import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB

from skdualcnn import FusionDecider
from skdualcnn.exceptions import HeadError, NormalClassError
from skdualcnn.inspection import HeadCalibrationDisplay, HeadCurvesDisplay


@pytest.fixture
def head():
    rng = np.random.default_rng(0)
    y = rng.choice(np.array(["normal", "sepsis", "hypoxia", None], dtype=object), 300)
    good = np.clip((y != "normal") * 0.5 + rng.random(300) * 0.6, 0, 1)
    return y, {"ours $x$": good, "chance": rng.random(300), "third": 1 - good}


def test_areas_are_those_of_the_labelled_rows(head):
    y, scores = head
    display = HeadCurvesDisplay.from_predictions(y, scores, head="health")
    known = np.array([label is not None for label in y])
    for name, score in scores.items():
        positive = y[known] != "normal"
        area = roc_auc_score(positive, score[known])
        precision = average_precision_score(positive, score[known])
        assert display.roc_[name].roc_auc == pytest.approx(area)
        assert display.precision_recall_[name].average_precision == pytest.approx(precision)
    display.figure_.canvas.draw()


def test_ours_is_emphasised_and_chance_is_drawn(head):
    display = HeadCurvesDisplay.from_predictions(*head, ours="chance", head="health")
    for ax in display.ax_:
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts[0].startswith("chance (")
        assert texts[-1].startswith("chance (")
        assert len(texts) == 4
        assert "health" in ax.get_title()
        widths = [line.get_linewidth() for line in ax.lines]
        assert widths[0] == max(widths) > widths[1]
        assert len({line.get_linestyle() for line in ax.lines}) >= 3


ASKED = {"lw": 0.5, "color": "red", "label": "asked"}


@pytest.mark.parametrize("display", [HeadCurvesDisplay, HeadCalibrationDisplay])
def test_curves_are_drawn_as_asked(display, head):
    y, scores = head
    shown = display.from_predictions(y, scores, curve_kwargs=ASKED)
    for ax in np.ravel(shown.ax_):
        asked = [line for line in ax.lines if line.get_label() == "asked"]
        assert [(line.get_linewidth(), line.get_color()) for line in asked] == [(0.5, "red")] * 3
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts.count("asked") == 3
    X = np.random.default_rng(0).random((100, 2))
    labels = (X[:, 0] > 0.5).astype(int)
    one = display.from_estimator(GaussianNB().fit(X, labels), X, labels, curve_kwargs=ASKED)
    assert "asked" in [line.get_label() for line in np.ravel(one.ax_)[0].lines]


@pytest.mark.parametrize("display", [HeadCurvesDisplay, HeadCalibrationDisplay])
@pytest.mark.parametrize("name", ["ours", "a network that has quite a long name"])
def test_nothing_is_cut_off_or_covered(display, name, head):
    y, scores = head
    shown = display.from_predictions(y, {**scores, name: scores["chance"]}, head="health")
    figure = shown.figure_
    figure.canvas.draw()
    page, covers = figure.bbox.padded(1), []
    for ax in np.ravel(shown.ax_):
        box = ax.get_tightbbox()
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        covers.append(ax.get_legend().get_window_extent())
        assert not covers[-1].overlaps(ax.xaxis.label.get_window_extent())
    assert len(covers) == 1 or not covers[0].overlaps(covers[1])


@pytest.mark.parametrize("display", [HeadCurvesDisplay, HeadCalibrationDisplay])
def test_from_estimator_reads_one_head(display):
    rng = np.random.default_rng(0)
    X = rng.random((200, 3))
    y = pd.DataFrame({"health": X[:, 0] > 0.6, "cyber": X[:, 1] > 0.6}).astype(int)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    models = {
        "decider": FusionDecider(RandomForestClassifier(10, random_state=0)).fit(X, y),
        "forest": forest,
        "simple": GaussianNB().fit(X, y["cyber"]),
    }
    shown = display.from_estimator(models, X, y, head="cyber", ours="simple")
    assert list(shown.scores) == list(models)
    np.testing.assert_allclose(shown.scores["decider"], shown.scores["forest"])
    np.testing.assert_array_equal(shown.positive, y["cyber"] == 1)
    assert shown.head == "cyber"
    alone = display.from_estimator(models["simple"], X, y["cyber"])
    assert list(alone.scores) == ["GaussianNB"]
    with pytest.raises(HeadError, match=r"head='lungs', but y has the head\(s\)"):
        display.from_estimator(models, X, y, head="lungs")
    with pytest.raises(HeadError, match="head=None"):
        display.from_estimator(models, X, y)


@pytest.mark.parametrize("display", [HeadCurvesDisplay, HeadCalibrationDisplay])
def test_a_column_of_y_is_compared_with_the_head_of_its_name(display):
    X = np.random.default_rng(0).random((200, 2))
    y = pd.DataFrame(X > 0.6, columns=["health", "cyber"]).astype(int)
    forest = RandomForestClassifier(10, random_state=0)
    decider = FusionDecider(forest).fit(X, y)
    expected = 1 - decider.predict_proba(X)[1][:, 0]
    for columns in (y["cyber"], y[["cyber"]], y[["cyber", "health"]]):
        shown = display.from_estimator(decider, X, columns, head="cyber")
        np.testing.assert_allclose(shown.scores["FusionDecider"], expected)
    with pytest.raises(HeadError, match=r"y has 1 column\(s\) and the estimator 2 heads"):
        display.from_estimator(forest.fit(X, y), X, y["cyber"])  # knows no names
    with pytest.raises(HeadError, match=r"the heads \['health', 'cyber'\]"):
        display.from_estimator(decider, X, y["cyber"].to_numpy())


@pytest.mark.parametrize("display", [HeadCurvesDisplay, HeadCalibrationDisplay])
def test_wrong_arguments(display, head):
    y, scores = head
    with pytest.raises(NormalClassError, match="normal="):
        display.from_predictions(np.where(y == "normal", "calm", y), scores)
    with pytest.raises(HeadError, match="have shape"):
        display.from_predictions(y[:-1], scores)
    for wrong in (np.nan, np.inf):
        broken = {**scores, "broken": np.where(y == "sepsis", wrong, 0.5)}
        with pytest.raises(HeadError, match=f"'broken' have {(y == 'sepsis').sum()} values"):
            display.from_predictions(y, broken)
    with pytest.raises(HeadError, match="a curve compares the two"):
        display.from_predictions(["normal"] * 3, {"a": [0, 0, 1]})
    with pytest.raises(ValueError, match="ours='theirs'"):
        display.from_predictions(y, scores, ours="theirs")
    with pytest.raises(ValueError, match="scores is empty"):
        display.from_predictions(y, {})


def test_any_label_can_be_normal(head):
    y, scores = head
    renamed = np.where(y == "normal", "calm", y)
    display = HeadCurvesDisplay.from_predictions(renamed, scores, normal="calm")
    same = HeadCurvesDisplay.from_predictions(y, scores)
    np.testing.assert_array_equal(display.positive, same.positive)


@pytest.mark.parametrize(
    ("strategy", "words"), [("quantile", "6 bins with equally many rows"), ("uniform", "6 bins of")]
)
def test_calibration_states_its_bins(head, strategy, words):
    _, ax = plt.subplots()
    display = HeadCalibrationDisplay.from_predictions(*head, n_bins=6, strategy=strategy, ax=ax)
    assert display.ax_ is ax
    assert words in ax.get_title()
    assert set(display.calibration_) == set(head[1])
    assert len(ax.get_legend().get_texts()) == 4
    display.figure_.canvas.draw()


def test_calibration_strategy_is_checked(head):
    with pytest.raises(ValueError, match="strategy='log'"):
        HeadCalibrationDisplay.from_predictions(*head, strategy="log")
