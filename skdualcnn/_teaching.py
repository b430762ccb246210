"""Probabilities of a teacher for the network to learn beside the labels."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import has_fit_parameter

from skdualcnn._fitting import Rows
from skdualcnn._labels import Heads
from skdualcnn.network import MISSING
from skdualcnn.network._batches import content_hash

N_FOLDS = 5


def cross_fitted_targets(
    teacher: BaseEstimator,
    rows: Rows,
    heads: Heads,
    groups: ArrayLike | None,
    *,
    teacher_weight: float,
    seed: int,
) -> tuple[NDArray[np.float32], ...]:
    """Mix the labels with what a teacher says who has not seen them.

    For each head, the labelled rows are divided into five folds, and a clone of the
    teacher that is fitted on four answers for the fifth. What a teacher says about its
    own training rows would be little more than their labels. Where it has not met a row's
    class at least twice, the label counts alone.

    Parameters
    ----------
    teacher : classifier
        With `predict_proba`. Windows are flattened for it.
    rows : Rows
        Training rows.
    heads : Heads
        Names and classes of the heads.
    groups : array-like of shape (n,) or None
        Groups that no fold divides; without them, equal rows stay together.
    teacher_weight : float
        Share of the teacher in the mixture; the rest is the label.
    seed : int
        Of the folds, and of each random state in the teacher that is None.

    Returns
    -------
    tuple of ndarray of shape (n, n_classes) and dtype float32
        Probabilities per head; rows without a label are zero.

    References
    ----------
    Hinton, G., Vinyals, O. & Dean, J. (2015). Distilling the knowledge in a neural
    network.
    """
    owners = None if groups is None else column_or_1d(groups)
    if owners is not None:
        check_consistent_length(rows.X, owners)
    values = content_hash(rows.X, np.empty((len(rows.X), 0), dtype=np.int64))
    teacher = _seeded(teacher, seed)
    targets = []
    for head, classes in enumerate(heads.classes):
        labelled = np.flatnonzero(rows.codes[:, head] != MISSING)
        codes = rows.codes[labelled, head]
        if owners is None:
            fold = _folds_of_values(values[labelled], codes, seed)
        else:
            fold = _folds_of_groups(owners[labelled], codes, seed)
        answers = _cross_fit(
            teacher,
            np.asarray(rows.X[labelled]).reshape(len(labelled), -1),
            codes,
            rows.weights[labelled, head],
            fold,
            n_classes=len(classes),
        )
        target = np.zeros((len(rows.X), len(classes)), dtype=np.float32)
        target[labelled, codes] = 1 - teacher_weight
        target[labelled] += teacher_weight * answers
        targets.append(target)
    return tuple(targets)


def _cross_fit(
    teacher: BaseEstimator,
    X: NDArray[np.float32],
    codes: NDArray[np.int64],
    weights: NDArray[np.float64],
    fold: NDArray[np.int64],
    *,
    n_classes: int,
) -> NDArray[np.float32]:
    """Return (n, n_classes) probabilities, each of a clone fitted on the other folds."""
    answers = np.eye(n_classes, dtype=np.float32)[codes]
    # One that votes hands its weights on, though its signature does not say so.
    weighted = has_fit_parameter(teacher, "sample_weight") or isinstance(teacher, VotingClassifier)
    for one in np.unique(fold):
        known = np.flatnonzero(fold != one)
        # A single row is no class to learn: boosted trees would refuse to hold half of it out.
        known = known[np.bincount(codes[known])[codes[known]] > 1]
        met = np.unique(codes[known])
        asked = np.flatnonzero((fold == one) & np.isin(codes, met))
        if len(met) < 2 or len(asked) == 0:
            continue
        fit_params = {"sample_weight": weights[known]} if weighted else {}
        fitted = clone(teacher).fit(X[known], codes[known], **fit_params)
        answers[asked] = 0
        answers[np.ix_(asked, fitted.classes_)] = fitted.predict_proba(X[asked])
    return answers


def _folds_of_values(
    values: NDArray[np.uint64], codes: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Return the fold of each row; equal rows are in the same one."""
    _, first, value = np.unique(values, return_index=True, return_inverse=True)
    return _number_folds(StratifiedKFold, codes[first], None, seed)[value]


def _folds_of_groups(
    groups: NDArray[Any], codes: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Return the fold of each row; groups stay whole."""
    _, group = np.unique(groups, return_inverse=True)
    return _number_folds(StratifiedGroupKFold, codes, group, seed)


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
