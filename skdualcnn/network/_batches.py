"""Rows in an order of their own, and whole batches of them.

Training must not depend on how the rows came: shuffled, repeated, or once with a
weight. So equal rows are merged, their weights added, and the merged rows put in an
order that their content alone decides. A row of weight w is then visited ceil(w)
times per epoch, each time with weight w / ceil(w) in the loss, which makes a
whole-number `sample_weight` the same thing as repetition.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

# Weights in the thousands must not make an epoch thousands of times longer: beyond this
# many visits to a distinct row, on average, all weights are scaled down.
MAX_MEAN_VISITS = 32

# Values hashed at once: what long windows would otherwise take many times over.
_HASHED_VALUES = 2**18


@dataclass(frozen=True)
class Visits:
    """Which rows an epoch visits, and how much each visit counts.

    Attributes
    ----------
    rows : ndarray of shape (n_visits,) and dtype int64
        Positions in the data, equal rows next to each other.
    weights : ndarray of shape (n_visits, n_heads) and dtype float32
        Weight of each visit in each head's loss, 0 where the label is missing.
    """

    rows: NDArray[np.int64]
    weights: NDArray[np.float32]


def plan_visits(X: Any, codes: NDArray[np.int64], weights: NDArray[np.float64]) -> Visits:
    """Merge equal rows, order them by content and share their weight over visits.

    Parameters
    ----------
    X : ndarray or GatheredWindows of shape (n, ...) and dtype float32
    codes : ndarray of shape (n, n_heads) and dtype int64
        Class codes, -1 where missing.
    weights : ndarray of shape (n, n_heads) and dtype float64
        Row weights, 0 where the label is missing. Rows of weight 0 are left out.
    """
    used = np.flatnonzero(weights.max(axis=1) > 0)
    keys = content_hash(X, codes)[used]
    # By weight second: a sum of floats depends on the order of its terms.
    order = used[np.lexsort((*weights[used].T, keys))]
    _, first, group = np.unique(np.sort(keys), return_index=True, return_inverse=True)
    merged = np.zeros((len(first), weights.shape[1]))
    np.add.at(merged, group, weights[order])
    largest = merged.max(axis=1)
    scale = max(1.0, largest.mean() / MAX_MEAN_VISITS) if len(largest) else 1.0
    copies = np.ceil(largest / scale).astype(np.int64)
    share = (merged / scale / copies[:, None]).astype(np.float32)
    return Visits(np.repeat(order[first], copies), np.repeat(share, copies, axis=0))


def content_hash(X: Any, codes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash each row's values and labels to 64 bits by a random linear combination.

    Parameters
    ----------
    X : ndarray or GatheredWindows of shape (n, ...) and dtype float32
    codes : ndarray of shape (n, n_heads) and dtype int64

    Returns
    -------
    ndarray of shape (n,) and dtype uint64
        Equal for equal rows, and for no others but by an accident of 1 in 2**64.
    """
    n_values = int(np.prod(X.shape[1:]))
    multipliers = np.random.default_rng(0).integers(
        1, 2**64, size=n_values + codes.shape[1], dtype=np.uint64
    ) | np.uint64(1)
    keys = np.empty(len(X), dtype=np.uint64)
    step = max(1, _HASHED_VALUES // n_values)
    for start in range(0, len(X), step):
        chunk = slice(start, start + step)
        # Adding zero turns -0.0 into 0.0, which compares equal and so must hash equal.
        flat = X[chunk].reshape(-1, n_values) + np.float32(0)
        bits = flat.view(np.uint32)
        # Round numbers differ in high bits only, which a product would leave there.
        bits ^= bits >> np.uint32(23)
        keys[chunk] = bits.astype(np.uint64) @ multipliers[:n_values]
        keys[chunk] += codes[chunk].astype(np.uint64) @ multipliers[n_values:]
    return keys


class GatheredSignals:
    """Signals that are gathered when they are indexed, as a tensor would be.

    Parameters
    ----------
    windows : GatheredWindows of shape (n, steps, channels)
    """

    def __init__(self, windows: Any) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: slice | Tensor) -> Tensor:
        wanted = index if isinstance(index, slice) else index.numpy()
        return torch.from_numpy(self.windows[wanted]).transpose(-1, -2)


Signals = Tensor | GatheredSignals


class LabelledSignals(Dataset):
    """Signals, class codes and weights as tensors; a data set that skorch accepts.

    Parameters
    ----------
    signals : Tensor or GatheredSignals of shape (n, channels, steps) and dtype float32
    codes : Tensor of shape (n, n_heads) and dtype int64
    visits : Visits
        The rows that belong to this data set, in order, with their weights.
    targets : sequence of Tensor of shape (n, n_classes) and dtype float32
        Probabilities to learn in place of the codes, one tensor per head; empty for none.
    """

    def __init__(
        self, signals: Signals, codes: Tensor, visits: Visits, targets: Sequence[Tensor] = ()
    ) -> None:
        self.signals = signals
        self.codes = codes
        self.targets = list(targets)
        self.rows = torch.from_numpy(visits.rows)
        self.weights = torch.from_numpy(visits.weights)

    def __len__(self) -> int:
        return len(self.rows)

    def move_to(self, device: str, free_bytes: int) -> None:
        """Keep everything on a device from now on, unless it would take more than half of it.

        Signals that are gathered when they are indexed stay where they are.
        """
        if isinstance(self.signals, GatheredSignals):
            return
        tensors = [self.signals, self.codes, self.rows, self.weights, *self.targets]
        if sum(tensor.nbytes for tensor in tensors) <= free_bytes // 2:
            moved = [tensor.to(device) for tensor in tensors]
            self.signals, self.codes, self.rows, self.weights, *self.targets = moved

    def __getitem__(self, index: int | Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        row = self.rows[index]
        targets = (target[row] for target in self.targets)
        return self.signals[row], (self.codes[row], self.weights[index], *targets)


class BatchIterator:
    """Yield whole batches by indexing tensors, not row by row.

    Parameters
    ----------
    dataset : LabelledSignals
    batch_size : int
        A last batch of one row joins the batch before: batch norm cannot learn from it.
    seed : int or None
        Seed of the shuffling, a new order each epoch; None keeps the order.
    """

    def __init__(
        self, dataset: LabelledSignals, batch_size: int, seed: int | None = None, **_: Any
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
        n = len(self.dataset)
        if self.generator is None:
            order = torch.arange(n)
        else:
            order = torch.randperm(n, generator=self.generator)
        order = order.to(self.dataset.rows.device)
        for start, stop in self._bounds():
            yield self.dataset[order[start:stop]]

    def __len__(self) -> int:
        return len(self._bounds())

    def _bounds(self) -> list[tuple[int, int]]:
        n = len(self.dataset)
        edges = list(range(0, n, self.batch_size))
        if len(edges) > 1 and n - edges[-1] == 1:
            edges.pop()
        return list(zip(edges, [*edges[1:], n], strict=True))
