"""ROC and precision-recall curves of several models of one head."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    PrecisionRecallDisplay,
    RocCurveDisplay,
    auc,
    average_precision_score,
    precision_recall_curve,
    roc_curve,
)

from skdualcnn.inspection._reading import abnormal, anomaly_scores, pick_ours, read_head
from skdualcnn.inspection._style import (
    GREY,
    legend_below,
    literal,
    make_panels,
    model_styles,
    restyle,
    style,
)


class HeadCurvesDisplay:
    """ROC and precision-recall curves of one head: not normal against normal.

    Each model is judged by its anomaly score, one minus its probability of normal. The
    emphasised model is drawn thick, the others thin.

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

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        The panels: ROC, precision-recall.
    figure_ : Figure
        The figure that holds them.
    roc_ : dict of str to RocCurveDisplay
        scikit-learn's display of each model's ROC curve.
    precision_recall_ : dict of str to PrecisionRecallDisplay
        The same of its precision-recall curve.

    See Also
    --------
    HeadCalibrationDisplay : Whether the scores are probabilities.
    sklearn.metrics.RocCurveDisplay : Draws one curve.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import HeadCurvesDisplay
    >>> display = HeadCurvesDisplay.from_predictions(
    ...     ["normal", "normal", "sepsis", "hypoxia"],
    ...     {"network": [0.1, 0.2, 0.8, 0.9], "baseline": [0.1, 0.6, 0.5, 0.9]},
    ... )
    >>> float(display.roc_["baseline"].roc_auc)
    0.75
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        positive: NDArray[np.bool_],
        scores: Mapping[str, NDArray[np.float64]],
        *,
        ours: str,
        head: str | None = None,
    ) -> None:
        self.positive = positive
        self.scores = scores
        self.ours = ours
        self.head = head

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
        ax : Axes or sequence of two Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCurvesDisplay
            The display, drawn.
        """
        labels, scores, name = read_models(estimators, X, y, head=head, normal=normal)
        return cls.from_predictions(
            labels, scores, normal=normal, ours=ours, head=name, ax=ax, curve_kwargs=curve_kwargs
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
        ax: Any = None,
        curve_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves of given scores.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels of the head; rows without one are left out.
        scores : dict of str to array-like of shape (n,)
            Anomaly scores of each model: one minus its probability of normal.
        normal : label, default=None
            The class that means normal; None takes "normal", else 0.
        ours : str, default=None
            The model to emphasise; None takes the first.
        head : str, default=None
            Name of the head, for the title.
        ax : Axes or sequence of two Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCurvesDisplay
            The display, drawn.

        Raises
        ------
        HeadError
            If lengths differ, a score is not a number, or the labels are all normal or
            all not.
        NormalClassError
            If no label is the normal one.
        """
        positive, known = abnormal(y_true, scores, normal, head)
        display = cls(positive, known, ours=pick_ours(list(known), ours), head=head)
        return display.plot(ax=ax, curve_kwargs=curve_kwargs)

    def plot(self, ax: Any = None, *, curve_kwargs: dict[str, Any] | None = None) -> Self:
        """Draw the two panels.

        Parameters
        ----------
        ax : Axes or sequence of two Axes, default=None
            Where to draw; one Axes is divided, None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        HeadCurvesDisplay
            The display itself.
        """
        self.roc_: dict[str, RocCurveDisplay] = {}
        self.precision_recall_: dict[str, PrecisionRecallDisplay] = {}
        with style(ax):
            panels = make_panels(ax, 2, size=(5.4, 6.2))
            baselines = [name for name in self.scores if name != self.ours]
            looks = model_styles(self.scores, self.ours)
            for name in [self.ours, *baselines]:
                self._draw(name, panels, {**looks[name], "marker": ""})
                curves = (self.roc_[name], self.precision_recall_[name])
                restyle([curve.line_ for curve in curves], curve_kwargs)
            self._finish(panels)
        self.ax_ = np.array(panels, dtype=object)
        self.figure_ = panels[0].figure
        return self

    def _draw(self, name: str, panels: list[Axes], look: dict[str, Any]) -> None:
        score = self.scores[name]
        false_alarms, detected, _ = roc_curve(self.positive, score)
        precision, recall, _ = precision_recall_curve(self.positive, score)
        roc = RocCurveDisplay(fpr=false_alarms, tpr=detected, roc_auc=auc(false_alarms, detected))
        ranked = PrecisionRecallDisplay(
            precision, recall, average_precision=average_precision_score(self.positive, score)
        )
        # Line properties are set afterwards: how plot takes them differs between versions.
        for panel, display, area in (
            (panels[0], roc, roc.roc_auc),
            (panels[1], ranked, ranked.average_precision),
        ):
            display.plot(ax=panel)
            display.line_.set(label=literal(f"{name} ({area:.3f})"), **look)
        self.roc_[name], self.precision_recall_[name] = roc, ranked

    def _finish(self, panels: list[Axes]) -> None:
        share = self.positive.mean()
        chance: dict[str, Any] = {
            "color": GREY,
            "linestyle": (0, (1, 2)),
            "linewidth": 1.5,
            "zorder": 1,
        }
        panels[0].plot([0, 1], [0, 1], label="chance (0.500)", **chance)
        panels[1].plot([0, 1], [share, share], label=f"chance ({share:.3f})", **chance)
        title = f" of the {literal(self.head)} head" if self.head is not None else ""
        panels[0].set(
            title=f"ROC curve{title}",
            xlabel="false alarms: normal rows flagged",
            ylabel="detected: other rows flagged",
        )
        panels[1].set(
            title=f"Precision and recall{title}",
            xlabel="recall: other rows flagged",
            ylabel="precision: flagged rows that are right",
        )
        for panel in panels:
            panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
            panel.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
            panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        legend_below(panels[0], title="area under curve")
        legend_below(panels[1], title="average precision")


def read_models(
    estimators: Any, X: ArrayLike, y: ArrayLike, *, head: Any, normal: Any
) -> tuple[NDArray[Any], dict[str, NDArray[np.float64]], str | None]:
    """Return the labels of a head, each model's anomaly scores, and the head's name."""
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    position, name, labels = read_head(y, head)
    scores = {
        str(model): anomaly_scores(estimator, X, y, position=position, normal=normal, name=name)
        for model, estimator in estimators.items()
    }
    return labels, scores, name
