"""How good the answers for one head are, against its labels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from firmware_export._graph import Floats, Graph
from skdualcnn._labels import Labels, find_normal
from skdualcnn.exceptions import HeadError, NormalClassError

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class HeadFigures:
    """How good the answers for one head are.

    All but the accuracy are about the anomaly score, one minus the probability of the
    normal class, as a prediction that a row is not normal. For a head without a normal
    class they are means over classes, each against the rest. What the labels do not
    define is not a number.

    Attributes
    ----------
    accuracy : float
        Share of right classes.
    roc_auc, average_precision : float
        How well the score ranks the rows.
    brier : float
        Mean squared error of the score.
    calibration_error : float
        Expected calibration error: rows are grouped by score into ten bins of equal
        width; the distance between mean score and share of events in a bin, averaged
        over rows.
    """

    accuracy: float
    roc_auc: float
    average_precision: float
    brier: float
    calibration_error: float


@dataclass(frozen=True)
class HeadLabels:
    """The labels that evaluation rows carry for one head.

    Attributes
    ----------
    classes : ndarray
        Class labels of the head.
    normal : int or None
        Position of the normal class, None if no class means normal.
    known : ndarray of shape (n,) and dtype bool
        Whether a row carries a label.
    labels : ndarray of shape (n,)
        The labels.
    """

    classes: NDArray[Any]
    normal: int | None
    known: NDArray[np.bool_]
    labels: NDArray[Any]

    @cached_property
    def events(self) -> NDArray[np.bool_]:
        """What is scored, a column per question, of the rows with a label."""
        is_class = self.labels[self.known, None] == self.classes
        return is_class if self.normal is None else ~is_class[:, [self.normal]]

    def scores(self, probabilities: Floats) -> Floats:
        """Return the score of each event."""
        known = probabilities[self.known]
        return known if self.normal is None else 1 - known[:, [self.normal]]

    def roc_auc(self, probabilities: Floats) -> float:
        """Return the area under the ROC curve, not a number if there is no such curve."""
        scores, open_questions = self.scores(probabilities), self._open_questions()
        return _mean([roc_auc_score(self.events[:, i], scores[:, i]) for i in open_questions])

    def figures(self, probabilities: Floats) -> HeadFigures:
        """Return all figures of the (n, n_classes) probabilities."""
        scores, open_questions = self.scores(probabilities).clip(0, 1), self._open_questions()
        predicted = self.classes[probabilities[self.known].argmax(axis=1)]
        columns = list(zip(self.events.T, scores.T, strict=True))
        return HeadFigures(
            accuracy=float(np.mean(predicted == self.labels[self.known])),
            roc_auc=self.roc_auc(probabilities),
            average_precision=_mean([average_precision_score(*columns[i]) for i in open_questions]),
            brier=_mean([brier_score_loss(*column) for column in columns]),
            calibration_error=_mean([calibration_error(*column) for column in columns]),
        )

    def _open_questions(self) -> NDArray[np.intp]:
        """Return the columns in which some rows are events and some are not."""
        return np.flatnonzero(self.events.any(axis=0) & ~self.events.all(axis=0))


def calibration_error(events: NDArray[np.bool_], scores: Floats) -> float:
    """Return the expected calibration error over ten bins of equal width.

    Parameters
    ----------
    events : ndarray of shape (n,) and dtype bool
    scores : ndarray of shape (n,) and dtype float64
        In [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> calibration_error(np.array([True, True, False, False]), np.array([0.75, 0.75, 0.5, 0.0]))
    0.25
    """
    bins = np.minimum((scores * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
    return float(np.abs(np.bincount(bins, weights=scores - events)).sum() / len(scores))


def read_head_labels(graph: Graph, y: Any) -> list[HeadLabels]:
    """Return the labels of each head of a graph.

    Raises
    ------
    HeadError
        If y has not one column per head.
    """
    names = [head.name for head in graph.heads]
    labels = Labels.read(y).in_order_of(names)
    if len(labels.columns) != len(names):
        raise HeadError(
            f"y has {len(labels.columns)} column(s), expected {len(names)}, one per head: {names}."
        )
    found = []
    for position, head in enumerate(graph.heads):
        column = np.asarray(labels.columns[position], dtype=object)
        classes = np.array(head.classes, dtype=object)
        known = labels.weights[:, position] > 0
        found.append(HeadLabels(classes, _find_normal(graph, position), known, column))
    return found


def _find_normal(graph: Graph, position: int) -> int | None:
    if graph.decision is not None and position in graph.decision.heads:
        return graph.decision.normal[graph.decision.heads.index(position)]
    head = graph.heads[position]
    try:
        return head.classes.index(find_normal(head.name, head.classes))
    except NormalClassError:
        return None


def _mean(figures: list[float]) -> float:
    return float(np.mean(figures)) if figures else float("nan")
