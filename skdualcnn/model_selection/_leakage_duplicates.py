"""Test rows that training has seen: exact copies and near ones."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from skdualcnn._percentages import percentage
from skdualcnn.model_selection._leakage_findings import LeakageFinding, severity_of_share
from skdualcnn.model_selection._leakage_folds import Folds, draw
from skdualcnn.model_selection._leakage_table import Column

LEAST_SHARE = 0.001
LEAST_NEAR_SHARE = 0.01
CHANCE = 0.01  # copies that are expected anyway, if the columns were independent
NEIGHBOURS = 10
NEAR = 0.005  # root mean square difference of percentile ranks
RATIO = 0.02  # to the distance of the tenth neighbour
DIMENSIONS = 8
LEAST_MEASURED = 3
ASKED = 10_000
ADVICE = "Remove the copies before splitting, or give them one group and split by groups."


def find_copies(columns: list[Column], folds: Folds) -> tuple[list[LeakageFinding], str]:
    """Find test rows that have an exact copy in training.

    Rows whose values are so common that a copy is no surprise do not count: those with
    more than `CHANCE` copies expected if the columns were independent of each other.

    Returns
    -------
    findings : list of LeakageFinding
    checked : str
        What was done, for the report.
    """
    checked = (
        f"exact copies: rows were hashed on {len(columns)} column(s), those that name the row or "
        "count along left out; a copy counts if the row's values are too rare for chance"
    )
    if not columns:
        return [], "exact copies: not checked, no column is left to compare"
    hashes = hash_rows(columns)
    surprise = -np.sum([np.log(_frequency(column)) for column in columns], axis=0)
    copied, tested = 0, 0
    for train, test in folds.folds:
        rare = np.log(len(train)) - surprise[test] < np.log(CHANCE)
        copied += int((np.isin(hashes[test], hashes[train]) & rare).sum())
        tested += len(test)
    share = copied / tested
    if share < LEAST_SHARE:
        return [], checked
    finding = LeakageFinding(
        severity_of_share(share),
        "duplicates",
        f"Of the test rows, {percentage(share)}% have an exact copy in training.",
        ADVICE,
        evidence={"test rows": copied, "share": share},
    )
    return [finding], checked


def find_near_copies(
    columns: list[Column], folds: Folds, rng: np.random.RandomState
) -> tuple[list[LeakageFinding], str]:
    """Find test rows that have a slightly altered copy in training.

    Measured columns are turned into percentile ranks and projected on their first
    principal components, where a k-d tree gives the nearest training rows; a projection
    never lengthens a distance, so no copy is missed among the nearest. A row is a near
    copy if all other columns are equal, the root mean square difference of ranks is at
    most `NEAR`, and the tenth neighbour is at least 1 / `RATIO` times as far: in data
    that lie close together anyway, closeness says nothing.

    Returns
    -------
    findings : list of LeakageFinding
    checked : str
        What was done, for the report.
    """
    measured = [column for column in columns if column.measured]
    if len(measured) < LEAST_MEASURED:
        return [], (
            f"near copies: not checked, {len(measured)} column(s) with an order and more than a "
            f"few values, at least {LEAST_MEASURED} needed"
        )
    ranks = np.column_stack([_percentile_ranks(column) for column in measured])
    hashes = hash_rows(columns)
    rest = hash_rows([_without_values(column) if column.measured else column for column in columns])
    projected = _project(ranks)
    near, asked = 0, 0
    for train, test in folds.folds:
        if len(train) <= NEIGHBOURS:
            continue
        rows = draw(test, max(ASKED // len(folds.folds), 1), rng)
        distance, position = cKDTree(projected[train]).query(projected[rows], k=NEIGHBOURS)
        neighbours = train[position]
        full = np.sqrt(np.mean((ranks[neighbours] - ranks[rows][:, None]) ** 2, axis=2))
        full[rest[neighbours] != rest[rows][:, None]] = np.inf
        nearest = full.min(axis=1)
        # Distances in the projection, on the scale of a root mean square.
        tenth = distance[:, -1] / np.sqrt(ranks.shape[1])
        copies = (nearest <= NEAR) & (nearest <= RATIO * tenth)
        near += int((copies & ~np.isin(hashes[rows], hashes[train])).sum())
        asked += len(rows)
    checked = (
        f"near copies: {asked:,} test rows looked up in a k-d tree of the percentile ranks of "
        f"{len(measured)} columns; a copy is within {NEAR} and {1 / RATIO:.0f} times nearer than "
        f"the {NEIGHBOURS}th neighbour"
    )
    share = near / asked if asked else 0.0
    if share < LEAST_NEAR_SHARE:
        return [], checked
    finding = LeakageFinding(
        severity_of_share(share),
        "near duplicates",
        f"Of the test rows, {percentage(share)}% are all but copies of a training row.",
        ADVICE,
        evidence={"test rows": near, "of rows looked up": asked, "share": share},
    )
    return [finding], checked


def hash_rows(columns: list[Column]) -> NDArray[np.uint64]:
    """Return a hash of each row's values."""
    frame = pd.DataFrame({i: column.codes for i, column in enumerate(columns)})
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _frequency(column: Column) -> NDArray[np.float64]:
    """Return the share of rows that have the row's value."""
    return column.counts[column.codes] / len(column.codes)


def _percentile_ranks(column: Column) -> NDArray[np.float64]:
    """Return the share of values below each, equal ones counting half; missing is 0.5."""
    counts = column.counts[:-1]
    ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.append(ranks, 0.5)[column.codes]


def _without_values(column: Column) -> Column:
    """Return the column with nothing left but whether it has a value."""
    return Column(column.name, column.present.astype(np.int64), np.arange(2), ordered=True)


def _project(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = ranks - ranks.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return centred @ vectors[:, -DIMENSIONS:]
