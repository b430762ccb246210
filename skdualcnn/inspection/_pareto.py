"""What score costs: models in the plane of score and cost, and those that none beats."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from skdualcnn.inspection._style import GREY, VERMILION, literal, make_panels, style


class ParetoFrontDisplay:
    """Score against costs, one panel a cost, with the front of what nothing beats.

    A model is on a panel's front if no other scores at least as high at the same or a
    smaller cost, and is better in one of the two.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Score of each model; higher is better.
    costs : mapping of str to array-like of shape (n,)
        Costs of each model, by name; lower is better. A cost that is missing is NaN.
    names : sequence of str or None, default=None
        Name of each model, written beside those on the front.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (n_costs,)
        A panel per cost.
    figure_ : Figure
        The figure that holds them.
    on_front_ : ndarray of shape (n,) and dtype bool
        Models that no other beats when all costs and the score are looked at together.

    See Also
    --------
    firmware_export.export_firmware : Measures flash, RAM and instructions.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import ParetoFrontDisplay
    >>> display = ParetoFrontDisplay.from_predictions(
    ...     [0.90, 0.85, 0.80], {"flash (bytes)": [90_000, 9_000, 20_000]}, ["a", "b", "c"]
    ... )
    >>> display.on_front_
    array([ True,  True, False])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        scores: ArrayLike,
        costs: Mapping[str, ArrayLike],
        *,
        names: Sequence[str] | None = None,
        score_name: str = "score",
    ) -> None:
        self.scores = scores
        self.costs = costs
        self.names = names
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        score: str = "score",
        costs: Sequence[str],
        names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the candidates of a fitted search with several metrics.

        Parameters
        ----------
        search : GridSearchCV or another search of scikit-learn
            Fitted; its `scoring` gave the score and the costs, by name.
        score : str, default="score"
            Metric that is the score; higher is better.
        costs : sequence of str
            Metrics that are costs, as they are: lower is better.
        names : sequence of str or None, default=None
            Name of each candidate. None writes its parameters.
        ax : Axes or sequence of Axes, default=None
            Where to draw, an Axes per cost; None makes a new figure.

        Returns
        -------
        ParetoFrontDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is not a fitted search.
        ValueError
            If a metric is unknown to it.
        """
        results = getattr(search, "cv_results_", None)
        if results is None:
            raise TypeError(
                f"Got a {type(search).__name__} without cv_results_, expected a fitted search, "
                "such as GridSearchCV. Fit it, or use from_predictions."
            )
        known = [key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_")]
        for metric in (score, *costs):
            if metric not in known:
                raise ValueError(f"The search has no metric {metric!r}, expected one of {known}.")
        if names is None:
            names = [
                ", ".join(f"{key.rpartition('__')[2]}={value}" for key, value in one.items())
                for one in results["params"]
            ]
        return cls.from_predictions(
            results[f"mean_test_{score}"],
            {cost: results[f"mean_test_{cost}"] for cost in costs},
            names,
            score_name=score,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        scores: ArrayLike,
        costs: Mapping[str, ArrayLike],
        names: Sequence[str] | None = None,
        *,
        score_name: str = "score",
        ax: Any = None,
    ) -> Self:
        """Draw given scores and costs.

        Parameters
        ----------
        scores : array-like of shape (n,)
            Score of each model; higher is better.
        costs : mapping of str to array-like of shape (n,)
            Costs of each model, by name; lower is better.
        names : sequence of str or None, default=None
            Name of each model.
        score_name : str, default="score"
            What the scores are.
        ax : Axes or sequence of Axes, default=None
            Where to draw, an Axes per cost; None makes a new figure.

        Returns
        -------
        ParetoFrontDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no cost or no model, or the lengths differ.
        """
        if not costs:
            raise ValueError("costs is empty, expected at least one, such as flash.")
        check_consistent_length(scores, *costs.values(), names)
        if len(np.asarray(scores)) == 0:
            raise ValueError("scores is empty, expected the score of at least one model.")
        return cls(scores, costs, names=names, score_name=score_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw a panel per cost.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            Where to draw, an Axes per cost; None makes a new figure.

        Returns
        -------
        ParetoFrontDisplay
            The display itself.
        """
        scores = np.asarray(self.scores, dtype=np.float64)
        costs = {name: np.asarray(values, dtype=np.float64) for name, values in self.costs.items()}
        self.on_front_ = unbeaten(scores, np.column_stack(list(costs.values())))
        with style(ax):
            panels = make_panels(ax, len(costs), size=(5.4, 4.2))
            for panel, (name, values) in zip(panels, costs.items(), strict=True):
                self._draw(panel, scores, values)
                panel.set_xlabel(literal(name))
            panels[0].set_ylabel(literal(self.score_name))
        self.ax_ = np.array(panels, dtype=object)
        self.figure_ = panels[0].figure
        return self

    def _draw(self, ax: Axes, scores: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        front = np.flatnonzero(unbeaten(scores, cost[:, np.newaxis]))
        front = front[np.argsort(cost[front])]
        beaten = np.setdiff1d(np.flatnonzero(np.isfinite(cost)), front)
        known = cost[np.isfinite(cost)]
        if len(known) and known.min() > 0 and known.max() > 10 * known.min():
            ax.set_xscale("log")
        ax.plot(
            cost[beaten],
            scores[beaten],
            linestyle="none",
            marker="x",
            color=GREY,
            label="beaten by another",
        )
        ax.step(cost[front], scores[front], where="post", color=VERMILION, linewidth=1.6)
        ax.plot(
            cost[front],
            scores[front],
            linestyle="none",
            marker="o",
            markersize=8,
            color=VERMILION,
            label="beaten by none",
        )
        if self.names is not None:
            for position, one in enumerate(front):
                ax.annotate(
                    literal(self.names[int(one)]),
                    (cost[one], scores[one]),
                    xytext=(7, -15 if position < len(front) - 1 else 8),
                    textcoords="offset points",
                    ha="left" if position < len(front) - 1 else "right",
                    fontsize=9,
                )
        ax.margins(x=0.12, y=0.15)
        ax.legend(loc="best")


def unbeaten(scores: NDArray[np.float64], costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the models that no other beats: as good in everything, and better in one.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Higher is better.
    costs : ndarray of shape (n, n_costs)
        Lower is better. A model with a missing cost or score beats none, and is beaten.
    """
    figures = np.column_stack([-scores, costs])
    known = np.isfinite(figures).all(axis=1)
    others = figures[known]
    beaten = [
        bool(((others <= one).all(axis=1) & (others < one).any(axis=1)).any()) for one in figures
    ]
    return known & ~np.array(beaten, dtype=bool)
