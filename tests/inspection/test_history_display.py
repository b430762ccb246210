import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.inspection import TrainingHistoryDisplay


def history(path="health + cyber", heads=("health", "cyber"), validated=True, epochs=6):
    falling = np.linspace(1, 0.2, epochs)
    table = {"epoch": range(1, epochs + 1), "train_loss": falling}
    for head in heads:
        table[f"train_accuracy_{head}"] = 1 - falling / 2
        if validated:
            table[f"valid_accuracy_{head}"] = 1 - falling / 3
    if validated:
        table["valid_loss"] = np.abs(falling - 0.4)
    return pd.DataFrame(table).assign(path=path)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_validated_history():
    display = TrainingHistoryDisplay(history()).plot()
    assert display.ax_.shape == (2,)
    assert display.figure_ is display.ax_[0].figure
    assert labels(display.ax_[0]) == ["training", "validation", "lowest (epoch 5)"]
    assert labels(display.ax_[1])[:2] == ["health, training", "health, validation"]
    assert len(display.lines_) == 6


def test_history_without_validation():
    display = TrainingHistoryDisplay(history(validated=False)).plot()
    assert labels(display.ax_[0]) == ["training"]


def test_one_epoch_is_the_only_tick():
    display = TrainingHistoryDisplay(history(epochs=1)).plot()
    for ax in display.ax_:
        first, last = ax.get_xlim()
        assert [tick for tick in ax.get_xticks() if first <= tick <= last] == [1]


def test_the_lowest_loss_of_each_path_is_told_apart():
    paths = [history("health", heads=["health"]), history("cyber", heads=["cyber"], epochs=2)]
    ax = TrainingHistoryDisplay(pd.concat(paths, ignore_index=True)).plot().ax_[0]
    lowest = [text for text in labels(ax) if "lowest" in text]
    assert lowest == ["health, lowest (epoch 5)", "cyber, lowest (epoch 2)"]


def test_one_curve_per_path():
    both = pd.concat(
        [history("health", ["health"]), history("cyber", ["cyber"])], ignore_index=True
    )
    display = TrainingHistoryDisplay(both).plot()
    assert labels(display.ax_[0])[0] == "health, training"
    assert len(display.lines_) == 8
    assert len({line.get_color() for line in display.lines_}) == 2


def test_names_with_dollars_are_drawn():
    display = TrainingHistoryDisplay(history("$a$", ["$\\bad"])).plot()
    display.figure_.canvas.draw()


def test_curves_are_drawn_as_asked():
    display = TrainingHistoryDisplay(history()).plot(curve_kwargs={"lw": 0.5, "color": "red"})
    looks = [(line.get_linewidth(), line.get_color()) for line in display.lines_]
    assert looks == [(0.5, "red")] * 6
    assert {line.get_markerfacecolor() for line in display.lines_} == {"red", "white"}


def test_axes_may_be_given():
    _, pair = plt.subplots(1, 2)
    assert TrainingHistoryDisplay(history()).plot(pair).ax_[1] is pair[1]
    figure, one = plt.subplots()
    assert TrainingHistoryDisplay(history()).plot(one).figure_ is figure
    _, three = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="ax has 3 Axes, expected 2"):
        TrainingHistoryDisplay(history()).plot(three)
    free = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="outside a grid"):
        TrainingHistoryDisplay(history()).plot(free)


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_from_decider_around_a_pipeline(sharing):
    X = np.random.default_rng(0).random((80, 8))
    y = (X[:, :2] > 0.5).astype(int)
    network = DualPathCNNClassifier(max_epochs=2, sharing=sharing, random_state=0)
    decider = FusionDecider(make_pipeline(MinMaxScaler(), network)).fit(X, y)
    display = TrainingHistoryDisplay.from_estimator(decider)
    assert len(display.lines_) == (3 if sharing == "trunk" else 4)


def test_no_history():
    with pytest.raises(TypeError, match="LogisticRegression has no history_"):
        TrainingHistoryDisplay.from_estimator(LogisticRegression())
    with pytest.raises(ValueError, match="has 0 rows"):
        TrainingHistoryDisplay(pd.DataFrame()).plot()
