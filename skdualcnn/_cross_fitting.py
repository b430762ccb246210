"""Probabilities of all heads on rows that the model was not trained on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params, check_consistent_length

from skdualcnn._calibrators import CALIBRATORS, Calibrator
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._groups import number_groups
from skdualcnn._labels import Heads, Labels
from skdualcnn.exceptions import HeadError

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class HeldOut:
    """What models said of rows that they were not trained on.

    Attributes
    ----------
    probabilities : list of ndarray of shape (n, n_classes) and dtype float64
        One per head; NaN where no fold held the row out.
    fold : ndarray of shape (n,) and dtype intp
        The fold that held each row out, -1 for none.
    codes : ndarray of shape (n, n_heads) and dtype int64
        True classes, -1 where the label is missing or has no weight.
    weights : ndarray of shape (n, n_heads) and dtype float64
        Sample weights; 0 where the label is missing.
    """

    probabilities: list[NDArray[np.float64]]
    fold: NDArray[np.intp]
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]

    def fit_calibrators(self, method: str, without: int = -1) -> list[Calibrator]:
        """Return one fitted calibrator per head; of all folds, or without one of them.

        Raises
        ------
        HeadError
            If a head has no label among the rows that were held out.
        """
        used = (self.fold >= 0) & (self.fold != without)
        found = []
        for head, probability in enumerate(self.probabilities):
            rows = used & (self.codes[:, head] >= 0)
            if not rows.any():
                raise HeadError(
                    f"No held-out row has a label of head {head}, expected some to calibrate it "
                    "with. Choose folds that hold out rows with labels, or calibration=None."
                )
            found.append(
                CALIBRATORS[method]().fit(
                    probability[rows], self.codes[rows, head], self.weights[rows, head]
                )
            )
        return found

    def calibrated(self, method: str) -> list[NDArray[np.float64]]:
        """Return the probabilities after calibrators that did not see the row's fold."""
        changed = [probability.copy() for probability in self.probabilities]
        for fold in range(int(self.fold.max()) + 1):
            rows = self.fold == fold
            for head, calibrator in enumerate(self.fit_calibrators(method, without=fold)):
                changed[head][rows] = calibrator.apply(self.probabilities[head][rows])
        return changed


def make_splits(
    cv: Any, X: ArrayLike, labels: Labels, heads: Heads, groups: ArrayLike | None
) -> list[Split]:
    """Return the folds: whole groups where there are any, each state in its share.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test) or None
        As scikit-learn's; None is 5.
    X : array-like of n rows
    labels : Labels
        Of these rows.
    heads : Heads
        Their heads and classes.
    groups : array-like of shape (n,) or None
        What belongs together.

    Raises
    ------
    ValueError
        If two folds hold out the same row, or a row has no group.
    """
    given = 5 if cv is None else cv
    if groups is not None:
        check_consistent_length(X, groups)
    n_splits = int(given) if isinstance(given, int | np.integer) else None
    state = _joint_state(heads.encode(labels), n_splits or 2)
    if n_splits and groups is not None:
        cv, groups = StratifiedGroupKFold(n_splits), number_groups(groups)
    else:
        cv = check_cv(given, state, classifier=True)
    splits = [(np.asarray(a), np.asarray(b)) for a, b in cv.split(X, state, groups)]
    held_out = np.concatenate([test for _, test in splits])
    if len(np.unique(held_out)) < len(held_out):
        raise ValueError(
            f"cv={cv!r} holds out some rows more than once, expected folds that hold out a row "
            "once at most, such as KFold's."
        )
    return splits


def cross_fit(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    splits: Iterable[Split],
    labels: Labels,
    heads: Heads,
    fit_params: Mapping[str, Any],
    n_jobs: int | None,
) -> HeldOut:
    """Fit a clone of the estimator for each fold, and ask it about the rows held out.

    Parameters
    ----------
    estimator : estimator
        Unfitted, or frozen; then it is only asked.
    X, y : array-like of n rows
        Rows and labels as `fit` takes them.
    splits : iterable of (train, test)
        Row numbers of each fold; no two folds hold out the same row.
    labels, heads : Labels, Heads
        y, taken apart, with its sample weights.
    fit_params : mapping of str to object
        Passed to `fit`; what has a value per row is cut to the rows of the fold.
    n_jobs : int or None
        Folds that are fitted at the same time, as joblib counts.
    """
    splits = list(splits)
    found = Parallel(n_jobs=n_jobs)(
        delayed(_fit_fold)(clone(estimator), X, y, train, test, heads, fit_params)
        for train, test in splits
    )
    n_rows = len(labels.weights)
    probabilities = [np.full((n_rows, len(classes)), np.nan) for classes in heads.classes]
    fold = np.full(n_rows, -1, dtype=np.intp)
    for number, ((_, test), answers) in enumerate(zip(splits, found, strict=True)):
        fold[test] = number
        for whole, part in zip(probabilities, answers, strict=True):
            whole[test] = part
    return HeldOut(probabilities, fold, heads.encode(labels), labels.weights)


def _fit_fold(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    heads: Heads,
    fit_params: Mapping[str, Any],
) -> list[NDArray[np.float64]]:
    """Return the probabilities of the rows held out, a column for every class of all rows."""
    own = _check_method_params(X, dict(fit_params), indices=train)
    estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train), **own)
    answer = estimator.predict_proba(_safe_indexing(X, test))
    fitted = FittedHeads.read(estimator)
    answers = []
    for position, (known, classes) in enumerate(zip(fitted.classes, heads.classes, strict=True)):
        probability = np.zeros((len(test), len(classes)))
        probability[:, np.searchsorted(classes, known)] = fitted.pick(answer, position)
        answers.append(probability)
    return answers


def _joint_state(codes: NDArray[np.int64], n_splits: int) -> NDArray[np.intp]:
    """Return a number for each combination of the heads' classes; rare ones count as the rest.

    A combination with fewer rows than folds cannot have its share in each of them.
    """
    _, state, counts = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    frequent = np.where(counts >= n_splits, np.arange(len(counts)), counts.argmax())
    return np.asarray(frequent[state.ravel()], dtype=np.intp)
