"""One patient over time: what the heads said, what was decided, and what was true."""

from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from skdualcnn._fusion_rule import FusionRule, threshold_pair
from skdualcnn._rules import DECISIONS
from skdualcnn.inspection._reading import find_decider
from skdualcnn.inspection._style import BLUE, STATES, VERMILION, literal, make_panels, style

_LANES = {"true": 1.0, "decided": 0.0}
_BAR_HEIGHT, _LINE_HEIGHT = 0.66, 0.08
_CURVES = (("health", VERMILION, "-"), ("cyber", BLUE, "--"))
_QUANTITIES = {"anomaly": "anomaly score", "confidence": "confidence"}
# Steps longer than this many median ones are gaps.
_LONGEST_STEP = 5
# Narrower stretches than this share of the time get no text.
_ROOM_FOR_TEXT = 0.05


class TimelineDisplay:
    """The two anomaly scores of one patient over time, above the true and decided states.

    A row lasts until the next one. A step longer than five times the median step is a gap:
    the row before it lasts one median step, in curves and lanes alike, and nothing is
    drawn from there to the next row.

    In the lanes a thin line is normal, and a bar is any other state. A lane is blank where
    nothing is known: in a gap, or where a label is missing.

    Parameters
    ----------
    time : array-like of shape (n,)
        Ascending times: numbers, or what pandas reads as dates.
    scores : array-like of shape (n, 2)
        Scores of the health and of the cyber head, in [0, 1]; the column of a head that
        is not there is all zero, and not drawn.
    decisions : array-like of shape (n,)
        Decision of each row.
    state : array-like of shape (n,) or None, default=None
        True state of each row; None in it where a label is missing.
    thresholds : tuple of float, default=(0.5, 0.5)
        Score from which each head raises its alert.
    rule : {"anomaly", "confidence"}, default="anomaly"
        The rule of the decider: that of confidences has no thresholds.
    title : str or None, default=None
        Whose time it is.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        The scores, and the lanes below.
    figure_ : Figure
        The figure that holds them.

    See Also
    --------
    DecisionMapDisplay : The same rows in the plane of the two scores.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import TimelineDisplay
    >>> display = TimelineDisplay.from_predictions(
    ...     [0, 1, 2], [[0.1, 0.1], [0.9, 0.2], [0.1, 0.8]], ["normal", "medical", "cyber"]
    ... )
    >>> [label.get_text() for label in display.ax_[1].get_yticklabels()]
    ['decided']
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        time: ArrayLike,
        scores: ArrayLike,
        decisions: ArrayLike,
        *,
        state: ArrayLike | None = None,
        thresholds: tuple[float, float] = (0.5, 0.5),
        rule: str = "anomaly",
        title: str | None = None,
    ) -> None:
        self.time = time
        self.scores = scores
        self.decisions = decisions
        self.state = state
        self.thresholds = thresholds
        self.rule = rule
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        decider: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        time: ArrayLike,
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what a fitted decider says about the rows of one patient.

        Parameters
        ----------
        decider : FusionDecider, or another that makes decisions
            Fitted.
        X : array-like
            Rows of one patient, in the order of time.
        y : array-like of shape (n, 2) or (n,) or None, default=None
            Their labels, if they are known.
        time : array-like of shape (n,)
            Their times.
        title : str or None, default=None
            Whose time it is.
        ax : sequence of two Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        TimelineDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `decider` is not a decider.
        """
        decider = find_decider(decider)
        scores, rule = decider.decision_function(X), FusionRule.of(decider)
        return cls.from_predictions(
            time,
            scores,
            decider.predict(X),
            None if y is None else decider.true_state(y),
            thresholds=rule.thresholds,
            rule=rule.rule,
            title=title,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        time: ArrayLike,
        scores: ArrayLike,
        decisions: ArrayLike,
        state: ArrayLike | None = None,
        *,
        thresholds: float | tuple[float, float] = 0.5,
        rule: str = "anomaly",
        title: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw given scores, decisions and states.

        Parameters
        ----------
        time : array-like of shape (n,)
            Ascending times.
        scores : array-like of shape (n, 2)
            Scores of the health and of the cyber head, in [0, 1].
        decisions : array-like of shape (n,)
            Decision of each row.
        state : array-like of shape (n,) or None, default=None
            True state of each row, if it is known.
        thresholds : float or tuple of float, default=0.5
            Score from which a head raises its alert; a pair is (health, cyber).
        rule : {"anomaly", "confidence"}, default="anomaly"
            How the heads are compared: with "confidence", scores are the largest
            probabilities of the heads, and there are no thresholds.
        title : str or None, default=None
            Whose time it is.
        ax : sequence of two Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        TimelineDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the scores are not two columns, there is no row, the lengths differ, a time
            is missing or none, time goes back, the rule is unknown, or `thresholds` is
            not one or two shares.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != 2 or len(values) == 0:
            raise ValueError(
                f"scores has shape {values.shape}, expected (n, 2) with at least one row: a "
                "column for the health head and one for the cyber head."
            )
        check_consistent_length(time, values, decisions, state)
        if not _read_time(time).is_monotonic_increasing:
            raise ValueError(
                "time goes back, expected ascending times of one patient. Choose the rows of one "
                "patient, and sort them by time."
            )
        if rule not in _QUANTITIES:
            raise ValueError(f"rule={rule!r}, expected one of {list(_QUANTITIES)}.")
        return cls(
            time,
            values,
            decisions,
            state=state,
            thresholds=threshold_pair(thresholds),
            rule=rule,
            title=title,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the scores and the lanes.

        Parameters
        ----------
        ax : sequence of two Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        TimelineDisplay
            The display itself.
        """
        read = _read_time(self.time)
        zone = getattr(read, "tz", None)
        time = (read.tz_convert(None) if zone else read).to_numpy()
        with style(ax):
            curves, lanes = make_panels(ax, 2, size=(9.0, 4.4), stacked=(3, 1.4))
            self._draw_curves(curves, time)
            self._draw_lanes(lanes, time)
            if np.issubdtype(time.dtype, np.datetime64):
                for panel in (curves, lanes):
                    locator = AutoDateLocator(tz=zone)
                    panel.xaxis.set_major_locator(locator)
                    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
            else:
                lanes.set_xlabel("time")
        self.ax_ = np.array([curves, lanes], dtype=object)
        self.figure_ = curves.figure
        return self

    def _draw_curves(self, ax: Axes, time: NDArray[Any]) -> None:
        scores = np.asarray(self.scores, dtype=np.float64)
        quantity = _QUANTITIES[self.rule]
        used = [role for role in (0, 1) if scores[:, role].any()] or [0, 1]
        curve_time, curve_scores = _break_at_gaps(time, scores)
        for role in used:
            name, colour, pattern = _CURVES[role]
            ax.plot(
                curve_time,
                curve_scores[:, role],
                color=colour,
                linestyle=pattern,
                linewidth=1.5,
                label=f"{name} {quantity}",
            )
        thresholds = {self.thresholds[role] for role in used if self.rule == "anomaly"}
        for threshold in sorted(thresholds):
            ax.axhline(threshold, color="#333333", linestyle=":", linewidth=1.2)
        ax.set(ylim=(-0.03, 1.03), ylabel=quantity, xlim=(time[0], _ends(time)[-1]))
        ax.tick_params(labelbottom=False)
        ax.set_title(
            literal(self.title or f"{quantity.capitalize()}s, decisions and truth"), pad=28
        )
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=2)

    def _draw_lanes(self, ax: Axes, time: NDArray[Any]) -> None:
        lanes = {"decided": _read_names(self.decisions)}
        if self.state is not None:
            lanes["true"] = _read_names(self.state)
        ends = _ends(time)
        first, last = time[0], ends[-1]
        for lane, names in lanes.items():
            for name, start, end in _stretches(names, time, ends):
                if name not in STATES:
                    continue
                ax.barh(
                    _LANES[lane],
                    end - start,
                    left=start,
                    height=_LINE_HEIGHT if name == "normal" else _BAR_HEIGHT,
                    color=STATES[name].colour,
                    hatch=_HATCHES[name],
                    edgecolor="white",
                    linewidth=0,
                )
                if name != "normal" and (end - start) / (last - first) >= _ROOM_FOR_TEXT:
                    ax.annotate(
                        name,
                        (start + (end - start) / 2, _LANES[lane]),
                        ha="center",
                        va="center",
                        fontsize=9,
                        color="black",
                        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "linewidth": 0},
                    )
        shown = {str(one) for names in lanes.values() for one in names if one is not None}
        for name in DECISIONS:
            if name in shown:
                ax.barh(
                    0,
                    0 * (last - first),
                    left=first,
                    color=STATES[name].colour,
                    hatch=_HATCHES[name],
                    edgecolor="white",
                    linewidth=0,
                    label=name,
                )
        ax.set_yticks([_LANES[lane] for lane in lanes], list(lanes))
        ax.set(ylim=(-0.5, len(lanes) - 0.5), xlim=(first, last))
        ax.grid(visible=False, axis="y")
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.45), ncols=len(DECISIONS))


_HATCHES = {"normal": "", "medical": "//", "cyber": "..", "both": "xx", "uncertain": ""}


def _read_time(time: Any) -> Any:
    """Return times as an index of numbers or dates.

    Raises
    ------
    ValueError
        If they are neither, or one is missing.
    """
    read = pd.Index(time).infer_objects()
    if not pd.api.types.is_numeric_dtype(read):
        try:
            read = pd.DatetimeIndex(read)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"time has the values {list(read[:3])!r:.200}, expected numbers, dates or texts "
                "that pandas reads as dates. Convert them, durations to seconds."
            ) from error
    if read.hasnans:
        raise ValueError(
            f"time is missing in {int(read.isna().sum())} of {len(read)} rows, expected a time of "
            "each. Leave these rows out."
        )
    return read


def _read_names(names: ArrayLike) -> NDArray[np.object_]:
    found = np.array(names, dtype=object)
    found[pd.isna(found)] = None
    return found


def _ends(time: NDArray[Any]) -> NDArray[Any]:
    """Return until when each row lasts: the next row, or one median step before a gap."""
    steps = np.diff(time)
    longer = steps[steps > steps.dtype.type(0)]
    one: Any = np.timedelta64(1, "m") if np.issubdtype(time.dtype, np.datetime64) else 1
    median = np.median(longer) if len(longer) else one
    ends = time + median
    return np.append(np.where(steps > _LONGEST_STEP * median, ends[:-1], time[1:]), ends[-1])


def _before_gaps(time: NDArray[Any], ends: NDArray[Any]) -> NDArray[np.bool_]:
    """Return of each row but the last whether a gap follows it."""
    return np.asarray(ends[:-1] < time[1:], dtype=bool)


def _break_at_gaps(
    time: NDArray[Any], scores: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the points of curves that hold the score before a gap for a step, and break."""
    ends = _ends(time)
    last = np.flatnonzero(_before_gaps(time, ends))
    places = np.repeat(last + 1, 2)
    held = np.repeat(scores[last], 2, axis=0)
    held[1::2] = np.nan
    times = np.insert(time.astype(ends.dtype), places, np.repeat(ends[last], 2))
    return times, np.insert(scores, places, held, axis=0)


def _stretches(
    names: NDArray[np.object_], time: NDArray[Any], ends: NDArray[Any]
) -> list[tuple[Any, Any, Any]]:
    """Return the stretches of equal names without a gap: name, start, end."""
    changes = np.array([a is not b and a != b for a, b in pairwise(names)], dtype=bool)
    starts = np.flatnonzero([True, *(changes | _before_gaps(time, ends))])
    lasts = [*(starts[1:] - 1), len(names) - 1]
    return [(names[i], time[i], ends[j]) for i, j in zip(starts, lasts, strict=True)]
