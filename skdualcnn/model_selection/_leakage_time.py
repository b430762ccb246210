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
    """Return the orders to look at; that of groups only if they have several rows."""
    rows = np.arange(n_rows)
    places = [Place("table", rows, np.ones(n_rows - 1, dtype=bool), rows.astype(np.float64))]
    if groups is not None and 1 <= groups.max() < n_rows - 1:
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
    """How well the place of a row tells one class of one head on the test rows."""

    head: str
    label: str
    what: str
    auc: float


def score_places(places: list[Place], heads: list[Head], folds: Folds) -> list[TimeSkill]:
    """Score what the place of a row tells about each head under the split."""
    skills = []
    for head in heads:
        found = [
            TimeSkill(head.name, str(score.label), place.what, score.auc)
            for place in places
            for score in score_feature(
                place.number.astype(np.float32)[:, None], head, folds, depth=None
            )
        ]
        if found:
            skills.append(max(found, key=lambda skill: skill.auc))
    return skills


def find_telling_order(skills: list[TimeSkill]) -> list[LeakageFinding]:
    """Find heads whose label can be told from where the row stands."""
    return [
        LeakageFinding(
            "high" if skill.auc >= STRONG else "medium",
            "row order",
            f"Where a row stands in its {skill.what} tells {skill.label} from the rest: rows next "
            "to each other have the same label and are on both sides.",
            "Keep what follows each other on one side: PurgedGroupTimeSeriesSplit, "
            "PurgedGroupKFold, or GroupKFold over patients.",
            head=skill.head,
            evidence={"class": skill.label, "AUC of the row number": skill.auc},
        )
        for skill in skills
        if skill.auc >= WEAK
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
    skill = max(skills, key=lambda one: one.auc, default=None)
    auc = skill.auc if skill else 0.5
    severity: Severity | None = None
    if clock.is_clock:
        severity = "high" if auc >= STRONG else "medium" if auc >= WEAK else "low"
    elif clock.explained >= ROUGH and auc >= WEAK:
        severity = "medium" if auc >= STRONG else "low"
    if severity is None:
        return []
    harmful = auc >= WEAK
    return [
        LeakageFinding(
            severity,
            "clock" if clock.is_clock else "drift",
            f"It {'counts along with' if clock.is_clock else 'drifts along'} the rows of the "
            f"{clock.what}, so it tells the time"
            + (", and the time tells the label under this split." if harmful else ".")
            + ("" if harmful else " Under this split the time does not tell the label."),
            "Drop it, and split by time." if clock.is_clock else "Split by time.",
            column=column.name,
            head=skill.head if skill and harmful else None,
            evidence={
                "steps in one direction": clock.steady,
                "rank correlation": clock.rank_correlation,
                "variance of the place explained": clock.explained,
                "AUC of the row number": auc,
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
