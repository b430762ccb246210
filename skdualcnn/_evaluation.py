"""How good fitted models are: heads, decisions, and the tables that say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    recall_score,
    roc_auc_score,
)

from skdualcnn._auc_comparison import compare_roc_auc
from skdualcnn._decider import FusionDecider
from skdualcnn._head import FittedHeads
from skdualcnn._rules import DECISIONS


@dataclass(frozen=True)
class HeadResult:
    """What one model said about one head's test rows.

    Attributes
    ----------
    y_true, y_pred : ndarray of shape (n,)
        True and predicted labels of the rows that carry one.
    score : ndarray of shape (n,) and dtype float64
        One minus the probability of the normal class.
    classes : ndarray
        Class labels of the head.
    normal : label
        The class that means normal.
    groups : ndarray of shape (n,) or None
        What belongs together, such as the patient; None takes rows as independent.
    """

    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    score: NDArray[np.float64]
    classes: NDArray[Any]
    normal: Any
    groups: NDArray[Any] | None = None

    @property
    def abnormal(self) -> NDArray[np.bool_]:
        """Whether each row is truly not normal."""
        return np.asarray(self.y_true != self.normal, dtype=bool)

    def metrics(self) -> dict[str, float]:
        """Return the figures of the head.

        Accuracies compare all classes; the others ask only whether the row is normal:
        F1 and detection accuracy of the predicted class, ROC-AUC, average precision
        and Brier score of the anomaly score.
        """
        flagged = np.asarray(self.y_pred != self.normal, dtype=bool)
        # Labels of dtype object are numbers or text again, which scikit-learn asks for.
        true, said = np.array(self.y_true.tolist()), np.array(self.y_pred.tolist())
        both = 0 < self.abnormal.sum() < len(self.abnormal)
        return {
            "accuracy": accuracy_score(true, said),
            "balanced_accuracy": recall_score(true, said, labels=pd.unique(true), average="macro"),
            "detection_accuracy": accuracy_score(self.abnormal, flagged),
            "f1": f1_score(self.abnormal, flagged, zero_division=0.0),
            "roc_auc": roc_auc_score(self.abnormal, self.score) if both else np.nan,
            "average_precision": (
                average_precision_score(self.abnormal, self.score) if both else np.nan
            ),
            "brier": brier_score_loss(self.abnormal, self.score.clip(0, 1)),
        }

    def roc_auc_interval(self) -> tuple[float, float] | None:
        """Return the 95 % confidence interval of the ROC-AUC; None where it is not known.

        It is that of the difference to a score that says nothing, whose area is 0.5.
        """
        try:
            against_chance = compare_roc_auc(
                self.abnormal, self.score, np.zeros(len(self.score)), groups=self.groups
            )
        except ValueError:  # fewer than two groups of each kind
            return None
        low, high = (0.5 + end for end in against_chance.interval)
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True)
class ModelResult:
    """What one fitted decider said about the test rows.

    Attributes
    ----------
    heads : dict of str to HeadResult
        Results by head.
    scores : ndarray of shape (n, 2) and dtype float64
        Anomaly scores, health and cyber.
    decisions : ndarray of shape (n,) and dtype str
        The decisions.
    states : ndarray of shape (n,) and dtype object
        The true states, None where a label is missing.
    fit_seconds : float
        Wall-clock seconds that fitting took.
    """

    heads: dict[str, HeadResult]
    scores: NDArray[np.float64]
    decisions: NDArray[np.str_]
    states: NDArray[np.object_]
    fit_seconds: float

    def decision_metrics(self) -> dict[str, Any]:
        """Return accuracy, share of "uncertain", and recall of each true state."""
        known = pd.notna(self.states)
        right = self.decisions == self.states
        return {
            "accuracy": float(right[known].mean()),
            "uncertain": float((self.decisions == "uncertain").mean()),
            "recall": {
                state: float(right[self.states == state].mean())
                for state in DECISIONS
                if (self.states == state).any()
            },
        }


def evaluate(
    decider: FusionDecider,
    X: pd.DataFrame,
    y: pd.DataFrame,
    fit_seconds: float,
    groups: NDArray[Any] | None = None,
) -> ModelResult:
    """Return what a fitted decider says about test rows.

    Parameters
    ----------
    decider : FusionDecider
        Fitted.
    X : DataFrame of n rows
        Test rows.
    y : DataFrame of n rows, one column per head
        Test labels.
    fit_seconds : float
        Wall-clock seconds that fitting took.
    groups : ndarray of shape (n,) or None
        What belongs together, such as the patient, for confidence intervals.
    """
    explained = decider.explain_decisions(X)  # one pass through the model for all of it
    scores = explained[["health_score", "cyber_score"]].to_numpy()
    classes = FittedHeads.read(decider).classes
    heads = {}
    for role, (position, name) in enumerate(zip(decider.positions_, decider.heads_, strict=True)):
        if position is None or name is None:  # one head only: both are None together
            continue
        here = y[name].notna().to_numpy()
        heads[name] = HeadResult(
            y_true=y[name].to_numpy(dtype=object)[here],
            y_pred=explained[f"{name}_class"].to_numpy(dtype=object)[here],
            score=scores[here, role],
            classes=classes[position],
            normal=decider.normal_[role],
            groups=None if groups is None else groups[here],
        )
    return ModelResult(
        heads=heads,
        scores=scores,
        decisions=explained["decision"].to_numpy(dtype=str),
        states=decider.true_state(y),
        fit_seconds=fit_seconds,
    )


def head_tables(results: Mapping[str, ModelResult], ours: str) -> list[dict[str, Any]]:
    """Return one entry per head: classes, test counts, and a row of figures per model."""
    tables = []
    for name, head in results[ours].heads.items():
        counts = pd.Series(head.y_true).value_counts()
        tables.append(
            {
                "name": name,
                "classes": [str(label) for label in head.classes],
                "test_counts": {str(label): int(counts.get(label, 0)) for label in head.classes},
                "models": [
                    {
                        "name": model,
                        "ours": model == ours,
                        **result.heads[name].metrics(),
                        "roc_auc_interval": result.heads[name].roc_auc_interval(),
                        "fit_seconds": result.fit_seconds,
                    }
                    for model, result in results.items()
                ],
            }
        )
    return tables


def decision_table(results: Mapping[str, ModelResult], ours: str) -> dict[str, Any]:
    """Return a row of figures per model, and the confusion of our decisions."""
    known = pd.notna(results[ours].states)
    states = [state for state in DECISIONS if (results[ours].states == state).any()]
    decisions = DECISIONS.tolist()
    counts = confusion_matrix(
        results[ours].states[known].astype(str), results[ours].decisions[known], labels=decisions
    )
    return {
        "models": [
            {"name": model, "ours": model == ours, **result.decision_metrics()}
            for model, result in results.items()
        ],
        "confusion": {
            "states": states,
            "decisions": decisions,
            "counts": counts[[decisions.index(state) for state in states]].tolist(),
        },
    }
