"""How good fitted models are: heads, decisions, and the tables that say so."""

from collections.abc import Mapping, Sequence
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

from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._decisions import DecisionsMixin
from skdualcnn._group_bootstrap import Statistic, drawn_areas, group_intervals, ratio
from skdualcnn._rules import DECISIONS

Intervals = dict[str, tuple[float, float] | None]

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "detection_accuracy",
    "f1",
    "roc_auc",
    "average_precision",
    "brier",
)
N_RESAMPLES = 500
FEW_GROUPS = 20  # below, intervals from groups are known to be too narrow


def named_intervals(
    names: Sequence[str],
    figures: Statistic,
    groups: NDArray[Any] | None,
    n_rows: int,
    random_state: int,
) -> Intervals:
    """Return the 95 % interval of each figure; None where there is none.

    Whole groups are drawn again, or single rows where there are no groups.
    """
    ends = group_intervals(
        figures,
        np.arange(n_rows) if groups is None else groups,
        n_figures=len(names),
        n_resamples=N_RESAMPLES,
        confidence_level=0.95,
        random_state=random_state,
    )
    return {
        name: None if np.isnan(low) else (float(low), float(high))
        for name, (low, high) in zip(names, ends, strict=True)
    }


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

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Whether each row is called not normal."""
        return np.asarray(self.y_pred != self.normal, dtype=bool)

    def unknown(self) -> dict[Any, int]:
        """Return the number of test rows of each class that the head was not trained on."""
        known = set(self.classes.tolist())
        counts = pd.Series(self.y_true, dtype=object).value_counts()
        return {label: int(n) for label, n in counts.items() if label not in known}

    def metrics(self) -> dict[str, float]:
        """Return the figures of the head.

        Accuracies compare all classes; the others ask only whether the row is normal:
        F1 and detection accuracy of the predicted class, ROC-AUC, average precision
        and Brier score of the anomaly score.
        """
        event, flagged = self.abnormal, self.flagged
        # Labels of dtype object are numbers or text again, which scikit-learn asks for.
        true, said = np.array(self.y_true.tolist()), np.array(self.y_pred.tolist())
        both = 0 < event.sum() < len(event)
        return {
            "accuracy": accuracy_score(true, said),
            "balanced_accuracy": recall_score(true, said, labels=pd.unique(true), average="macro"),
            "detection_accuracy": accuracy_score(event, flagged),
            "f1": f1_score(event, flagged, zero_division=0.0),
            "roc_auc": roc_auc_score(event, self.score) if both else np.nan,
            "average_precision": average_precision_score(event, self.score) if both else np.nan,
            "brier": brier_score_loss(event, self.score.clip(0, 1)),
        }

    def intervals(self, random_state: int = 0) -> Intervals:
        """Return the 95 % interval of each of the `metrics`; None where there is none."""
        event, flagged = self.abnormal, self.flagged
        right = self.y_true == self.y_pred
        classes = pd.factorize(self.y_true)[0]
        of_class = classes[:, None] == np.arange(classes.max(initial=-1) + 1)
        # Sums over rows that are drawn, from which all but the areas are made.
        terms = np.column_stack(
            [
                right,
                event == flagged,
                event & flagged,
                event,
                flagged,
                (self.score.clip(0, 1) - event) ** 2,
                of_class,
                of_class & right[:, None],
            ]
        ).astype(np.float64)

        def figures(counts: NDArray[np.intp]) -> NDArray[np.float64]:
            sums, rows = counts @ terms, counts.sum(axis=1)
            accuracy, detection, hits, events, flags, error = sums[:, :6].T
            size, found = np.split(sums[:, 6:], 2, axis=1)
            recall = ratio(found, size)
            balanced = ratio(np.nansum(recall, axis=1), (size > 0).sum(axis=1).astype(float))
            area, precision = drawn_areas(event, self.score, counts)
            none = np.where(events + flags > 0, events + flags, 1.0)  # F1 is then 0
            return np.column_stack(
                [
                    accuracy / rows,
                    balanced,
                    detection / rows,
                    2 * hits / none,
                    area,
                    precision,
                    error / rows,
                ]
            )

        return named_intervals(METRICS, figures, self.groups, len(self.y_true), random_state)


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
        Wall-clock seconds that fitting took; NaN where that is not known.
    groups : ndarray of shape (n,) or None
        What belongs together, such as the patient; None takes rows as independent.
    """

    heads: dict[str, HeadResult]
    scores: NDArray[np.float64]
    decisions: NDArray[np.str_]
    states: NDArray[np.object_]
    fit_seconds: float
    groups: NDArray[Any] | None = None

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

    def decision_intervals(self, random_state: int = 0) -> dict[str, Any]:
        """Return the 95 % intervals of the `decision_metrics`, in the same form."""
        states = [state for state in DECISIONS if (self.states == state).any()]
        known, right = pd.notna(self.states), self.decisions == self.states
        of_state = self.states[:, None] == np.array(states, dtype=object)
        terms = np.column_stack(
            [
                right & known,
                known,
                self.decisions == "uncertain",
                of_state,
                of_state & right[:, None],
            ]
        ).astype(np.float64)

        def figures(counts: NDArray[np.intp]) -> NDArray[np.float64]:
            sums = counts @ terms
            size, found = np.split(sums[:, 3:], 2, axis=1)
            uncertain = sums[:, 2] / counts.sum(axis=1)
            return np.column_stack([ratio(sums[:, 0], sums[:, 1]), uncertain, ratio(found, size)])

        found = named_intervals(
            ["accuracy", "uncertain", *states],
            figures,
            self.groups,
            len(self.decisions),
            random_state,
        )
        return {
            "accuracy": found.pop("accuracy"),
            # The share of "uncertain" among decisions, not the recall of a state.
            "uncertain": found.pop("uncertain"),
            "recall": found,
        }


def say_intervals(result: ModelResult) -> str:
    """Return how the intervals of a report are made, and whether to trust them."""
    groups = result.groups
    n_groups = len(result.decisions) if groups is None else len(pd.unique(groups))
    what = "rows" if n_groups == len(result.decisions) else "groups"
    sentence = (
        f"Under each figure stands its 95 % interval: the {n_groups:,} test {what} were drawn "
        f"again, with replacement, {N_RESAMPLES} times. It is about the test {what}, not about "
        "training."
    )
    if n_groups < FEW_GROUPS:
        sentence += f" From as few as {n_groups} {what}, intervals come out too narrow."
    return sentence


def say_unknown(result: ModelResult) -> list[str]:
    """Return a sentence for each head whose test rows have classes it was not trained on."""
    return [
        f"{sum(unknown.values()):,} test rows are of classes that the {name} head was not trained "
        f"on, {_list(list(unknown))}: scored as not normal, and never given the right class."
        for name, head in result.heads.items()
        if (unknown := head.unknown())
    ]


def _list(labels: Sequence[Any]) -> str:
    shown = ", ".join(map(repr, labels[:10]))
    return f"{shown} and {len(labels) - 10} more" if len(labels) > 10 else shown


def evaluate(
    decider: DecisionsMixin,
    X: pd.DataFrame,
    y: pd.DataFrame,
    groups: NDArray[Any] | None = None,
    *,
    fit_seconds: float = np.nan,
) -> ModelResult:
    """Return what a fitted decider says about test rows.

    Parameters
    ----------
    decider : FusionDecider, or another that makes decisions
        Fitted.
    X : DataFrame of n rows
        Test rows.
    y : DataFrame of n rows, one column per head
        Test labels.
    groups : ndarray of shape (n,) or None, default=None
        What belongs together, such as the patient, for confidence intervals.
    fit_seconds : float, default=nan
        Wall-clock seconds that fitting took, where that is known.

    Raises
    ------
    HeadError
        If y has not a column for each head, or texts for a head that has numbers.
    """
    states = decider.true_state(y)
    explained = decider.explain_decisions(X)  # one pass through the model for all of it
    scores = explained[["health_score", "cyber_score"]].to_numpy()
    heads = {}
    for head in deciding_heads(decider):
        here = y[head.name].notna().to_numpy()
        heads[head.name] = HeadResult(
            y_true=y[head.name].to_numpy(dtype=object)[here],
            y_pred=explained[f"{head.name}_class"].to_numpy(dtype=object)[here],
            score=scores[here, head.role],
            classes=head.classes,
            normal=head.normal,
            groups=None if groups is None else groups[here],
        )
    return ModelResult(
        heads=heads,
        scores=scores,
        decisions=explained["decision"].to_numpy(dtype=str),
        states=states,
        fit_seconds=fit_seconds,
        groups=groups,
    )


def head_tables(
    results: Mapping[str, ModelResult], ours: str, seed: int = 0
) -> list[dict[str, Any]]:
    """Return one entry per head: classes, test counts, and a row of figures per model."""
    tables = []
    for name, head in results[ours].heads.items():
        counts = pd.Series(head.y_true).value_counts()
        tables.append(
            {
                "name": name,
                "classes": [str(label) for label in head.classes],
                "test_counts": {
                    str(label): int(counts.get(label, 0))
                    for label in (*head.classes, *head.unknown())
                },
                "models": [
                    {
                        "name": model,
                        "ours": model == ours,
                        **result.heads[name].metrics(),
                        "intervals": result.heads[name].intervals(seed),
                        "fit_seconds": result.fit_seconds,
                    }
                    for model, result in results.items()
                ],
            }
        )
    return tables


def decision_table(results: Mapping[str, ModelResult], ours: str, seed: int = 0) -> dict[str, Any]:
    """Return a row of figures per model, and the confusion of our decisions."""
    known = pd.notna(results[ours].states)
    states = [state for state in DECISIONS if (results[ours].states == state).any()]
    decisions = DECISIONS.tolist()
    counts = confusion_matrix(
        results[ours].states[known].astype(str), results[ours].decisions[known], labels=decisions
    )
    return {
        "models": [
            {
                "name": model,
                "ours": model == ours,
                **result.decision_metrics(),
                "intervals": result.decision_intervals(seed),
            }
            for model, result in results.items()
        ],
        "confusion": {
            "states": states,
            "decisions": decisions,
            "counts": counts[[decisions.index(state) for state in states]].tolist(),
        },
    }
