"""Which rows a job fits on and which it is scored on."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import Bunch, _safe_indexing

from benchmarks.baselines import split
from benchmarks.paper.jobs import CALIBRATION, N_FOLDS, Job, Settings
from skdualcnn._studies import labelled_heads
from skdualcnn.model_selection import PurgedGroupKFold

Rows = NDArray[np.intp]
AT_LEAST = 5  # rows kept of every class where rows are left out


def rows_of(job: Job, dataset: Bunch, window: int, settings: Settings) -> tuple[Rows, Rows]:
    """Return the rows that a job fits on, and those that it is scored on.

    Parameters
    ----------
    job : Job
    dataset : Bunch
    window : int
        Rows per window.
    settings : Settings
    """
    if job.part.startswith("fold"):
        fold = int(job.part.removeprefix("fold")) - 1
        train, test = folds(dataset, job.protocol, window, job.seed)[fold]
    else:
        train, test = split(dataset, job.protocol, job.seed)
    if job.part == CALIBRATION:
        inside = take(dataset, train)
        kept, watched = split(inside, job.protocol, job.seed)
        train, test = train[kept], train[watched]
    strata, in_a_row = strata_of(dataset), stay_in_a_row(job.protocol, window)
    return (
        leave_out(train, strata, settings.train_rows, in_a_row=in_a_row),
        leave_out(test, strata, settings.test_rows, in_a_row=in_a_row),
    )


def folds(dataset: Bunch, protocol: str, window: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Return the five folds of a protocol.

    "paper": rows drawn at random, classes balanced. "honest": blocks of time with whole
    episodes and a gap of a window, or whole groups; where the authors made a test file,
    it is left alone and their training file is divided.
    """
    strata = strata_of(dataset)
    every = np.arange(len(strata))
    if protocol == "paper":
        return _stratified(every, strata, None, seed)
    if dataset.split_by == "time":
        splitter = PurgedGroupKFold(N_FOLDS, window=window)
        return list(splitter.split(every[:, None], groups=dataset.groups))
    rows = np.flatnonzero(dataset.part == "train") if dataset.split_by == "file" else every
    return _stratified(rows, strata, dataset.groups, seed)


def describe_folds(dataset: Bunch, protocol: str) -> str:
    """Return what the five folds are, in a sentence."""
    if protocol == "paper":
        return "Stratified 5-fold over single rows, as in the paper."
    if dataset.split_by == "time":
        return "Five blocks of time with whole episodes; no window reaches into the test block."
    if dataset.split_by == "file":
        return "Five folds of the authors' training file, groups kept whole; their test file waits."
    return "Five folds of whole groups."


def describe_split(dataset: Bunch, protocol: str, window: int) -> str:
    """Return how test rows are held out, in a sentence or two."""
    if protocol == "honest":
        return dataset.protocol
    sentence = (
        "The paper's: a fifth of all single rows, drawn at random with the classes balanced; "
        "neighbours in time, of one patient or of one episode, are on both sides."
    )
    if window > 1:
        sentence += (
            f" Windows of {window} rows are made before that, so they overlap across the two sides."
        )
    return sentence


def take(dataset: Bunch, rows: Rows) -> Bunch:
    """Return some rows of a data set as one whose own honest split can be made."""
    # The training file of two is a file of its own: what is held out of it are groups.
    by = "groups" if dataset.split_by == "file" else dataset.split_by
    return Bunch(
        data=_safe_indexing(dataset.data, rows),
        target=dataset.target.iloc[rows].reset_index(drop=True),
        groups=dataset.groups.iloc[rows].reset_index(drop=True),
        split_by=by,
        part=None,
    )


def strata_of(dataset: Bunch) -> NDArray[np.intp]:
    """Return a number per row that stands for its labels of all heads."""
    target = dataset.target.groupby(labelled_heads(dataset), dropna=False).ngroup()
    return target.to_numpy().astype(np.intp)


def stay_in_a_row(protocol: str, window: int) -> bool:
    """Return whether rows that are kept must be neighbours, for windows to be made of them.

    Under the paper's protocol windows are made before any row is left out.
    """
    return protocol == "honest" and window > 1


def leave_out(rows: Rows, strata: NDArray[np.intp], at_most: int | None, *, in_a_row: bool) -> Rows:
    """Return at most so many rows: the last ones if they stay in a row, else a spread.

    A spread keeps some rows of every class, so it may be a few longer.
    """
    if at_most is None or len(rows) <= at_most:
        return rows
    if in_a_row:
        return rows[-at_most:]
    kept = rows[np.linspace(0, len(rows) - 1, at_most).astype(int)]
    return np.union1d(kept, rows[first_of_each(strata[rows], AT_LEAST)])


def first_of_each(strata: NDArray[Any], at_most: int) -> Rows:
    """Return the positions of the first rows of every stratum."""
    rank = pd.Series(strata).groupby(strata).cumcount().to_numpy()
    return np.flatnonzero(rank < at_most)


def _stratified(
    rows: Rows, strata: NDArray[np.intp], groups: pd.Series | None, seed: int
) -> list[tuple[Rows, Rows]]:
    own = None if groups is None else groups.iloc[rows].to_numpy()
    labels = _merge_rare(strata[rows])
    if own is None or len(np.unique(own)) == len(own):
        parts = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(rows, labels)
    else:
        splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
        parts = splitter.split(rows, labels, own)
    return [(rows[train], rows[test]) for train, test in parts]


def _merge_rare(strata: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the strata with those of fewer rows than folds taken together."""
    counts = np.bincount(strata, minlength=strata.max() + 1)
    return np.where(counts[strata] < N_FOLDS, -1, strata)
