"""The plane of the two anomaly scores: what is decided where, and on which rows."""

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt
from sklearn.utils import check_consistent_length

from skdualcnn._fusion_rule import FusionRule, threshold_pair
from skdualcnn._rules import DECISIONS, fuse_anomalies, fuse_confidences
from skdualcnn.inspection._reading import find_decider
from skdualcnn.inspection._style import STATES, UNLABELLED, literal, make_panels, style, tint

_GRID = np.linspace(-0.03, 1.03, 531)
_ROLES = ("health", "cyber")
_NO_LABEL = "label missing"
# More points than this are drawn as pixels, text and lines around them staying sharp.
_MANY = 1500


class DecisionMapDisplay:
    """The decisions over the plane of the two scores, with test rows as points.

    The plane is shaded by the decision that the rule takes there. Where only one score
    is used, as of a decider with one head, histograms of that score by true state are
    drawn instead.

    Parameters
    ----------
    scores : array-like of shape (n, 2)
        Scores of the health and of the cyber head, in [0, 1]; the column of a head that
        is not there is all zero.
    state : array-like of shape (n,)
        True state of each row: "normal", "medical", "cyber" or "both"; None where a
        label is missing.
    thresholds : tuple of float, default=(0.5, 0.5)
        Score from which each head raises its alert.
    abstention : float, default=0.0
        Width of the uncertain band below the thresholds.
    delta : float, default=0.1
        Margin by which one head must exceed the other to win.
    rule : {"anomaly", "confidence"}, default="anomaly"
        The rule of the decider.
    distrust : tuple of float, default=None
        Cyber score from which the vitals are not trusted, and the health score that a
        medical alert then takes.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.
    figure_ : Figure
        The figure that holds it.

    See Also
    --------
    FusionDecider : Takes the decisions.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import DecisionMapDisplay
    >>> display = DecisionMapDisplay.from_predictions(
    ...     [[0.1, 0.2], [0.9, 0.1], [0.2, 0.8]], ["normal", "medical", "cyber"]
    ... )
    >>> display.ax_.get_xlabel()
    'health anomaly score: 1 − P(normal)'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        scores: ArrayLike,
        state: ArrayLike,
        *,
        thresholds: tuple[float, float] = (0.5, 0.5),
        abstention: float = 0.0,
        delta: float = 0.1,
        rule: str = "anomaly",
        distrust: tuple[float, float] | None = None,
    ) -> None:
        self.scores = scores
        self.state = state
        self.thresholds = thresholds
        self.abstention = abstention
        self.delta = delta
        self.rule = rule
        self.distrust = distrust

    @classmethod
    def from_estimator(cls, decider: Any, X: ArrayLike, y: ArrayLike, *, ax: Any = None) -> Self:
        """Draw the decisions of a fitted decider.

        Parameters
        ----------
        decider : FusionDecider, or another that makes decisions
            Fitted. What a `ConformalFusionDecider` turns down is drawn as its decider
            decides it: sets are not of the two scores alone.
        X : array-like
            Rows as the decider takes them.
        y : array-like of shape (n, 2) or (n,)
            Their labels.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        DecisionMapDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `decider` is not a decider.
        """
        decider = find_decider(decider)
        scores, rule = decider.decision_function(X), FusionRule.of(decider)
        return cls.from_predictions(
            scores,
            decider.true_state(y),
            thresholds=rule.thresholds,
            abstention=rule.abstention,
            delta=rule.delta,
            rule=rule.rule,
            distrust=rule.distrust,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        scores: ArrayLike,
        state: ArrayLike,
        *,
        thresholds: float | tuple[float, float] = 0.5,
        abstention: float = 0.0,
        delta: float = 0.1,
        rule: str = "anomaly",
        distrust: tuple[float, float] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the decisions on given scores.

        Parameters
        ----------
        scores : array-like of shape (n, 2)
            Scores of the health and of the cyber head, in [0, 1].
        state : array-like of shape (n,)
            True state of each row; None where a label is missing.
        thresholds : float or tuple of float, default=0.5
            Score from which a head raises its alert; a pair is (health, cyber).
        abstention : float, default=0.0
            Width of the uncertain band below the thresholds.
        delta : float, default=0.1
            Margin by which one head must exceed the other to win.
        rule : {"anomaly", "confidence"}, default="anomaly"
            How the heads are compared.
        distrust : tuple of float, default=None
            Cyber score from which the vitals are not trusted, and the health score that a
            medical alert then takes.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        DecisionMapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the scores are not two columns, the lengths differ, the rule is unknown, or
            `thresholds` is not one or two shares.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != 2:
            raise ValueError(
                f"scores has shape {values.shape}, expected (n, 2): a column for the health head "
                "and one for the cyber head, zeros for one that is not there."
            )
        check_consistent_length(values, state)
        if rule not in {"anomaly", "confidence"}:
            raise ValueError(f'rule={rule!r}, expected "anomaly" or "confidence".')
        return cls(
            values,
            np.asarray(state, dtype=object),
            thresholds=threshold_pair(thresholds),
            abstention=abstention,
            delta=delta,
            rule=rule,
            distrust=distrust,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the plane, or the histograms where there is one score.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        DecisionMapDisplay
            The display itself.
        """
        scores = np.asarray(self.scores, dtype=np.float64)
        used = [role for role in (0, 1) if scores[:, role].any()]
        with style(ax):
            (self.ax_,) = make_panels(ax, 1, size=(7.4, 5.2))
            if len(used) == 1:
                self._draw_histograms(self.ax_, scores, used[0])
            else:
                self._draw_plane(self.ax_, scores)
        self.figure_ = self.ax_.figure
        return self

    def _decide(self, health: NDArray[Any], cyber: NDArray[Any]) -> NDArray[np.int64]:
        if self.rule == "confidence":
            return fuse_confidences(health, cyber, delta=self.delta)
        return fuse_anomalies(
            health,
            cyber,
            thresholds=self.thresholds,
            abstention=self.abstention,
            delta=self.delta,
            distrust=self.distrust,
        )

    def _draw_plane(self, ax: Axes, scores: NDArray[np.float64]) -> None:
        health, cyber = np.meshgrid(_GRID, _GRID)
        codes = self._decide(health.ravel(), cyber.ravel()).reshape(health.shape)
        edge = (_GRID[0], _GRID[-1])
        ax.imshow(
            _tints()[codes],
            extent=(*edge, *edge),
            origin="lower",
            interpolation="nearest",
            zorder=0,
        )
        if self.rule == "anomaly":
            for draw, threshold in zip((ax.axvline, ax.axhline), self.thresholds, strict=True):
                draw(threshold, color="#333333", linestyle="--", linewidth=1.2, zorder=1)
        for name, rows in self._by_state():
            look = STATES.get(name, UNLABELLED)
            filled = look is not UNLABELLED
            ax.scatter(
                scores[rows, 0],
                scores[rows, 1],
                s=26,
                c=look.colour,
                marker=look.marker,
                alpha=0.8,
                linewidths=0.4 if filled else 1.0,
                edgecolors="white" if filled else None,
                rasterized=len(scores) > _MANY,
                zorder=3,
                label=literal(f"{name} ({rows.sum():,})"),
            )
        _name_regions(ax, codes)
        ax.set(xlim=edge, ylim=edge, xlabel=self._axis(0), ylabel=self._axis(1), aspect="equal")
        ax.set_title("Decision at each pair of scores")
        ax.grid(visible=False)
        self._add_legend(ax)

    def _draw_histograms(self, ax: Axes, scores: NDArray[np.float64], role: int) -> None:
        pair = [np.zeros_like(_GRID), np.zeros_like(_GRID)]
        pair[role] = _GRID
        codes = self._decide(*pair)
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        ends = np.append(_GRID[starts[1:]], _GRID[-1])
        for start, end in zip(starts, ends, strict=True):
            name = DECISIONS[codes[start]]
            ax.axvspan(_GRID[start], end, color=tint(STATES[name].colour), linewidth=0, zorder=0)
            ax.annotate(
                name,
                ((max(_GRID[start], 0) + min(end, 1)) / 2, 0.98),
                rotation=0 if end - _GRID[start] > 0.2 else 90,
                xycoords=ax.get_xaxis_transform(),
                ha="center",
                va="top",
                fontweight="bold",
                color="#333333",
            )
        for name, rows in self._by_state():
            look = STATES.get(name, UNLABELLED)
            ax.hist(
                scores[rows, role],
                bins=np.linspace(0, 1, 31).tolist(),
                weights=np.full(rows.sum(), 1 / rows.sum()),
                histtype="step",
                linewidth=2.2,
                linestyle="-" if name == "normal" else "--",
                color=look.colour,
                label=literal(f"{name} ({rows.sum():,})"),
                zorder=3,
            )
        if self.rule == "anomaly":
            ax.axvline(self.thresholds[role], color="#333333", linestyle="--", linewidth=1.2)
        ax.set(xlim=(_GRID[0], _GRID[-1]), xlabel=self._axis(role))
        ax.set_ylabel("share of the rows of each true state")
        ax.set_ylim(0, ax.get_ylim()[1] * 1.08)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        ax.set_title(f"Decision at each score of the {_ROLES[role]} head")
        self._add_legend(ax)

    def _axis(self, role: int) -> str:
        name = _ROLES[role]
        if self.rule == "confidence":
            return f"confidence of the {name} head: largest probability"
        return f"{name} anomaly score: 1 − P(normal)"

    def _by_state(self) -> list[tuple[str, NDArray[np.bool_]]]:
        """Return the rows of each state, the most frequent first so that none is hidden."""
        state = np.asarray(self.state, dtype=object)
        names = np.where(pd.isna(state), _NO_LABEL, state)
        counts = pd.Series(names, dtype=object).value_counts()
        return [(str(name), np.asarray(names == name, dtype=bool)) for name in counts.index]

    def _add_legend(self, ax: Axes) -> None:
        ax.legend(
            title="true state (rows)",
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            alignment="left",
        )


def _tints() -> NDArray[np.float64]:
    return np.array([tint(STATES[name].colour) for name in DECISIONS])


def _name_regions(ax: Axes, codes: NDArray[np.int64]) -> None:
    """Write each decision's name well inside its region, as near its middle as can be."""
    for code in np.unique(codes):
        inside = codes == code
        distance = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        rows, columns = np.nonzero(distance >= 0.95 * distance.max())
        middle = np.argwhere(inside).mean(axis=0)
        nearest = np.hypot(rows - middle[0], columns - middle[1]).argmin()
        row, column = rows[nearest], columns[nearest]
        text = ax.text(
            float(_GRID[int(column)]),
            float(_GRID[int(row)]),
            str(DECISIONS[code]),
            ha="center",
            va="center",
            fontweight="bold",
            color="#222222",
            zorder=6,
        )
        text.set_path_effects([patheffects.withStroke(linewidth=3.5, foreground="white")])
