"""Two sets of outcomes on the same rows, tested against each other, seeds combined."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from benchmarks.paper.outcome import Outcome
from skdualcnn.metrics import compare_roc_auc
from skdualcnn.model_selection import combine_dependent_p_values, holm_adjust, mcnemar_test

Name = TypeVar("Name", bound=Hashable)

SEEDS = (
    "Each seed gives a p-value; they are combined as twice their median, which is valid however "
    "they depend on each other (Meinshausen et al. 2009)"
)
ROWS_AND_GROUPS = (
    "“By rows” takes rows as independent: exact and corrected McNemar for right and wrong classes, "
    "DeLong for the ROC-AUC. “By groups” does not (Obuchowski 1998 and 1997): rows of a patient, "
    "an episode or a block count together"
)


@dataclass(frozen=True)
class Comparison:
    """A model against another on one head, means over the seeds, p-values combined.

    Attributes
    ----------
    only_first, only_second : float
        Rows that one got right and the other wrong.
    difference : float or None
        Of the ROC-AUC, first minus second; None if there is none.
    interval : tuple of float or None
        Mean ends of its 95 % interval, by groups where that can be told.
    p_values : dict of str to float or None
        "exact", "corrected", "groups" of McNemar; "delong", "delong groups".
    """

    only_first: float
    only_second: float
    difference: float | None
    interval: tuple[float, float] | None
    p_values: dict[str, float | None]

    @property
    def p_auc(self) -> float | None:
        """p-value of the ROC-AUC, by groups where that can be told."""
        grouped = self.p_values["delong groups"]
        return self.p_values["delong"] if grouped is None else grouped


def compare(first: Sequence[Outcome], second: Sequence[Outcome], head: str) -> Comparison:
    """Compare two models, seed by seed.

    Parameters
    ----------
    first, second : sequence of Outcome
        Of the same seeds and rows.
    head : str
    """
    answers, rows, groups = [], [], []
    for one, other in zip(first, second, strict=True):
        a, b, group = one.result(head), other.result(head), one.columns["group"][one.known(head)]
        answers.append(mcnemar_test(a.y_true, a.y_pred, b.y_pred, groups=group))
        present = [len(np.unique(group[a.abnormal == label])) for label in (True, False)]
        if min(a.abnormal.sum(), (~a.abnormal).sum()) > 1:
            rows.append(compare_roc_auc(a.abnormal, a.score, b.score))
        if min(present) > 1:
            groups.append(compare_roc_auc(a.abnormal, a.score, b.score, groups=group))
    shown = groups or rows
    interval = tuple(np.mean([one.interval for one in shown], axis=0).tolist()) if shown else None
    return Comparison(
        only_first=float(np.mean([one.only_first for one in answers])),
        only_second=float(np.mean([one.only_second for one in answers])),
        difference=float(np.mean([one.difference for one in rows])) if rows else None,
        interval=interval,
        p_values={
            "exact": _combine([one.p_exact for one in answers]),
            "corrected": _combine([one.p_corrected for one in answers]),
            "groups": _combine([one.p_groups for one in answers]),
            "delong": _combine([one.p_value for one in rows]),
            "delong groups": _combine([one.p_value for one in groups]),
        },
    )


def adjust(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with each kind of p-value adjusted for their number by Holm."""
    adjusted: list[dict[str, float | None]] = [dict(one.p_values) for one in comparisons]
    for kind in adjusted[0] if adjusted else ():
        known = {i: p for i, one in enumerate(adjusted) if (p := one[kind]) is not None}
        for i, p_value in zip(known, holm_adjust(list(known.values())), strict=True):
            adjusted[i][kind] = float(p_value)
    return [
        Comparison(one.only_first, one.only_second, one.difference, one.interval, p_values)
        for one, p_values in zip(comparisons, adjusted, strict=True)
    ]


def adjust_each(found: Mapping[Name, Comparison]) -> dict[Name, Comparison]:
    """Return the comparisons, each under its name, adjusted for their number."""
    return dict(zip(found, adjust(list(found.values())), strict=True))


def judge(one: Comparison) -> str:
    """Return "ahead", "behind" or "undecided", by the ROC-AUC at 0.05."""
    if one.difference is None or one.p_auc is None or one.p_auc >= 0.05:
        return "undecided"
    return "ahead" if one.difference > 0 else "behind"


def _combine(p_values: Sequence[float | None]) -> float | None:
    known = [one for one in p_values if one is not None]
    return combine_dependent_p_values(known) if known else None
