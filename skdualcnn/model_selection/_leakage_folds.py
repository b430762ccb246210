"""The split as it is given, and what it has on both sides."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, check_cv

from skdualcnn.model_selection._leakage_findings import LeakageFinding, severity_of_share
from skdualcnn.model_selection._leakage_table import Head
from skdualcnn.model_selection._series import Rows

MOST_FOLDS = 10


@dataclass(frozen=True)
class Folds:
    """Training and test rows of each fold that is checked, and where they come from."""

    folds: list[tuple[Rows, Rows]]
    origin: str

    def thinned(self, rows: int, rng: np.random.RandomState) -> "Folds":
        """Return the folds with at most so many training rows each and test rows in all."""
        tested = max(rows // len(self.folds), 1)
        return Folds(
            [(draw(train, rows, rng), draw(test, tested, rng)) for train, test in self.folds],
            self.origin,
        )


def make_folds(
    cv: Any, X: Any, y: Any, groups: Any, heads: list[Head], rng: np.random.RandomState
) -> Folds:
    """Read the split, or make the random one that is taken without thinking.

    Raises
    ------
    ValueError
        If a fold is empty or names rows that X has not.
    """
    n_rows = len(heads[0].codes)
    if cv is None:
        cv = KFold(5, shuffle=True, random_state=rng)
        origin = "no split was given; five random folds of single rows were checked"
    else:
        origin = f"the split {cv!r}" if hasattr(cv, "split") else "the split given"
    complete = len(heads) == 1 and bool((heads[0].codes >= 0).all())
    splitter = check_cv(cv, heads[0].codes if complete else None, classifier=complete)
    with warnings.catch_warnings():
        # Splits that cut groups are what is looked for.
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        folds = [
            (_check_rows(train, n_rows, "training"), _check_rows(test, n_rows, "test"))
            for train, test in splitter.split(X, y, groups)
        ]
    if not folds:
        raise ValueError("cv has no folds, expected at least one pair of training and test rows")
    if len(folds) > MOST_FOLDS:
        chosen = np.linspace(0, len(folds) - 1, MOST_FOLDS).astype(int)
        origin += f", {MOST_FOLDS} of its {len(folds):,} folds"
        folds = [folds[i] for i in chosen]
    return Folds(folds, origin)


def draw(rows: Rows, at_most: int, rng: np.random.RandomState) -> Rows:
    """Return at most so many of the rows, in their order."""
    if len(rows) <= at_most:
        return rows
    return np.sort(rng.choice(rows, at_most, replace=False))


def find_shared_rows(folds: Folds) -> list[LeakageFinding]:
    """Find rows that are trained on and tested on in one fold."""
    shared = sum(int(np.isin(test, train).sum()) for train, test in folds.folds)
    if not shared:
        return []
    tested = sum(len(test) for _, test in folds.folds)
    return [
        LeakageFinding(
            "high",
            "rows",
            f"{shared:,} of {tested:,} test rows are training rows of the same fold.",
            "Take them out of one side.",
            evidence={"test rows": shared, "share": shared / tested},
        )
    ]


def find_shared_groups(folds: Folds, groups: NDArray[np.int64]) -> list[LeakageFinding]:
    """Find groups that are on both sides of a fold."""
    shared, touched, tested = 0, set(), 0
    for train, test in folds.folds:
        inside = np.isin(groups[test], groups[train])
        shared += int(inside.sum())
        touched.update(np.unique(groups[test][inside]).tolist())
        tested += len(test)
    if not shared:
        return []
    share = shared / tested
    return [
        LeakageFinding(
            severity_of_share(share),
            "groups",
            f"{len(touched):,} of {groups.max() + 1:,} groups are on both sides: {share:.1%} of "
            "test rows have rows of their own group in training.",
            "Keep groups whole: GroupKFold or StratifiedGroupKFold if they are independent, "
            "PurgedGroupTimeSeriesSplit or PurgedGroupKFold if they follow each other.",
            evidence={"groups": len(touched), "test rows": shared, "share": share},
        )
    ]


def find_straddling_windows(
    folds: Folds, series: NDArray[np.int64], window: int
) -> list[LeakageFinding]:
    """Find test rows whose window has rows in common with one of training."""
    # Places in time; between two series they are so far apart that no window spans both.
    order = np.argsort(series, kind="stable")
    place = np.empty(len(series), dtype=np.intp)
    place[order] = np.arange(len(series)) + window * series[order]
    shared, tested = 0, 0
    for train, test in folds.folds:
        trained = np.sort(place[train])
        after = np.searchsorted(trained, place[test] - (window - 1), side="left")
        until = np.searchsorted(trained, place[test] + (window - 1), side="right")
        shared += int((until > after).sum())
        tested += len(test)
    if not shared:
        return []
    share = shared / tested
    return [
        LeakageFinding(
            severity_of_share(share),
            "windows",
            f"The windows of {share:.1%} of test rows have rows in common with training windows.",
            f"Leave {window - 1} rows out between the sides: window={window} in "
            "PurgedGroupTimeSeriesSplit or PurgedGroupKFold, or gap in TimeSeriesSplit.",
            evidence={"test rows": shared, "share": share, "window": window},
        )
    ]


def _check_rows(rows: Any, n_rows: int, side: str) -> Rows:
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or len(rows) == 0:
        raise ValueError(
            f"cv has a fold whose {side} rows have shape {rows.shape}, expected the numbers of "
            "at least one row; give cv as [(train, test)] if it is a single split"
        )
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n_rows:
        raise ValueError(
            f"cv has {side} rows of dtype {rows.dtype} from {rows.min()} to {rows.max()}, "
            f"expected row numbers from 0 to {n_rows - 1}"
        )
    return rows.astype(np.intp)
