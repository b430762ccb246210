"""Colours, markers and panels that every display of this package shares."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import NDArray

# Okabe and Ito's palette: told apart with every common kind of colour blindness.
BLACK, GREY = "#000000", "#6b6b6b"
ORANGE, SKY_BLUE, GREEN = "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE)
MARKERS = ("o", "s", "^", "D", "v", "P")

_BASELINES = (
    "majority class",
    "logistic regression",
    "decision tree",
    "SVM (RBF)",
    "random forest",
    "boosted trees",
    "MiniRocket",
)
_OURS = {
    "color": VERMILION,
    "linestyle": "-",
    "linewidth": 2.8,
    "marker": "o",
    "markersize": 7,
    "zorder": 5,
}
_COLOURS = (BLUE, GREEN, PURPLE, BLACK, ORANGE, SKY_BLUE)
_MARKERS = (*MARKERS, "X", "*", "<", "h", ">", "p")  # colours come again, with another marker
_PATTERNS = ("--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))

_RC: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "font.size": 11,
    "grid.color": "#dddddd",
    "legend.fontsize": 10,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.9,
    "legend.title_fontsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}
_TINT = 0.22  # share of the colour, beside white
_MOST_MARKERS = 15  # of one curve
_LONGEST_OF_TWO = 34  # characters of a name in a legend of two columns
# Of a new figure; the colours above are for white. Given Axes keep their own.
_LIGHT: dict[Any, Any] = {
    "axes.facecolor": "white",
    "axes.labelcolor": "black",
    "axes.titlecolor": "black",
    "figure.facecolor": "white",
    "text.color": "black",
    "xtick.color": "black",
    "ytick.color": "black",
}


class StateStyle(NamedTuple):
    """How a state of the ward, or a decision on it, is drawn."""

    colour: str
    marker: str


STATES = {
    "normal": StateStyle(GREEN, "o"),
    "medical": StateStyle(VERMILION, "^"),
    "cyber": StateStyle(BLUE, "s"),
    "both": StateStyle(PURPLE, "D"),
    "uncertain": StateStyle(GREY, "X"),
}
UNLABELLED = StateStyle(BLACK, "x")


def style(ax: Any = None) -> AbstractContextManager[None]:
    """Return a context in which Matplotlib draws as this package's displays do.

    Parameters
    ----------
    ax : Axes, sequence of Axes or None
        Where to draw; None is for a new figure, which is light in a dark style, too.
    """
    return mpl.rc_context({**_RC, **_LIGHT} if ax is None else _RC)


def tint(colour: str) -> NDArray[np.float64]:
    """Return the colour mixed with white, as three numbers in [0, 1]."""
    return 1 - _TINT * (1 - np.asarray(to_rgb(colour)))


def literal(text: object) -> str:
    """Return text that Matplotlib draws as it stands, dollar signs included.

    Legends leave out names that start with an underscore: these get a space before it.
    """
    plain = str(text).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def model_styles(names: Iterable[str], ours: str) -> dict[str, dict[str, Any]]:
    """Return the line properties of each model of a figure; ours stands out.

    A baseline looks the same in every figure, whoever else is in it. Beside baselines, other
    names take the styles that are left, in their order.
    """
    others = [name for name in names if name != ours]
    unknown = [name for name in others if name not in _BASELINES]
    known = _BASELINES if len(unknown) < len(others) else ()
    places = {name: place for place, name in enumerate([*known, *unknown])}
    styles = {ours: dict(_OURS)}
    for name in others:
        place = places[name]
        styles[name] = {
            "color": _COLOURS[place % len(_COLOURS)],
            "linestyle": _PATTERNS[place % len(_PATTERNS)],
            "linewidth": 1.3,
            "marker": _MARKERS[place % len(_MARKERS)],
            "markersize": 5,
            "zorder": 3,
        }
    return styles


def make_panels(
    ax: Any,
    n_panels: int,
    *,
    size: tuple[float, float],
    rows: int = 1,
    stacked: tuple[float, ...] | None = None,
) -> list[Axes]:
    """Return the Axes to draw on.

    Parameters
    ----------
    ax : Axes, sequence of Axes or None
        None makes a new figure; one Axes is divided if more are needed.
    n_panels : int
        How many are needed.
    size : tuple of float
        Width of one panel and height of a row of them, in inches, for a new figure.
    rows : int
        Rows of panels side by side, for a new figure or one Axes that is divided.
    stacked : tuple of float or None
        Heights of panels of a new figure, relative to each other, that stand one below
        the other and share their horizontal axis; None puts them side by side.

    Raises
    ------
    ValueError
        If the number of Axes given is wrong.
    """
    if ax is None and stacked is not None:
        _, panels = plt.subplots(
            n_panels,
            1,
            figsize=size,
            layout="constrained",
            squeeze=False,
            sharex=True,
            height_ratios=stacked,
        )
        return list(panels[:, 0])
    if ax is None:
        _, panels = plt.subplots(
            rows,
            n_panels // rows,
            figsize=(size[0] * n_panels / rows, size[1] * rows),
            layout="compressed",
            squeeze=False,
        )
        return list(panels.ravel())
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) == 1 and n_panels > 1:
        return _divide(given[0], n_panels, rows)
    if len(given) != n_panels:
        raise ValueError(
            f"ax has {len(given)} Axes, expected {n_panels}, or one to be divided, or None for a "
            "new figure."
        )
    return given


def legend_below(ax: Axes, **options: Any) -> None:
    """Put the legend under the panel, where it hides no curve nor what the axis is.

    It has two columns, if names are short enough for that.
    """
    longest = max((len(label) for label in ax.get_legend_handles_labels()[1]), default=0)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=4.2,  # in sizes of its font: ticks and the name of the axis take as much
        ncols=1 if longest > _LONGEST_OF_TWO else 2,
        **options,
    )


def pick_style(position: int) -> tuple[str, str]:
    """Return colour and marker of one curve among several."""
    return SERIES[position % len(SERIES)], MARKERS[position % len(MARKERS)]


def restyle(lines: Iterable[Line2D], curve_kwargs: Mapping[str, Any] | None) -> None:
    """Give curves the properties that the caller asks for, instead of ours."""
    for line in lines:
        line.set(**(curve_kwargs or {}))


def bounded_markers(n_points: int) -> int:
    """Return the step between points that get a marker."""
    return max(1, -(-n_points // _MOST_MARKERS))


def _divide(ax: Axes, n_panels: int, rows: int) -> list[Axes]:
    place, figure = ax.get_subplotspec(), ax.get_figure()
    if place is None or figure is None:
        raise ValueError(
            f"ax is one Axes outside a grid of subplots, which cannot be divided into {n_panels}. "
            f"Give {n_panels} Axes, or make it with matplotlib.pyplot.subplots."
        )
    ax.set_axis_off()
    grid = place.subgridspec(rows, n_panels // rows)
    return [figure.add_subplot(grid[position]) for position in range(n_panels)]
