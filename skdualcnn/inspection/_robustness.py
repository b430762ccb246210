"""How a fitted model's score falls as its readings get worse."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state

from skdualcnn.inspection._style import legend_below, literal, make_panels, pick_style, style
from skdualcnn.preprocessing import disturb

Disturbance = Callable[[pd.DataFrame, float, np.random.RandomState], pd.DataFrame]


class RobustnessDisplay:
    """Score against the strength of a disturbance, one curve a disturbance.

    Curves are means over draws; the bands are from the lowest draw to the highest.

    Parameters
    ----------
    strengths : array-like of shape (n_strengths,)
        Strengths, ascending.
    scores : mapping of str to array-like of shape (n_strengths, n_draws)
        Scores of each disturbance; higher is better.
    score_name : str, default="score"
        What the scores are.
    strength_name : str, default="strength"
        What the strengths are.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.
    figure_ : Figure
        The figure that holds it.

    See Also
    --------
    AblationDisplay : Scores of a pipeline without some of its parts.
    skdualcnn.preprocessing.disturb : Disturbs the rows.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import RobustnessDisplay
    >>> display = RobustnessDisplay.from_predictions(
    ...     [0.0, 0.5], {"missing": [[0.9, 0.9], [0.7, 0.6]]}
    ... )
    >>> display.ax_.get_ylabel()
    'score'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        strengths: ArrayLike,
        scores: Mapping[str, ArrayLike],
        *,
        score_name: str = "score",
        strength_name: str = "strength",
    ) -> None:
        self.strengths = strengths
        self.scores = scores
        self.score_name = score_name
        self.strength_name = strength_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: pd.DataFrame,
        y: Any,
        *,
        disturbances: str | Sequence[str] | Mapping[str, Disturbance] = ("missing", "noise"),
        strengths: Sequence[float] = (0.0, 0.1, 0.2, 0.4),
        draws: int = 3,
        scoring: Any = None,
        random_state: int | np.random.RandomState | None = None,
        score_name: str = "score",
        ax: Any = None,
    ) -> Self:
        """Disturb test rows, score a fitted estimator on them, and draw the scores.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        X : DataFrame
            Test rows; it is not changed.
        y : array-like
            Their labels.
        disturbances : str, sequence of str or mapping of str to callable
            "missing" and "noise" are what :func:`skdualcnn.preprocessing.disturb` makes
            of them. A callable takes X, a strength and a RandomState, and returns the
            disturbed rows.
        strengths : sequence of float, default=(0.0, 0.1, 0.2, 0.4)
            Strengths, ascending.
        draws : int, default=3
            Times that each is drawn.
        scoring : str or callable, default=None
            As scikit-learn takes it; None is the estimator's own `score`.
        random_state : int, RandomState instance or None, default=None
            Draws the disturbances.
        score_name : str, default="score"
            What the scores are.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        RobustnessDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a disturbance is unknown, or `draws` is below 1.
        """
        if draws < 1:
            raise ValueError(f"draws={draws}, expected 1 or more.")
        chosen = _choose(disturbances)
        random = check_random_state(random_state)
        scorer = check_scoring(estimator, scoring=scoring)
        scores = {
            name: np.array(
                [
                    [scorer(estimator, change(X, strength, random), y) for _ in range(draws)]
                    for strength in strengths
                ]
            )
            for name, change in chosen.items()
        }
        return cls.from_predictions(strengths, scores, score_name=score_name, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        strengths: ArrayLike,
        scores: Mapping[str, ArrayLike],
        *,
        score_name: str = "score",
        strength_name: str = "strength",
        ax: Any = None,
    ) -> Self:
        """Draw given scores.

        Parameters
        ----------
        strengths : array-like of shape (n_strengths,)
            Strengths, ascending.
        scores : mapping of str to array-like of shape (n_strengths,) or (n_strengths, n_draws)
            Scores of each disturbance.
        score_name : str, default="score"
            What the scores are.
        strength_name : str, default="strength"
            What the strengths are.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        RobustnessDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the scores are not one row per strength.
        """
        steps = np.asarray(strengths, dtype=np.float64)
        table: dict[str, ArrayLike] = {}
        for name, one in scores.items():
            values = np.asarray(one, dtype=np.float64)
            if values.ndim not in (1, 2) or len(values) != len(steps):
                raise ValueError(
                    f"scores[{name!r}] has shape {values.shape}, expected {len(steps)} rows, one "
                    "for each strength."
                )
            table[name] = values.reshape(len(steps), -1)
        return cls(steps, table, score_name=score_name, strength_name=strength_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw a curve with its band for each disturbance.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        RobustnessDisplay
            The display itself.
        """
        steps = np.asarray(self.strengths, dtype=np.float64)
        with style(ax):
            (self.ax_,) = make_panels(ax, 1, size=(6.4, 4.8))
            for place, (name, one) in enumerate(self.scores.items()):
                values: NDArray[np.float64] = np.asarray(one, dtype=np.float64)
                colour, marker = pick_style(place)
                self.ax_.fill_between(
                    steps, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.18, lw=0
                )
                self.ax_.plot(
                    steps,
                    values.mean(axis=1),
                    color=colour,
                    marker=marker,
                    linestyle=("-", "--", "-.", ":")[place % 4],
                    linewidth=1.8,
                    label=literal(name),
                )
            self.ax_.set(
                xlabel=literal(self.strength_name),
                ylabel=literal(self.score_name),
                title="Score as the readings get worse",
            )
            legend_below(self.ax_, title="disturbance")
        self.figure_ = self.ax_.figure
        return self


def _lose(X: pd.DataFrame, strength: float, random: np.random.RandomState) -> pd.DataFrame:
    return disturb(X, missing=strength, random_state=random)


def _add_noise(X: pd.DataFrame, strength: float, random: np.random.RandomState) -> pd.DataFrame:
    return disturb(X, noise=strength, random_state=random)


_KNOWN: dict[str, Disturbance] = {"missing": _lose, "noise": _add_noise}


def _choose(
    disturbances: str | Sequence[str] | Mapping[str, Disturbance],
) -> dict[str, Disturbance]:
    if isinstance(disturbances, Mapping):
        return dict(disturbances)
    names = [disturbances] if isinstance(disturbances, str) else disturbances
    for name in names:
        if name not in _KNOWN:
            raise ValueError(
                f"The disturbance {name!r} is unknown, expected {' or '.join(_KNOWN)}, or a "
                "mapping of names to functions."
            )
    return {name: _KNOWN[name] for name in names}
