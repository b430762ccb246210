"""The figures of one head on labelled rows, and how sure they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from skdualcnn._calibration_error import calibration_floor, expected_calibration_error
from skdualcnn._group_bootstrap import group_intervals


@dataclass(frozen=True)
class HeadRows:
    """What a decider says of one head on the rows that carry its label.

    Attributes
    ----------
    name : str
        Name of the head.
    classes : ndarray of shape (n_classes,)
        Its classes.
    rows : ndarray of shape (n,) and dtype intp
        Which of the rows given they are.
    true, predicted : ndarray of shape (n,) and dtype intp
        Positions among the classes; one beyond the last for a class unknown to the model.
    normal : int
        Position of the normal class.
    score : ndarray of shape (n,) and dtype float64
        One minus the probability of the normal class.
    alert : ndarray of shape (n,) and dtype bool
        Whether the head raises its alert at the operating point.
    groups : ndarray of shape (n,)
        What belongs together.
    """

    name: str
    classes: NDArray[Any]
    rows: NDArray[np.intp]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    normal: int
    score: NDArray[np.float64]
    alert: NDArray[np.bool_]
    groups: NDArray[Any]

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return some of the rows, by a mask or by their positions."""
        changed = {
            field: getattr(self, field)[which]
            for field in ("rows", "true", "predicted", "score", "alert", "groups")
        }
        return replace(self, **changed)

    def _again(self, counts: NDArray[np.intp]) -> Self:
        """Return each row as often as it is counted."""
        return self.take(np.repeat(np.arange(len(counts)), counts))

    @cached_property
    def event(self) -> NDArray[np.bool_]:
        """Whether each row is truly not normal."""
        return np.asarray(self.true != self.normal, dtype=bool)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether the class of each row is the predicted one."""
        return np.asarray(self.true == self.predicted, dtype=bool)

    def class_counts(self) -> dict[str, int]:
        """Return how many rows each class has, and how many one that training did not know."""
        names = [*map(str, self.classes), "a class unknown to the model"]
        counts = np.bincount(self.true, minlength=len(names)).tolist()
        found = dict(zip(names, counts, strict=True))
        return found if counts[-1] else dict(list(found.items())[:-1])

    def compute(self, names: Sequence[str]) -> list[float]:
        """Return some of the `FIGURES`; NaN where one is not defined on these rows."""
        return [FIGURES[name].function(self) for name in names]

    def figures(
        self,
        names: Sequence[str],
        *,
        n_resamples: int,
        confidence_level: float,
        random_state: int,
    ) -> pd.DataFrame:
        """Return value, lower and upper end of each figure; NaN where it has no interval."""
        resampled = [name for name in names if FIGURES[name].resampled]
        ends = group_intervals(
            lambda counts: np.array([self._again(one).compute(resampled) for one in counts]),
            self.groups,
            n_figures=len(resampled),
            n_resamples=n_resamples,
            confidence_level=confidence_level,
            random_state=random_state,
        )
        table = pd.DataFrame(ends, resampled, ["low", "high"]).reindex(list(names))
        table.insert(0, "value", self.compute(names))
        return table


def _share(of: NDArray[np.bool_]) -> float:
    return float(of.mean()) if len(of) else float("nan")


def _roc_auc(head: HeadRows) -> float:
    # By ranks, many times faster than roc_auc_score on some thousand resamples.
    events = int(head.event.sum())
    pairs = events * (len(head.event) - events)
    if pairs == 0:
        return float("nan")
    return float((rankdata(head.score)[head.event].sum() - events * (events + 1) / 2) / pairs)


def _average_precision(head: HeadRows) -> float:
    if not head.event.any():
        return float("nan")
    return float(average_precision_score(head.event, head.score))


def _balanced_accuracy(head: HeadRows) -> float:
    size = np.bincount(head.true)
    hits = np.bincount(head.true, weights=head.right)
    return float((hits[size > 0] / size[size > 0]).mean()) if len(size) else float("nan")


def _brier(head: HeadRows) -> float:
    return float(((head.score - head.event) ** 2).mean()) if len(head.rows) else float("nan")


def _ece(head: HeadRows) -> float:
    if len(head.rows) == 0:
        return float("nan")
    return expected_calibration_error(head.event, head.score.clip(0, 1))


def _ece_floor(head: HeadRows) -> float:
    return calibration_floor(head.score.clip(0, 1)) if len(head.rows) else float("nan")


@dataclass(frozen=True)
class Figure:
    """One figure of a head: what it is, how it is computed, and if on rows drawn again."""

    meaning: str
    function: Callable[[HeadRows], float]
    resampled: bool = True


FIGURES = {
    "ROC-AUC": Figure("how well the score ranks not normal above normal", _roc_auc),
    "average precision": Figure(
        "area under precision and recall; compare it with the share not normal",
        _average_precision,
    ),
    "sensitivity": Figure(
        "share of the rows that are not normal with an alert of this head",
        lambda head: _share(head.alert[head.event]),
    ),
    "specificity": Figure(
        "share of the normal rows without one", lambda head: _share(~head.alert[~head.event])
    ),
    "accuracy": Figure("share of the rows with the right class", lambda head: _share(head.right)),
    "balanced accuracy": Figure("the same, mean of the classes", _balanced_accuracy),
    "Brier score": Figure(
        "mean squared error of the probability of not normal; 0 is perfect", _brier
    ),
    # Rows drawn twice make bins noisier: the ECE of a resample is larger than that of the rows.
    "ECE": Figure(
        "expected calibration error, ten bins of equal width; at its floor, perfect",
        _ece,
        resampled=False,
    ),
    "ECE floor": Figure(
        "mean ECE of as many independent rows, were each probability right",
        _ece_floor,
        resampled=False,
    ),
}
CALIBRATION = ("Brier score", "ECE", "ECE floor")
PERFORMANCE = tuple(name for name in FIGURES if name not in CALIBRATION)
# Average precision depends on the share not normal, and so does not compare subgroups.
OF_SUBGROUPS = ("ROC-AUC", "sensitivity", "specificity", *CALIBRATION)
