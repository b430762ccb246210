"""Columns that tell the time, and whether the time tells the label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

from skdualcnn.model_selection._leakage_findings import LeakageFinding, Severity
from skdualcnn.model_selection._leakage_folds import Folds, draw
from skdualcnn.model_selection._leakage_labels import LEAST_LEAF, score_feature
from skdualcnn.model_selection._leakage_table import FEW_VALUES, Column, Head

STEADY = 0.95  # share of steps in one direction
LEAST_STEPS = 30
EXACT, ROUGH = 0.99, 0.5  # share of the variance of the row's place that a column explains
STRONG, WEAK = 0.9, 0.75  # area under the ROC curve of the row's place
SURE = 4.0  # standard deviations from chance


@dataclass(frozen=True)
class Place:
    """An order of the rows: the whole table's, or that within each group.

    Attributes
    ----------
    what : str
        "table" or "group".
    order : ndarray of shape (n,) and dtype intp
        Rows in that order, one group after the other.
    joins : ndarray of shape (n - 1,) and dtype bool
        Whether a row and the next of `order` follow each other.
    number : ndarray of shape (n,) and dtype float64
        Place of each row.
    """

    what: str
    order: NDArray[np.intp]
    joins: NDArray[np.bool_]
    number: NDArray[np.float64]


def make_places(n_rows: int, groups: NDArray[np.int64] | None) -> list[Place]:
    """Return the orders to look at; that of groups only if they have enough rows."""
    rows = np.arange(n_rows)
    places = [Place("table", rows, np.ones(n_rows - 1, dtype=bool), rows.astype(np.float64))]
    if groups is not None and 2 <= groups.max() + 1 <= n_rows / LEAST_LEAF:
        order = np.argsort(groups, kind="stable")
        starts = np.searchsorted(groups[order], groups)
        number = np.empty(n_rows)
        number[order] = rows
        places.append(
            Place("group", order, groups[order][1:] == groups[order][:-1], number - starts)
        )
    return places


@dataclass(frozen=True)
class TimeSkill:
    """How well the place of a row tells one class of one head on the test rows.

    Attributes
    ----------
    head, label : str
        The head and its class.
    what : str
        Place in what: "table" or "group".
    auc : float
        Area under the ROC curve.
    chance : float
        Standard deviation of `auc` if the place told nothing.
    """

    head: str
    label: str
    what: str
    auc: float
    chance: float

    @property
    def severity(self) -> Severity | None:
        """Return how bad it is, None if it is nothing or may be chance."""
        if self.auc < WEAK or self.auc - 0.5 < SURE * self.chance:
            return None
        return "high" if self.auc >= STRONG else "medium"


def score_places(places: list[Place], heads: list[Head], folds: Folds) -> list[TimeSkill]:
    """Score what the place of a row tells about each head under the split."""
    skills = []
    for head in heads:
        found = []
        for place in places:
            stretches = _count_stretches(place, head, folds)
            feature = place.number.astype(np.float32)[:, None]
            for score in score_feature(feature, head, folds, depth=None):
                own = stretches[list(head.classes).index(score.label)]
                chance = np.sqrt((1 / own + 1 / (stretches.sum() - own)) / 12)
                found.append(
                    TimeSkill(head.name, str(score.label), place.what, score.auc, float(chance))
                )
        if found:
            skills.append(max(found, key=lambda skill: (skill.severity is not None, skill.auc)))
    return skills


def _count_stretches(place: Place, head: Head, folds: Folds) -> NDArray[np.int64]:
    """Count the stretches of test rows of each class: as many facts as the rows are worth.

    Rows that follow each other with one label and no training row between are one.
    """
    counts = np.zeros(len(head.classes), dtype=np.int64)
    breaks = np.concatenate([[0], np.cumsum(~place.joins)])
    position = np.empty(len(place.order), dtype=np.intp)
    position[place.order] = np.arange(len(place.order))
    for train, test in folds.folds:
        trained = np.zeros(len(place.order), dtype=np.intp)
        trained[position[train[head.codes[train] >= 0]]] = 1
        here = np.sort(position[test[head.codes[test] >= 0]])
        if len(here) == 0:
            continue
        label = head.codes[place.order[here]]
        before = np.column_stack([label, breaks[here], np.cumsum(trained)[here]])
        starts = np.concatenate([[True], (np.diff(before, axis=0) != 0).any(axis=1)])
        counts += np.bincount(label[starts], minlength=len(counts))
    return counts


_WHY = {
    "table": "rows next to each other have the same label and are on both sides.",
    "group": "the label comes at the same place in each of them.",
}
_REMEDY = {
    "table": "Keep what follows each other on one side: PurgedGroupTimeSeriesSplit, "
    "PurgedGroupKFold, or GroupKFold over patients.",
    "group": "Leave out whatever tells how long a recording has run.",
}


def find_telling_order(skills: list[TimeSkill]) -> list[LeakageFinding]:
    """Find heads whose label can be told from where the row stands."""
    return [
        LeakageFinding(
            skill.severity,
            "row order",
            f"Where a row stands in its {skill.what} tells {skill.label} from the rest: "
            + _WHY[skill.what],
            _REMEDY[skill.what],
            head=skill.head,
            evidence={"class": skill.label, "AUC of the row number": skill.auc},
        )
        for skill in skills
        if skill.severity is not None
    ]


@dataclass(frozen=True)
class Clockwork:
    """How well one column tells the place of a row.

    Attributes
    ----------
    what : str
        In what: "table" or "group".
    steady : float
        Share of its steps that go in the more frequent direction.
    rank_correlation : float
        Spearman's, of value and place.
    explained : float
        Share of the variance of the place that a tree on the column explains, on rows
        that it was not fitted on.
    """

    what: str
    steady: float
    rank_correlation: float
    explained: float

    @property
    def is_clock(self) -> bool:
        """Return whether it counts upwards or downwards."""
        return self.steady >= STEADY or self.explained >= EXACT


def read_clock(
    column: Column, places: list[Place], at_most: int, rng: np.random.RandomState
) -> Clockwork | None:
    """Measure how well a column tells the place; None if it has too few values."""
    if not column.measured:
        return None
    rows = draw(np.flatnonzero(column.present), at_most, rng)
    fitted = rng.permutation(len(rows)) < len(rows) // 2
    read = []
    for place in places:
        feature, number = column.as_feature()[rows], place.number[rows]
        if np.ptp(number) == 0:
            continue
        tree = DecisionTreeRegressor(min_samples_leaf=LEAST_LEAF, random_state=0)
        tree.fit(feature[fitted], number[fitted])
        explained = r2_score(number[~fitted], tree.predict(feature[~fitted]))
        read.append(
            Clockwork(
                place.what,
                _steadiness(column, place),
                _rank_correlation(column.codes[rows], number),
                float(explained),
            )
        )
    # Where both orders tell the same, that of the table is named.
    return max(read, key=lambda one: (one.is_clock, round(max(one.steady, one.explained), 2)))


def find_clock(column: Column, clock: Clockwork, skills: list[TimeSkill]) -> list[LeakageFinding]:
    """Find out whether a column that tells the time does harm under the split."""
    skill = max(skills, key=lambda one: (one.severity is not None, one.auc), default=None)
    harm = skill.severity if skill else None
    if not (clock.is_clock or (clock.explained >= ROUGH and harm)):
        return []
    milder: dict[Severity | None, Severity] = {"high": "medium", "medium": "low"}
    severity = (harm or "low") if clock.is_clock else milder[harm]
    return [
        LeakageFinding(
            severity,
            "clock" if clock.is_clock else "drift",
            f"It {'counts along with' if clock.is_clock else 'drifts along'} the rows of the "
            f"{clock.what}, so it tells the time"
            + (", and the time tells the label under this split." if harm else ".")
            + ("" if harm else " Under this split the time does not tell the label."),
            "Drop it, and split by time." if clock.is_clock else "Split by time.",
            column=column.name,
            head=skill.head if skill and harm else None,
            evidence={
                "steps in one direction": clock.steady,
                "rank correlation": clock.rank_correlation,
                "variance of the place explained": clock.explained,
                "AUC of the row number": skill.auc if skill else 0.5,
            },
        )
    ]


def _steadiness(column: Column, place: Place) -> float:
    """Return the share of steps in the more frequent direction, 0 if there are too few."""
    ordered = column.codes[place.order]
    here = np.flatnonzero(ordered >= 0)
    # Two values follow each other if no boundary of a group lies between them.
    boundaries = np.concatenate([[0], np.cumsum(~place.joins)])
    steps = np.diff(ordered[here])[np.diff(boundaries[here]) == 0]
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return max(up, down) / (up + down) if up + down >= max(LEAST_STEPS, FEW_VALUES) else 0.0


def _rank_correlation(codes: NDArray[np.int64], number: NDArray[np.float64]) -> float:
    return float(spearmanr(codes, number).statistic)
