"""Reliability of the anomaly scores of one head as probabilities."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from sklearn.calibration import CalibrationDisplay, calibration_curve
from sklearn.metrics import brier_score_loss

from skdualcnn.inspection._head_curves import read_models
from skdualcnn.inspection._reading import abnormal, pick_ours
from skdualcnn.inspection._style import literal, make_panels, model_styles, restyle, style

_BINNING = {
    "quantile": "{} bins with equally many rows each",
    "uniform": "{} bins of equal width; empty ones not drawn",
}


class HeadCalibrationDisplay:
    """Calibration curves of one head: how often it is right to say "not normal".

    Rows are grouped by score, one minus the probability of normal. In a group of well
    calibrated scores around 0.3, 30 % of the rows are not normal.

    Parameters
    ----------
    positive : ndarray of shape (n,) and dtype bool
        Whether each row is not normal.
    scores : dict of str to ndarray of shape (n,)
        Anomaly scores of each model.
    ours : str
        The model to emphasise.
    head : str, default=None
        Name of the head, for the title.
    n_bins : int, default=10
        Number of groups.
    strategy : {"quantile", "uniform"}, default="quantile"
        Groups of equally many rows, or of equal width in score.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.
    figure_ : Figure
        The figure that holds it.
    calibration_ : dict of str to CalibrationDisplay
        scikit-learn's display of each model.

    See Also
    --------
    HeadCurvesDisplay : How well the scores rank the rows.
    sklearn.calibration.CalibrationDisplay : Draws one curve.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skdualcnn.inspection import HeadCalibrationDisplay
    >>> rng = np.random.default_rng(0)
    >>> score = rng.random(500)
    >>> label = np.where(rng.random(500) < score, "sepsis", "normal")
    >>> display = HeadCalibrationDisplay.from_predictions(label, {"network": score}, n_bins=5)
    >>> display.ax_.get_title().splitlines()[-1]
    '5 bins with equally many rows each'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        positive: NDArray[np.bool_],
        scores: Mapping[str, NDArray[np.float64]],
        *,
        ours: str,
        head: str | None = None,
        n_bins: int = 10,
        strategy: str = "quantile",
    ) -> None:
        self.positive = positive
        self.scores = scores
        self.ours = ours
        self.head = head
        self.n_bins = n_bins
        self.strategy = strategy

    @classmethod
    def from_estimator(
        cls,
        estimators: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        head: Any = None,
        normal: Any = None,
        ours: str | None = None,
        n_bins: int = 10,
        strategy: str = "quantile",
        ax: Any = None,
        curve_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves of fitted classifiers.

        Parameters
        ----------
        estimators : dict of str to estimator, or estimator
            Fitted classifiers by name; of one head, or of several: a head is found by the
            name of its column of y where the estimator knows names, and else by its place.
        X : array-like
            Rows as the estimators take them.
        y : array-like of shape (n,) or (n, n_heads)
            Their labels; rows without one are left out.
        head : str or int, default=None
            Column of y; needed where it has several.
        normal : label, default=None
            The class that means normal; None takes "normal", else 0.
        ours : str, default=None
            The model to emphasise; None takes the first.
        n_bins : int, default=10
            Number of groups.
        strategy : {"quantile", "uniform"}, default="quantile"
            Groups of equally many rows, or of equal width in score.
        ax : Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCalibrationDisplay
            The display, drawn.
        """
        labels, scores, name = read_models(estimators, X, y, head=head, normal=normal)
        return cls.from_predictions(
            labels,
            scores,
            normal=normal,
            ours=ours,
            head=name,
            n_bins=n_bins,
            strategy=strategy,
            ax=ax,
            curve_kwargs=curve_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        scores: Mapping[str, ArrayLike],
        *,
        normal: Any = None,
        ours: str | None = None,
        head: str | None = None,
        n_bins: int = 10,
        strategy: str = "quantile",
        ax: Any = None,
        curve_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves of given scores.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels of the head; rows without one are left out.
        scores : dict of str to array-like of shape (n,)
            Anomaly scores of each model, in [0, 1].
        normal : label, default=None
            The class that means normal; None takes "normal", else 0.
        ours : str, default=None
            The model to emphasise; None takes the first.
        head : str, default=None
            Name of the head, for the title.
        n_bins : int, default=10
            Number of groups.
        strategy : {"quantile", "uniform"}, default="quantile"
            Groups of equally many rows, or of equal width in score.
        ax : Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCalibrationDisplay
            The display, drawn.

        Raises
        ------
        HeadError
            If lengths differ, a score is not a number, or the labels are all normal or
            all not.
        ValueError
            If a score is outside [0, 1], or the strategy is unknown.
        """
        positive, known = abnormal(y_true, scores, normal, head)
        if strategy not in _BINNING:
            raise ValueError(f"strategy={strategy!r}, expected one of {list(_BINNING)}.")
        return cls(
            positive,
            known,
            ours=pick_ours(list(known), ours),
            head=head,
            n_bins=n_bins,
            strategy=strategy,
        ).plot(ax=ax, curve_kwargs=curve_kwargs)

    def plot(self, ax: Any = None, *, curve_kwargs: dict[str, Any] | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCalibrationDisplay
            The display itself.
        """
        self.calibration_: dict[str, CalibrationDisplay] = {}
        with style(ax):
            (self.ax_,) = make_panels(ax, 1, size=(8.6, 5.2))
            baselines = [name for name in self.scores if name != self.ours]
            looks = model_styles(self.scores, self.ours)
            for name in [self.ours, *baselines]:
                score = self.scores[name]
                observed, predicted = calibration_curve(
                    self.positive, score, n_bins=self.n_bins, strategy=self.strategy
                )
                display = CalibrationDisplay(observed, predicted, score)
                display.plot(
                    ax=self.ax_,
                    name=literal(f"{name} ({brier_score_loss(self.positive, score):.3f})"),
                    ref_line=name == self.ours,
                    **looks[name],
                )
                restyle([display.line_], curve_kwargs)
                self.calibration_[name] = display
            self._finish()
        self.figure_ = self.ax_.figure
        return self

    def _finish(self) -> None:
        subject = f" of the {literal(self.head)} head" if self.head is not None else ""
        binning = _BINNING[self.strategy].format(self.n_bins)
        self.ax_.set(
            title=f"Calibration{subject}\n{binning}",
            xlabel="mean anomaly score of the bin: 1 − P(normal)",
            ylabel="rows of the bin that are not normal",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
        )
        for axis in (self.ax_.xaxis, self.ax_.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        self.ax_.legend(
            title="Brier score, lower is better",
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            alignment="left",
        )
