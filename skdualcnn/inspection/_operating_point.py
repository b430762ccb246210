"""What decisions cost along each threshold, and the point that was chosen."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skdualcnn._tuned_decider import TunedFusionDecider
from skdualcnn.inspection._style import GREY, VERMILION, legend_below, make_panels, restyle, style


class OperatingPointDisplay:
    """Mean cost along each head's threshold, all other settings being as chosen.

    Parameters
    ----------
    curve : DataFrame of columns head, threshold, cost, low, high
        Cost at each threshold of the "health" and the "cyber" head, with its interval.
    chosen : dict of str to float
        The chosen threshold of each head.
    cost : float
        Mean cost there.

    Attributes
    ----------
    ax_ : ndarray of Axes
        A panel per head that has a curve.
    figure_ : Figure
        The figure that holds them.

    See Also
    --------
    skdualcnn.TunedFusionDecider : What chooses.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> from skdualcnn import FusionDecider, TunedFusionDecider
    >>> from skdualcnn.inspection import OperatingPointDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((300, 2))
    >>> y = (X + rng.normal(scale=0.2, size=X.shape) > 0.7).astype(int)
    >>> decider = FusionDecider(MultiOutputClassifier(LogisticRegression()))
    >>> tuned = TunedFusionDecider(decider, n_resamples=20, random_state=0).fit(X, y)
    >>> display = OperatingPointDisplay.from_estimator(tuned)
    >>> display.ax_[0].get_ylabel()
    'mean cost of a decision'
    >>> plt.close(display.figure_)
    """

    def __init__(self, curve: pd.DataFrame, *, chosen: Mapping[str, float], cost: float) -> None:
        self.curve = curve
        self.chosen = chosen
        self.cost = cost

    @classmethod
    def from_estimator(
        cls, tuned: Any, *, ax: Any = None, curve_kwargs: dict[str, Any] | None = None
    ) -> Self:
        """Draw what a fitted `TunedFusionDecider` chose, and what other thresholds cost.

        Parameters
        ----------
        tuned : TunedFusionDecider
            Fitted.
        ax : Axes or array-like of Axes, default=None
            Where to draw, one for each head; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        OperatingPointDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is not a `TunedFusionDecider`.
        """
        tuned = getattr(tuned, "best_estimator_", tuned)
        if not isinstance(tuned, TunedFusionDecider):
            raise TypeError(
                f"Got a {type(tuned).__name__}, expected a fitted TunedFusionDecider, which keeps "
                "what other thresholds cost. Fit TunedFusionDecider(decider)."
            )
        check_is_fitted(tuned)
        thresholds: Any = tuned.best_params_["thresholds"]
        chosen = dict(zip(("health", "cyber"), thresholds, strict=True))
        display = cls(tuned.curve_, chosen=chosen, cost=tuned.best_cost_)
        return display.plot(ax=ax, curve_kwargs=curve_kwargs)

    def plot(self, ax: Any = None, *, curve_kwargs: dict[str, Any] | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or array-like of Axes, default=None
            Where to draw, one for each head; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        OperatingPointDisplay
            The display itself.
        """
        heads = list(dict.fromkeys(self.curve["head"]))
        with style(ax):
            panels = make_panels(ax, len(heads), size=(4.2, 3.6))
            self.ax_ = np.asarray(panels, dtype=object)
            for panel, head in zip(self.ax_, heads, strict=True):
                along = self.curve[self.curve["head"] == head].sort_values("threshold")
                place, cost = along["threshold"], along["cost"]
                panel.fill_between(place, along["low"], along["high"], color=GREY, alpha=0.3)
                curve = panel.plot(place, cost, color="black", label="mean cost, and its interval")
                restyle(curve, curve_kwargs)
                panel.plot(
                    [self.chosen[head]],
                    [self.cost],
                    "o",
                    color=VERMILION,
                    zorder=3,
                    label="chosen",
                )
                panel.set(xlabel=f"{head} threshold", xlim=(0, 1), ylim=(0, None))
            self.ax_[0].set_ylabel("mean cost of a decision")
            legend_below(self.ax_[0])
        self.figure_ = self.ax_[0].figure
        return self
