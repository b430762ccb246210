"""What each part of a pipeline is worth: the score without it, fold by fold."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv, cross_val_score
from sklearn.utils import check_consistent_length

from skdualcnn.inspection._style import BLUE, GREY, VERMILION, literal, make_panels, style


class AblationDisplay:
    """Scores of variants beside a reference, on the same folds.

    Each fold is a small mark, and the mean a large one. The folds of all variants are
    the same rows, so what counts is the difference within a fold, which is written beside
    each variant: its mean, and its standard deviation over the folds.

    Parameters
    ----------
    scores : mapping of str to array-like of shape (n_folds,)
        Score of each variant in each fold; higher is better.
    reference : str
        The variant that the others are compared with.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.
    figure_ : Figure
        The figure that holds it.
    differences_ : dict of str to ndarray of shape (n_folds,)
        Score of each variant minus that of the reference, fold by fold.

    See Also
    --------
    RobustnessDisplay : Scores of one fitted model under growing disturbance.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import AblationDisplay
    >>> display = AblationDisplay.from_predictions(
    ...     {"full": [0.9, 0.8], "no dropout": [0.8, 0.75]}, reference="full"
    ... )
    >>> display.differences_["no dropout"].round(2)
    array([-0.1 , -0.05])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self, scores: Mapping[str, ArrayLike], *, reference: str, score_name: str = "score"
    ) -> None:
        self.scores = scores
        self.reference = reference
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        variants: Mapping[str, Mapping[str, Any]],
        cv: Any = None,
        groups: Any = None,
        scoring: Any = None,
        reference: str = "full",
        score_name: str = "score",
        ax: Any = None,
    ) -> Self:
        """Cross-validate an estimator and variants of it, and draw the scores.

        Parameters
        ----------
        estimator : estimator
            Not fitted; it is cloned.
        X : array-like
            Rows as the estimator takes them.
        y : array-like
            Their labels.
        variants : mapping of str to mapping of str to object
            Name of each variant, and the parameters that it changes, as `set_params`
            takes them.
        cv : splitter, int or iterable, default=None
            The folds, as scikit-learn takes them. A splitter that shuffles needs a fixed
            `random_state`, so that all variants see the same folds.
        groups : array-like of shape (n,), default=None
            Handed to `cv`.
        scoring : str or callable, default=None
            As for :func:`sklearn.model_selection.cross_val_score`.
        reference : str, default="full"
            Name of the estimator as it is.
        score_name : str, default="score"
            What the scores are.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        AblationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a parameter is unknown to the estimator, or a variant has the name of the
            reference.
        """
        if reference in variants:
            raise ValueError(
                f"variants has {reference!r}, which is the name of the estimator as it is. Give "
                "the variant another name, or the estimator one with reference=."
            )
        folds = check_cv(cv, y, classifier=is_classifier(estimator))
        scores = {}
        for name, parameters in {reference: {}, **variants}.items():
            scores[name] = cross_val_score(
                clone(estimator).set_params(**parameters),
                X,
                y,
                groups=groups,
                cv=folds,
                scoring=scoring,
                error_score="raise",
            )
        return cls.from_predictions(scores, reference=reference, score_name=score_name, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        scores: Mapping[str, ArrayLike],
        *,
        reference: str,
        score_name: str = "score",
        ax: Any = None,
    ) -> Self:
        """Draw given scores.

        Parameters
        ----------
        scores : mapping of str to array-like of shape (n_folds,)
            Score of each variant in each fold, the same folds for all.
        reference : str
            The variant that the others are compared with.
        score_name : str, default="score"
            What the scores are.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        AblationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the reference is not among the variants, or numbers of folds differ.
        """
        if reference not in scores:
            raise ValueError(f"reference={reference!r}, expected one of {list(scores)}.")
        check_consistent_length(*scores.values())
        return cls(scores, reference=reference, score_name=score_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw a line of marks for each variant, the reference on top.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        AblationDisplay
            The display itself.
        """
        scores = {name: np.asarray(one, dtype=np.float64) for name, one in self.scores.items()}
        full = scores.pop(self.reference)
        self.differences_ = {name: one - full for name, one in scores.items()}
        with style(ax):
            (self.ax_,) = make_panels(ax, 1, size=(7.6, 1.5 + 0.45 * (1 + len(scores))))
            self._draw(self.ax_, full, scores)
        self.figure_ = self.ax_.figure
        return self

    def _draw(
        self, ax: Axes, full: NDArray[np.float64], variants: dict[str, NDArray[np.float64]]
    ) -> None:
        ax.axvline(float(full.mean()), color=GREY, linestyle=":", linewidth=1.4, zorder=1)
        for place, (name, scores) in enumerate({self.reference: full, **variants}.items()):
            ours = name == self.reference
            colour = VERMILION if ours else BLUE
            ax.plot(
                scores,
                np.full(len(scores), place),
                linestyle="none",
                marker="|",
                markersize=11,
                color=colour,
                label="one fold" if ours else None,
            )
            ax.plot(
                scores.mean(),
                place,
                linestyle="none",
                marker="D" if ours else "o",
                markersize=8,
                color=colour,
                label="mean" if ours else None,
            )
            note = "" if ours else _in_words(self.differences_[name])
            ax.annotate(
                note,
                (1.02, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=9,
                annotation_clip=False,
            )
        names = [literal(name) for name in (self.reference, *variants)]
        ax.set_yticks(range(len(names)), names)
        ax.set(ylim=(len(names) - 0.5, -0.5), xlabel=literal(self.score_name))
        ax.margins(x=0.08)
        if variants:
            ax.annotate(
                f"against {literal(self.reference)}",
                (1.02, 0),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=9,
                fontweight="bold",
                annotation_clip=False,
            )
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _in_words(differences: NDArray[np.float64]) -> str:
    if len(differences) == 1:
        return f"{differences[0]:+.4f}".replace("-", "−")
    return f"{differences.mean():+.4f} ± {differences.std(ddof=1):.4f}".replace("-", "−")
