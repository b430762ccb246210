"""Probabilities of a teacher for the network to learn beside the labels."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import has_fit_parameter

from skdualcnn._fitting import Rows, join
from skdualcnn._groups import number_groups
from skdualcnn._labels import Heads
from skdualcnn.network import MISSING
from skdualcnn.network._batches import content_hash

N_FOLDS = 5
NOBODYS = -1  # fold of a row that belongs with no labelled one
LARGEST_SHARE = 0.5  # of a recombined row's columns that are another row's


def teach(
    teacher: BaseEstimator,
    rows: Rows,
    missing: NDArray[np.float64],
    heads: Heads,
    groups: ArrayLike | None,
    *,
    teacher_weight: float,
    recombined_rows: int,
    seed: int,
) -> Rows:
    """Mix the labels with what a teacher says who has not seen them.

    For each head, the labelled rows are divided into five folds, and a clone of the
    teacher that is fitted on four answers for the fifth. What a teacher says about its
    own training rows would be little more than their labels. Where it has not met a row's
    class at least twice, the label counts alone.

    Where a label is missing, the network learns what the clones say on average, or, of a
    row that belongs with labelled ones, what the clone says that has not seen these.

    Each clone also answers for rows recombined of those of its fold: a row takes a share
    of its columns from another one, the share drawn from 0 to a half. They have no label
    but what the teacher says, so the network learns more of the teacher than its answers
    for the given rows show.

    Parameters
    ----------
    teacher : classifier
        With `predict_proba`. Windows are flattened for it.
    rows : Rows
        Training rows.
    missing : ndarray of shape (n, n_heads) and dtype float64
        Sample weights where the label is missing; 0 where it is not.
    heads : Heads
        Names and classes of the heads.
    groups : array-like of shape (n,) or None
        Groups that no fold divides; without them, equal rows stay together.
    teacher_weight : float
        Share of the teacher in the mixture; the rest is the label.
    recombined_rows : int
        Rows to make of each labelled row, for each head.
    seed : int
        Of the folds, of the recombination, and of each random state in the teacher that
        is None.

    Returns
    -------
    Rows
        The rows with targets, then those that were made and those without a label, each with
        one head's target.

    References
    ----------
    Bucila, C., Caruana, R. & Niculescu-Mizil, A. (2006). Model compression.

    Hinton, G., Vinyals, O. & Dean, J. (2015). Distilling the knowledge in a neural
    network.
    """
    teacher, rng = _seeded(teacher, seed), np.random.default_rng(seed)
    units: NDArray[Any]
    if groups is None:
        units = content_hash(rows.X, np.empty((len(rows.X), 0), dtype=np.int64))
        divide = _folds_of_values
    else:
        units = number_groups(column_or_1d(groups))
        check_consistent_length(rows.X, units)
        divide = _folds_of_groups
    targets, made = [], []
    for head, classes in enumerate(heads.classes):
        labelled = np.flatnonzero(rows.codes[:, head] != MISSING)
        codes, weights = rows.codes[labelled, head], rows.weights[labelled, head]
        fold = divide(units[labelled], codes, seed)
        X, target = np.asarray(rows.X[labelled]), np.eye(len(classes), dtype=np.float32)[codes]
        rest = np.flatnonzero(missing[:, head])
        belongs = _folds_of_others(units[rest], units[labelled], fold)
        unlabelled = _Unlabelled(np.asarray(rows.X[rest]), belongs, len(classes))
        for number, fitted, asked in _cross_fit(teacher, X, codes, weights, fold):
            said = _answer(fitted, X[asked], len(classes))
            target[asked] = (1 - teacher_weight) * target[asked] + teacher_weight * said
            unlabelled.ask(fitted, number)
            if recombined_rows:
                base = np.tile(asked, recombined_rows)
                new = _recombine(X, base, asked, rng)
                said = _answer(fitted, new, len(classes))
                made.append(_of_one_head(labelled[base], weights[base], new, head, said, heads))
        asked, said = unlabelled.answers()
        if len(asked):
            base, new = rest[asked], unlabelled.X[asked]
            made.append(_of_one_head(base, missing[base, head], new, head, said, heads))
        targets.append(np.zeros((len(rows.X), len(classes)), dtype=np.float32))
        targets[head][labelled] = target
    return join([replace(rows, targets=tuple(targets)), *made])


class _Unlabelled:
    """Rows without a label, and what the teacher's clones say of them, on average.

    Parameters
    ----------
    X : ndarray of n rows and dtype float32
    fold : ndarray of shape (n,) and dtype int64
        Of the labelled rows that a row belongs with, `NOBODYS` for none.
    n_classes : int
    """

    def __init__(self, X: NDArray[np.float32], fold: NDArray[np.int64], n_classes: int) -> None:
        self.X, self.fold = X, fold
        self.sums = np.zeros((len(X), n_classes), dtype=np.float32)
        self.counts = np.zeros(len(X), dtype=np.int64)

    def ask(self, fitted: Any, number: int) -> None:
        """Ask the clone that has not learnt from the labelled rows of a fold."""
        asked = np.flatnonzero((self.fold == number) | (self.fold == NOBODYS))
        if len(asked):
            self.sums[asked] += _answer(fitted, self.X[asked], self.sums.shape[1])
            self.counts[asked] += 1

    def answers(self) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return which rows a clone has answered for, and the mean answers."""
        asked = np.flatnonzero(self.counts)
        return asked, np.divide(self.sums[asked], self.counts[asked, None], dtype=np.float32)


def _cross_fit(
    teacher: BaseEstimator,
    X: NDArray[np.float32],
    codes: NDArray[np.int64],
    weights: NDArray[np.float64],
    fold: NDArray[np.int64],
) -> Iterator[tuple[int, BaseEstimator, NDArray[np.intp]]]:
    """Yield each fold, a clone fitted on the others, and the rows it can answer for."""
    flat = X.reshape(len(X), -1)
    # One that votes hands its weights on, though its signature does not say so. Weights of 1
    # are left out: they tell boosted trees nothing, and cost them several times the time.
    weighted = has_fit_parameter(teacher, "sample_weight") or isinstance(teacher, VotingClassifier)
    weighted = weighted and bool((weights != 1).any())
    for one in np.unique(fold):
        known = np.flatnonzero(fold != one)
        # A single row is no class to learn: boosted trees would refuse to hold half of it out.
        known = known[np.bincount(codes[known])[codes[known]] > 1]
        met = np.unique(codes[known])
        asked = np.flatnonzero((fold == one) & np.isin(codes, met))
        if len(met) < 2 or len(asked) == 0:
            continue
        fit_params = {"sample_weight": weights[known]} if weighted else {}
        yield int(one), clone(teacher).fit(flat[known], codes[known], **fit_params), asked


def _answer(fitted: Any, X: NDArray[np.float32], n_classes: int) -> NDArray[np.float32]:
    """Return (n, n_classes) probabilities, 0 of a class that was not learnt."""
    answers = np.zeros((len(X), n_classes), dtype=np.float32)
    answers[:, fitted.classes_] = fitted.predict_proba(X.reshape(len(X), -1))
    return answers


def _recombine(
    X: NDArray[np.float32],
    base: NDArray[np.intp],
    others: NDArray[np.intp],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the base rows with some columns, whole channels of windows, of other rows."""
    share = rng.uniform(0, LARGEST_SHARE, size=len(base))
    taken = rng.random((len(base), X.shape[-1])) < share[:, None]
    if X.ndim == 3:
        taken = taken[:, None, :]
    return np.where(taken, X[rng.choice(others, size=len(base))], X[base])


def _of_one_head(
    base: NDArray[np.intp],
    weight: NDArray[np.float64],
    X: NDArray[np.float32],
    head: int,
    said: NDArray[np.float32],
    heads: Heads,
) -> Rows:
    """Return rows made of the base rows that teach one head, with their weights."""
    codes = np.full((len(X), len(heads.classes)), MISSING)
    weights = np.zeros(codes.shape)
    codes[:, head], weights[:, head] = said.argmax(axis=1), weight
    targets = [np.zeros((len(X), len(one)), dtype=np.float32) for one in heads.classes]
    targets[head] = said
    return Rows(X, codes, weights, tuple(targets), base)


def _folds_of_values(units: NDArray[Any], codes: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the fold of each row; rows of equal values are in the same one."""
    _, first, value = np.unique(units, return_index=True, return_inverse=True)
    return _number_folds(StratifiedKFold, codes[first], None, seed)[value]


def _folds_of_groups(units: NDArray[Any], codes: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the fold of each row; groups stay whole."""
    _, group = np.unique(units, return_inverse=True)
    return _number_folds(StratifiedGroupKFold, codes, group, seed)


def _folds_of_others(
    units: NDArray[Any], known: NDArray[Any], fold: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the fold of the known rows of the same value or group, `NOBODYS` for none."""
    of_unit = pd.Series(fold, index=known).groupby(level=0).first()
    return of_unit.reindex(units, fill_value=NOBODYS).to_numpy(dtype=np.int64)


def _number_folds(
    splitter: type[StratifiedKFold] | type[StratifiedGroupKFold],
    codes: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> NDArray[np.int64]:
    """Return the fold of each row, the same one for all rows if they are too few to divide."""
    fold = np.zeros(len(codes), dtype=np.int64)
    counts = np.bincount(codes)
    n_folds = min(N_FOLDS, counts.max(), len(codes) if groups is None else groups.max() + 1)
    if n_folds < 2:
        return fold
    # A class too rare to be in every fold cannot be stratified.
    strata = np.where(counts[codes] < n_folds, counts.argmax(), codes)
    folds = splitter(n_folds, shuffle=True, random_state=seed).split(codes, strata, groups)
    for number, (_, asked) in enumerate(folds):
        fold[asked] = number
    return fold


def _seeded(teacher: BaseEstimator, seed: int) -> BaseEstimator:
    """Return a clone whose random states that are None are `seed`."""
    unset = {
        name: seed
        for name, value in teacher.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    return clone(teacher).set_params(**unset)
