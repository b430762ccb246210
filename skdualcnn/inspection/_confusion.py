"""What was answered for each true class: counts, coloured by their share."""

from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_consistent_length

from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._head import HeadClassifier
from skdualcnn._rules import DECISIONS
from skdualcnn.inspection._reading import find_head, read_head
from skdualcnn.inspection._style import literal, make_panels, style


class ConfusionSharesDisplay:
    """Confusion matrix with counts as text and the share of each row as colour.

    scikit-learn's `ConfusionMatrixDisplay` shows counts or shares of a square matrix.
    Here both are seen at once, so that a rare class is as visible as a frequent one,
    and answers may be more than the classes, as a decider's "uncertain" is.

    Parameters
    ----------
    counts : array-like of shape (n_classes, n_answers) and dtype int
        Rows of each true class by answer.
    classes : list
        True classes, the rows.
    answers : list, default=None
        Answers, the columns; None takes the classes.
    title : str, default="Confusion matrix"
        Title.
    left_out : int, default=0
        Rows of other true classes, which the picture says below its title.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn.
    figure_ : Figure
        The figure that holds it.
    shares : ndarray of shape (n_classes, n_answers) and dtype float64
        Share of each true class by answer; 0 for a class without rows.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Counts or shares of a square matrix.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skdualcnn.inspection import ConfusionSharesDisplay
    >>> display = ConfusionSharesDisplay.from_predictions(
    ...     ["normal", "normal", "sepsis"], ["normal", "sepsis", "sepsis"]
    ... )
    >>> display.shares
    array([[0.5, 0.5],
           [0. , 1. ]])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        counts: ArrayLike,
        classes: list[Any],
        answers: list[Any] | None = None,
        *,
        title: str = "Confusion matrix",
        left_out: int = 0,
    ) -> None:
        self.counts = counts
        self.classes = classes
        self.answers = answers
        self.title = title
        self.left_out = left_out

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of each true class by answer."""
        counts = np.asarray(self.counts, dtype=np.float64)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, *, head: Any = None, ax: Any = None
    ) -> Self:
        """Draw the answers of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier; or a `FusionDecider`, whose decisions are set against the
            true states, or, if `head` is given, the most probable classes of that head
            against its labels.
        X : array-like
            Rows as the estimator takes them.
        y : array-like of shape (n,) or (n, n_heads)
            Their labels; rows without one are left out.
        head : str or int, default=None
            Column of y; a classifier needs it where y has several. The answers to it are
            those of the head of its name where the estimator knows names, and else of its
            place.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ConfusionSharesDisplay
            The display, drawn.
        """
        decider = getattr(estimator, "best_estimator_", estimator)
        decides = hasattr(decider, "true_state")
        if decides and head is None:
            states, decisions = decider.true_state(y), decider.predict(X)
            present = [state for state in DECISIONS[:4].tolist() if state in set(states)]
            return cls.from_predictions(
                states,
                decisions,
                classes=present,
                answers=DECISIONS.tolist(),
                title="Decision for each true state",
                ax=ax,
            )
        position, name, labels = read_head(y, head)
        if decides:
            found = find_head(FittedHeads.read(decider), y, position, name)
            answers = HeadClassifier(FrozenEstimator(decider), found).predict(X)
        else:
            answers = np.asarray(estimator.predict(X))
            if answers.ndim == 2:
                answers = answers[:, find_head(FittedHeads.read(estimator), y, position, name)]
        title = "Confusion matrix" if name is None else f"Confusion matrix of the {name} head"
        return cls.from_predictions(labels, answers, title=title, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        classes: list[Any] | None = None,
        answers: list[Any] | None = None,
        title: str = "Confusion matrix",
        ax: Any = None,
    ) -> Self:
        """Draw given answers.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            True classes; rows without one are left out.
        y_pred : array-like of shape (n,)
            Answers.
        classes : list, default=None
            True classes in the order of the rows; those of other classes are left out,
            and the picture says how many. None takes all that occur, sorted, "normal"
            first.
        answers : list, default=None
            Answers in the order of the columns; None takes the classes.
        title : str, default="Confusion matrix"
            Title.
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ConfusionSharesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the lengths differ, no row has a label, or one has no answer, or one that is
            not among the columns.
        """
        true, answered = np.asarray(y_true, dtype=object), np.asarray(y_pred, dtype=object)
        check_consistent_length(true, answered)
        known = ~pd.isna(true)
        true, answered = true[known], answered[known]
        if len(true) == 0:
            raise ValueError("y_true has no label in any row, expected at least one.")
        if pd.isna(answered).any():
            raise ValueError(
                f"y_pred is missing in {int(pd.isna(answered).sum())} rows with a label, expected "
                "an answer to each. Leave these rows out."
            )
        if classes is None:
            classes = sorted({*true.tolist(), *answered.tolist()}, key=_order)
        columns = classes if answers is None else answers
        shown = pd.Series(true).isin(classes).to_numpy()
        others = sorted({*answered[shown].tolist()} - {*columns}, key=_order)
        if others:
            raise ValueError(
                f"y_pred has the answers {others}, expected some of {list(columns)}: without them "
                "shares would not be those of all rows. Name them in answers."
            )
        table = pd.crosstab(true, answered).reindex(index=classes, columns=columns, fill_value=0)
        return cls(
            table.to_numpy(),
            list(classes),
            list(columns),
            title=title,
            left_out=int((~shown).sum()),
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        ConfusionSharesDisplay
            The display itself.
        """
        counts, shares = np.asarray(self.counts), self.shares
        answers = self.classes if self.answers is None else self.answers
        n_rows, n_columns = counts.shape
        with style(ax):
            size = (2.6 + 1.05 * n_columns, 1.9 + 0.75 * n_rows)
            (self.ax_,) = make_panels(ax, 1, size=size)
            image = self.ax_.imshow(shares, vmin=0, vmax=1, cmap="Blues", aspect="auto")
            for row in range(n_rows):
                for column in range(n_columns):
                    self._write(row, column, int(counts[row, column]), shares[row, column])
                    if self.classes[row] == answers[column]:
                        self._frame(row, column)
            long = max(len(str(name)) for name in answers) > 9
            slanted: dict[str, Any] = (
                {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if long else {}
            )
            self.ax_.set_xticks(range(n_columns), [literal(name) for name in answers], **slanted)
            self.ax_.set_yticks(range(n_rows), [literal(name) for name in self.classes])
            note = f"\nrows of other classes, not shown: {self.left_out:,}" if self.left_out else ""
            title = literal(self.title) + note
            self.ax_.set(title=title, xlabel="answer (framed: right)", ylabel="truth")
            self.ax_.grid(visible=False)
            bar = self.ax_.figure.colorbar(image, ax=self.ax_, label="share of the row")
            bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        self.figure_ = self.ax_.figure
        return self

    def _write(self, row: int, column: int, count: int, share: float) -> None:
        self.ax_.text(
            column,
            row,
            f"{count:,}" if count == 0 else f"{count:,}\n{100 * share:.1f} %",
            ha="center",
            va="center",
            fontsize=10,
            color="white" if share > 0.65 else "black",
        )

    def _frame(self, row: int, column: int) -> None:
        self.ax_.add_patch(
            Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, fill=False, linewidth=1.4)
        )


def _order(label: Any) -> tuple[bool, bool, Any]:
    """Return a key that sorts "normal" first, then numbers by value, then texts."""
    number = isinstance(label, Real)
    return label != "normal", not number, label if number else str(label)
