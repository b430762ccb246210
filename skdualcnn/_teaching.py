"""Probabilities of a teacher for the network to learn beside the labels."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import has_fit_parameter

from skdualcnn._fitting import Rows
from skdualcnn._labels import Heads
from skdualcnn.exceptions import HeadError
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
    own training rows would be little more than their labels.

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

    Raises
    ------
    HeadError
        If a head has a class in one group only, or in one row.

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
            fold = _folds_of_values(values[labelled], codes, seed, heads.names[head])
        else:
            fold = _folds_of_groups(owners[labelled], codes, seed, heads.names[head])
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
    answers = np.zeros((len(X), n_classes), dtype=np.float32)
    weighted = has_fit_parameter(teacher, "sample_weight")
    for one in np.unique(fold):
        known, asked = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        fit_params = {"sample_weight": weights[known]} if weighted else {}
        fitted = clone(teacher).fit(X[known], codes[known], **fit_params)
        answers[np.ix_(asked, fitted.classes_)] = fitted.predict_proba(X[asked])
    return answers


def _folds_of_values(
    values: NDArray[np.uint64], codes: NDArray[np.int64], seed: int, head: str
) -> NDArray[np.int64]:
    """Return the fold of each row; equal rows are in the same one."""
    _, first, value = np.unique(values, return_index=True, return_inverse=True)
    splitter = StratifiedKFold(_n_folds(codes[first], head), shuffle=True, random_state=seed)
    return _number_folds(splitter.split(first, codes[first]), len(first))[value]


def _folds_of_groups(
    groups: NDArray[Any], codes: NDArray[np.int64], seed: int, head: str
) -> NDArray[np.int64]:
    """Return the fold of each row; groups stay whole."""
    _, group = np.unique(groups, return_inverse=True)
    holders = np.unique(np.column_stack([codes, group]), axis=0)
    splitter = StratifiedGroupKFold(_n_folds(holders[:, 0], head), shuffle=True, random_state=seed)
    return _number_folds(splitter.split(group, codes, group), len(group))


def _n_folds(codes: NDArray[np.int64], head: str) -> int:
    """Return five, or fewer if a class is too rare to be in each of five folds."""
    _, counts = np.unique(codes, return_counts=True)
    if counts.min() < 2:
        raise HeadError(
            f"A class of head {head!r} is in one row or one group only, expected two or more: a "
            "teacher learns from some and answers for the others. Give more groups, or set "
            "teacher=None."
        )
    return int(min(N_FOLDS, counts.min()))


def _number_folds(splits: Iterable[tuple[Any, NDArray[np.int64]]], n: int) -> NDArray[np.int64]:
    fold = np.empty(n, dtype=np.int64)
    for number, (_, asked) in enumerate(splits):
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
