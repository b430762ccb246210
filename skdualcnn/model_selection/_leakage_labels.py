"""Columns that alone tell the label, and columns that name the row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from skdualcnn.model_selection._leakage_findings import LeakageFinding, Severity
from skdualcnn.model_selection._leakage_folds import Folds
from skdualcnn.model_selection._leakage_table import Column, Head
from skdualcnn.model_selection._series import Rows

# Area under the ROC curve and best F1 of one column alone.
ALONE: dict[Severity, tuple[float, float]] = {"high": (0.995, 0.99), "medium": (0.99, 0.98)}
DEPTH = 4
LEAST_LEAF = 5
LEAST_ROWS = 20  # of a class, and of its rest, among the test rows
NEARLY_ALL = 0.95
LEAST_COLLISIONS = 10


@dataclass(frozen=True)
class ClassScore:
    """How well the test rows of one class are told from the others.

    Attributes
    ----------
    label : object
        The class.
    share : float
        Its share of the test rows.
    auc : float
        Area under the ROC curve.
    f1 : float
        F1 of the class, or of the others if they are fewer, at its best threshold.
    """

    label: Any
    share: float
    auc: float
    f1: float


def score_feature(
    feature: NDArray[np.float32], head: Head, folds: Folds, *, depth: int | None
) -> list[ClassScore]:
    """Score a small tree on one numeric feature, over the test rows of all folds."""

    def predict(train: Rows, test: Rows) -> NDArray[np.float64]:
        tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=LEAST_LEAF, random_state=0)
        tree.fit(feature[train], head.codes[train])
        probabilities = np.zeros((len(test), len(head.classes)))
        probabilities[:, tree.classes_] = tree.predict_proba(feature[test])
        return probabilities

    return _score(predict, head, folds)


def score_column(column: Column, head: Head, folds: Folds) -> list[ClassScore]:
    """Score one column: a small tree on values with an order, else shares of the classes."""
    if column.ordered:
        return score_feature(column.as_feature(), head, folds, depth=DEPTH)
    n_classes, n_values = len(head.classes), len(column.values) + 1

    def predict(train: Rows, test: Rows) -> NDArray[np.float64]:
        # Missing is a value like the others: code -1 is the last row of the table.
        places = column.codes[train] % n_values * n_classes + head.codes[train]
        counts = np.bincount(places, minlength=n_values * n_classes).reshape(n_values, n_classes)
        prior = counts.sum(axis=0) / len(train)
        # One row of the prior is added to each value, so that a rare one claims little.
        shares = (counts + prior) / (counts.sum(axis=1, keepdims=True) + 1)
        return shares[column.codes[test]]

    return _score(predict, head, folds)


def find_telling_columns(column: Column, head: Head, folds: Folds) -> list[LeakageFinding]:
    """Find out whether a column alone predicts a class of the head nearly perfectly."""
    scores = score_column(column, head, folds)
    if not scores:
        return []
    best = max(scores, key=lambda score: min(score.auc, score.f1))
    for severity, (auc, f1) in ALONE.items():
        if best.auc >= auc and best.f1 >= f1:
            how = "perfectly" if severity == "high" else "almost perfectly"
            return [
                LeakageFinding(
                    severity,
                    "label",
                    f"Alone it tells {best.label!s} from the rest {how} on the test rows.",
                    "Ask how the value comes about: drop it if it is known only with the label, "
                    "or is a trace of how the data were recorded.",
                    column=column.name,
                    head=head.name,
                    evidence={
                        "class": str(best.label),
                        "AUC": best.auc,
                        "best F1": best.f1,
                        "share of class": best.share,
                    },
                )
            ]
    return []


def is_identifier(column: Column) -> bool:
    """Return whether the values name the rows.

    Text does if nearly all of it is different. Whole numbers do if none occurs twice
    although they are drawn from so few that many would by chance (the birthday problem).
    """
    n = int(column.present.sum())
    if n < LEAST_ROWS:
        return False
    if not column.ordered:
        return len(column.values) >= NEARLY_ALL * n
    if column.values.dtype.kind not in "iuf" or len(column.values) < n:
        return False
    values = column.values.astype(np.float64)
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    return bool(n**2 / 2 / (values[-1] - values[0] + 1) >= LEAST_COLLISIONS)


def describe_identifier(column: Column) -> LeakageFinding:
    """Return the finding about a column that names the rows."""
    return LeakageFinding(
        "medium",
        "identifier",
        "It names the row: (nearly) every value occurs once.",
        "Drop it: what is learnt from it holds for no other row.",
        column=column.name,
        evidence={"values": len(column.values), "rows with a value": int(column.present.sum())},
    )


def _score(predict: Any, head: Head, folds: Folds) -> list[ClassScore]:
    """Score predicted probabilities, the test rows of all folds taken together."""
    probabilities, labels = [], []
    for train, test in folds.folds:
        known, asked = train[head.codes[train] >= 0], test[head.codes[test] >= 0]
        if len(known) and len(asked):
            probabilities.append(predict(known, asked))
            labels.append(head.codes[asked])
    if not labels:
        return []
    predicted, true = np.concatenate(probabilities), np.concatenate(labels)
    scores = []
    for code, label in enumerate(head.classes):
        here = true == code
        if LEAST_ROWS <= here.sum() <= len(here) - LEAST_ROWS:
            auc = float(roc_auc_score(here, predicted[:, code]))
            scores.append(
                ClassScore(label, float(here.mean()), auc, _best_f1(here, predicted[:, code]))
            )
    return scores


def _best_f1(here: NDArray[np.bool_], predicted: NDArray[np.float64]) -> float:
    if here.mean() > 0.5:
        here, predicted = ~here, -predicted
    precision, recall, _ = precision_recall_curve(here, predicted)
    return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())
