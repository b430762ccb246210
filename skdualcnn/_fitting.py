"""From validated rows to what the nets are trained and watched on."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data
from skorch import NeuralNet

from skdualcnn._groups import number_groups
from skdualcnn._holdout import hold_out
from skdualcnn.exceptions import ArchitectureError, HeadError
from skdualcnn.network._batches import (
    GatheredSignals,
    LabelledSignals,
    Signals,
    Visits,
    content_hash,
    plan_visits,
)
from skdualcnn.network._training import train
from skdualcnn.preprocessing import GatheredWindows

Inputs = NDArray[np.float32] | GatheredWindows


class InterruptedTrainingWarning(ConvergenceWarning):
    """Training ended by Ctrl-C, with what was learnt until then."""


@contextmanager
def interruption_raised() -> Iterator[None]:
    """Let Ctrl-C end what contains the training, too, and not the training alone.

    Raises
    ------
    KeyboardInterrupt
        If training was interrupted.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InterruptedTrainingWarning)
            yield
    except InterruptedTrainingWarning:
        raise KeyboardInterrupt from None


@dataclass(frozen=True)
class Rows:
    """Signals with the codes and weights of their labels.

    Attributes
    ----------
    X : ndarray of shape (n, n_features) or (n, n_steps, n_channels) and dtype float32
        Or GatheredWindows of the latter shape.
    codes : ndarray of shape (n, n_heads) and dtype int64
        Class codes, -1 where the label is missing.
    weights : ndarray of shape (n, n_heads) and dtype float64
        Sample weights, 0 where the label is missing.
    targets : tuple of ndarray of shape (n, n_classes) and dtype float32
        Probabilities to learn in place of the codes, one array per head; empty for none.
    made_of : ndarray of shape (n_made,) and dtype int64
        The last rows of X were made, each of one of the rows before them: of which.
    """

    X: Inputs
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]
    targets: tuple[NDArray[np.float32], ...] = ()
    made_of: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def of_heads(self, heads: list[int]) -> "Rows":
        """Return the same rows with the labels of some heads only."""
        targets = tuple(self.targets[head] for head in heads) if self.targets else ()
        return replace(
            self, codes=self.codes[:, heads], weights=self.weights[:, heads], targets=targets
        )

    def given(self) -> NDArray[np.int64]:
        """Return for each row the given row that it is or was made of."""
        n_given = len(self.codes) - len(self.made_of)
        return np.concatenate([np.arange(n_given), self.made_of])

    def plan(self, class_weight: list[NDArray[np.float64]]) -> Visits:
        """Return what an epoch visits, class weights included."""
        # A made row that is equal to a given one has another target, so it stays apart.
        made = self.given() != np.arange(len(self.codes))
        visits = plan_visits(self.X, np.column_stack([self.codes, made]), self.weights)
        codes = self.codes[visits.rows]
        # A missing label reads the last class's weight, and has weight 0 of its own.
        factors = [weight[codes[:, head]] for head, weight in enumerate(class_weight)]
        return Visits(visits.rows, (visits.weights * np.column_stack(factors)).astype(np.float32))

    def dataset(self, visits: Visits) -> LabelledSignals:
        """Return the visited rows, sharing memory with X."""
        targets = [torch.from_numpy(target) for target in self.targets]
        return LabelledSignals(as_signals(self.X), torch.from_numpy(self.codes), visits, targets)


def join(parts: Sequence[Rows]) -> Rows:
    """Return given rows, the first part, with what was made of them behind."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        np.concatenate([np.asarray(part.X) for part in parts]),
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.weights for part in parts]),
        tuple(np.concatenate(targets) for targets in zip(*(p.targets for p in parts), strict=True)),
        np.concatenate([part.made_of for part in parts]),
    )


@dataclass(frozen=True)
class Watch:
    """What early stopping watches, and how long it waits.

    Attributes
    ----------
    patience : int
        Epochs without improvement after which training stops.
    tol : float
        What counts as an improvement of the loss.
    fraction : float
        Share of the training rows to hold out, if `rows` is None.
    groups : array-like of shape (n,) or None
        Groups of the training rows that are held out whole.
    rows : Rows or None
        Rows given for watching.
    """

    patience: int
    tol: float
    fraction: float
    groups: ArrayLike | None = None
    rows: Rows | None = None

    def of_heads(self, heads: list[int]) -> "Watch":
        """Return the same with the labels of some heads only."""
        return self if self.rows is None else replace(self, rows=self.rows.of_heads(heads))


def train_paths(
    nets: list[NeuralNet],
    paths: list[list[int]],
    rows: Rows,
    class_weight: list[NDArray[np.float64]],
    *,
    watch: Watch | None,
    epochs: int,
    seed: int,
) -> None:
    """Train each net in place on its path's heads; an interruption ends it with a warning."""
    for net, path in zip(nets, paths, strict=True):
        finished = train_path(
            net,
            rows.of_heads(path),
            [class_weight[head] for head in path],
            watch=None if watch is None else watch.of_heads(path),
            epochs=epochs,
            seed=(seed + len(net.history)) % 2**31,
        )
        if not finished:
            warnings.warn(
                f"Training was interrupted after {len(net.history)} epoch(s); the estimator "
                "can be used with the weights it has reached. Fit again to train it fully.",
                InterruptedTrainingWarning,
                stacklevel=6,  # of whoever called fit
            )
            break


def train_path(
    net: NeuralNet,
    rows: Rows,
    class_weight: list[NDArray[np.float64]],
    *,
    watch: Watch | None,
    epochs: int,
    seed: int,
) -> bool:
    """Train one net in place on the rows of its heads; False if it was interrupted.

    Rows without a label are left out; if none is left, nothing is trained.
    """
    visits, watched = rows.plan(class_weight), None
    if len(visits.rows) == 0:
        return True
    if watch is not None and watch.rows is not None:
        watched = watch.rows.dataset(watch.rows.plan(class_weight))
        if len(watched) == 0:
            raise HeadError(
                "y_val has no label of a head that is trained on its own, expected at least one "
                "row with a label to watch."
            )
    elif watch is not None:
        visits, held = split_for_early_stopping(
            rows, visits, watch.groups, watch.fraction, np.random.RandomState(seed)
        )
        watched = rows.dataset(held)
    return train(
        net,
        rows.dataset(visits),
        watched,
        epochs=epochs,
        patience=watch.patience if watch is not None else epochs,
        tol=watch.tol if watch is not None else 0.0,
        seed=seed,
    )


def split_for_early_stopping(
    rows: Rows,
    visits: Visits,
    groups: ArrayLike | None,
    fraction: float,
    random_state: np.random.RandomState,
) -> tuple[Visits, Visits]:
    """Divide the visits into those to train on and those to watch.

    Without groups the rows are stratified by their labels, and equal rows stay on one
    side; with groups, whole groups are held out. Rows that were made of one held out are
    neither trained on nor watched.
    """
    given = rows.given()
    n_given = len(given) - len(rows.made_of)
    if groups is None:
        units: NDArray[Any] = content_hash(rows.X[:n_given], rows.codes[:n_given])
        _, strata = np.unique(rows.codes[:n_given], axis=0, return_inverse=True)
        strata = strata.ravel()
    else:
        units = number_groups(column_or_1d(groups))
        check_consistent_length(given[:n_given], units)
        strata = np.zeros(len(units), dtype=np.int64)
    origin = given[visits.rows]
    held = hold_out(units[origin], strata[origin], fraction, random_state)
    watched = held & (visits.rows < n_given)
    return (
        Visits(visits.rows[~held], visits.weights[~held]),
        Visits(visits.rows[watched], visits.weights[watched]),
    )


def read_signals(estimator: BaseEstimator, X: Any, *, reset: bool) -> Inputs:
    """Return X as float32, checked; windows still to be gathered were, when they were made."""
    if not reset and _is_plain(estimator, X):
        with np.errstate(over="ignore"):
            plain: NDArray[np.float32] = X.astype(np.float32, copy=False)
        if np.isfinite(plain.sum()):
            return plain
    signals: Inputs = validate_data(
        estimator,
        X,
        dtype=np.float32,
        allow_nd=True,
        skip_check_array=isinstance(X, GatheredWindows),
        reset=reset,
    )
    return signals


def _is_plain(estimator: Any, X: Any) -> bool:
    """Return whether X is an array of the type and width that need no more than to be finite.

    The checks for everything else take longer than the network does for a row.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim in (2, 3)
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


def check_row_shape(X: Inputs, expected: tuple[int, ...] | None) -> None:
    """Refuse arrays of other than two or three axes, or rows of another shape than in fit."""
    if X.ndim > 3:
        raise ArchitectureError(
            f"X has shape {X.shape}, expected (n, n_features) or (n, n_steps, n_channels)."
        )
    if expected is not None and X.shape[1:] != expected:
        raise ArchitectureError(
            f"X has rows of shape {X.shape[1:]}, expected {expected} as in fit. Give the same "
            "columns, or windows of the same length, as for training."
        )


def as_signals(X: Inputs) -> Signals:
    """Return (n, n_channels, n_steps): a 2-D X is one channel along its columns."""
    if isinstance(X, GatheredWindows):
        return GatheredSignals(X)
    if any(stride < 0 for stride in X.strides):  # torch has none such
        X = np.ascontiguousarray(X)
    if X.flags.writeable:
        tensor = torch.from_numpy(X)
    else:
        with warnings.catch_warnings():
            # torch cannot mark a tensor read-only; nothing here writes to it.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            tensor = torch.from_numpy(X)
    return tensor[:, None, :] if X.ndim == 2 else tensor.transpose(1, 2)
