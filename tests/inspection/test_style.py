import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from benchmarks.paper.models import MINIROCKET
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._studies import OURS
from skdualcnn.baselines import make_baselines
from skdualcnn.inspection import (
    AblationDisplay,
    DecisionMapDisplay,
    RobustnessDisplay,
    TimelineDisplay,
)
from skdualcnn.inspection._style import _BASELINES, model_styles

NAMES = [*make_baselines([]), MINIROCKET]
CALIBRATED = [f"{OURS}, {method}" for method in CALIBRATORS]


def look(styles, name):
    return styles[name]["color"], styles[name]["marker"]


def test_baselines_are_known_by_name():
    assert set(NAMES) == set(_BASELINES)


def test_a_model_looks_the_same_whoever_else_is_in_the_figure():
    every = model_styles([OURS, *NAMES], OURS)
    ranked = model_styles([OURS, *CALIBRATED, *NAMES[:0:-1]], OURS)
    for name in [OURS, *NAMES[1:]]:
        assert ranked[name] == every[name]


def test_no_two_models_of_a_page_look_alike():
    styles = model_styles([OURS, *CALIBRATED, *NAMES], OURS)
    assert len({look(styles, name) for name in styles}) == len(styles) == 11
    own = model_styles([f"mine {k}" for k in range(13)], "mine 0")
    assert len({look(own, name) for name in own}) == 13


def test_a_name_that_starts_with_an_underscore_is_in_the_legend():
    ax = RobustnessDisplay.from_predictions([0, 1], {"_$lost$": [1, 2], "noise": [1, 2]}).ax_
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [r" _\$lost\$", "noise"]


def darkest_and_lightest(figure):
    """Return the range of brightness of the texts of a figure."""
    shades = [
        np.mean(to_rgb(text.get_color()))
        for text in figure.findobj(Text)
        if text.get_text() and text.get_visible()
    ]
    return min(shades), max(shades)


DRAWN = {
    "timeline": lambda ax: TimelineDisplay.from_predictions(
        range(3), [[0.1, 0.2], [0.9, 0.1], [0.1, 0.9]], ["normal", "medical", "cyber"], ax=ax
    ),
    "map": lambda ax: DecisionMapDisplay.from_predictions([[0.1, 0.2]], ["normal"], ax=ax),
    "ablation": lambda ax: AblationDisplay.from_predictions(
        {"full": [0.9, 0.8], "part": [0.7, 0.8]}, reference="full", ax=ax
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_new_figure_can_be_read_in_a_dark_style(name):
    with plt.style.context("dark_background"):
        figure = DRAWN[name](None).figure_
    figure.canvas.draw()
    assert to_rgb(figure.get_facecolor()) == (1, 1, 1)
    assert {to_rgb(ax.get_facecolor()) for ax in figure.axes} == {(1, 1, 1)}
    assert darkest_and_lightest(figure)[1] < 0.3


def test_given_axes_keep_their_dark_style():
    with plt.style.context("dark_background"):
        figure, ax = plt.subplots()
        DRAWN["ablation"](ax)
    figure.canvas.draw()
    assert to_rgb(ax.get_facecolor()) == (0, 0, 0)
    assert darkest_and_lightest(figure)[0] > 0.7
