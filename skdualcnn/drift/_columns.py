"""What is remembered of a column, and how far a batch of it is from that.

Rows are counted in bins, so that a batch, a patient and the whole reference are compared
by their counts alone, and a reference is small enough to be kept with a model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.float64]
Distances = dict[str, NDArray[np.float64]]


class Column(Protocol):
    """A way to count the values of a column, and to compare counts."""

    def count(self, values: pd.Series, blocks: NDArray[np.intp], n_blocks: int) -> Counts:
        """Return the counts of each block of rows, (n_blocks, n_counts)."""

    def distances(self, reference: Counts, blocks: Counts) -> Distances:
        """Return by aspect how far blocks are from references, (n_blocks,) of 0 or more."""


@dataclass(frozen=True)
class NumericColumn:
    """Numbers, counted between and at some quantiles of the reference.

    Its aspects are "distribution", the distance of Kolmogorov and Smirnov on these
    bins; "mean", the difference of the means in units of the reference's standard
    deviation, since the former cannot tell far from very far; "missing", the
    difference of the shares of missing values; and "repeats", that of the shares of
    values that equal the one before, which is what a stuck sensor changes.

    Attributes
    ----------
    edges : ndarray of shape (n_edges,) and dtype float64
        Ascending quantiles; what equals one has a bin of its own.
    centre, spread : float
        Mean and standard deviation of the reference.
    """

    edges: NDArray[np.float64]
    centre: float
    spread: float

    @classmethod
    def fit(cls, values: pd.Series, n_bins: int) -> Self:
        """Choose the edges."""
        present = _numbers(values)
        present = present[np.isfinite(present)]
        if len(present) == 0:
            return cls(np.zeros(0), 0.0, 1.0)
        edges = np.quantile(present, np.linspace(0, 1, n_bins + 1), method="nearest")
        # Moved below 1 by a power of 2, which rounds nothing, for squares and sums overflow.
        exponent = np.frexp(np.abs(present).max())[1]
        small = np.ldexp(present, -exponent)
        centre, spread = (float(np.ldexp(one, exponent)) for one in (small.mean(), small.std()))
        # The deviation of equal values is not always 0: their mean is rounded.
        varies = present.min() < present.max()
        return cls(np.unique(edges), centre, (spread if varies else 1.0) or 1.0)

    def count(self, values: pd.Series, blocks: NDArray[np.intp], n_blocks: int) -> Counts:
        """Return bins, missing values, sum, pairs of neighbours and equal pairs of each block."""
        numbers = _numbers(values)
        codes = np.searchsorted(self.edges, numbers) + np.searchsorted(self.edges, numbers, "right")
        n_bins = 2 * len(self.edges) + 1
        bins = _count(np.where(np.isnan(numbers), n_bins, codes), n_bins + 1, blocks, n_blocks)
        # Infinite readings count as the farthest that the sum can hold beside others.
        with np.errstate(over="ignore"):  # halves, for the difference of two may overflow
            places = 2 * ((numbers / 2 - self.centre / 2) / self.spread)
        places = np.clip(np.nan_to_num(places), -1e6, 1e6)
        sums = np.bincount(blocks, places, minlength=n_blocks)
        before = pd.Series(numbers).groupby(blocks).shift().to_numpy()
        pairs = _per_block(~np.isnan(numbers) & ~np.isnan(before), blocks, n_blocks)
        equal = _per_block(numbers == before, blocks, n_blocks)
        return np.column_stack([bins, sums, pairs, equal])

    def distances(self, reference: Counts, blocks: Counts) -> Distances:
        """Return the distance of each block from its reference, by aspect."""
        shares, missing, means, repeats = zip(
            *(self._describe(counts) for counts in (reference, blocks)), strict=True
        )
        steps = shares[0].cumsum(axis=-1) - shares[1].cumsum(axis=-1)
        return {
            "distribution": np.nan_to_num(np.abs(steps).max(axis=-1)),
            "mean": np.nan_to_num(np.abs(means[0] - means[1])),
            "missing": np.abs(missing[0] - missing[1]),
            "repeats": np.nan_to_num(np.abs(repeats[0] - repeats[1])),
        }

    def _describe(self, counts: Counts) -> tuple[NDArray[np.float64], ...]:
        """Return shares of bins and of missing values, mean, share of repeats; NaN for none."""
        n_present = counts[..., :-4].sum(axis=-1)
        shares, missing = _shares(counts[..., :-3])
        with np.errstate(invalid="ignore", divide="ignore"):
            return shares, missing, counts[..., -3] / n_present, counts[..., -1] / counts[..., -2]


@dataclass(frozen=True)
class CategoricalColumn:
    """Categories, counted one by one; those that the reference lacks, together.

    Its aspects are "distribution", the total variation; "unknown", the share of
    categories that the reference lacks; and "missing".

    Attributes
    ----------
    categories : list
        The categories of the reference.
    """

    categories: list[Any]

    @classmethod
    def fit(cls, values: pd.Series) -> Self:
        """List the categories."""
        return cls(pd.unique(values.dropna().astype(object)).tolist())

    def count(self, values: pd.Series, blocks: NDArray[np.intp], n_blocks: int) -> Counts:
        """Return bins and missing values of each block."""
        codes = pd.Index(self.categories, dtype=object).get_indexer(values.astype(object))
        n_known = len(self.categories)
        codes = np.where(values.isna(), n_known + 1, np.where(codes < 0, n_known, codes))
        return _count(codes, n_known + 2, blocks, n_blocks)

    def distances(self, reference: Counts, blocks: Counts) -> Distances:
        """Return the distance of each block from its reference, by aspect."""
        (expected, missing), (found, gone) = _shares(reference), _shares(blocks)
        return {
            "distribution": np.nan_to_num(np.abs(expected - found).sum(axis=-1) / 2),
            "unknown": np.nan_to_num((found * (expected == 0)).sum(axis=-1)),
            "missing": np.abs(missing - gone),
        }


@dataclass(frozen=True)
class MeanColumn:
    """Numbers of which only the mean matters; missing ones do not count."""

    def count(self, values: pd.Series, blocks: NDArray[np.intp], n_blocks: int) -> Counts:
        """Return sum and number of the values of each block, (n_blocks, 2)."""
        numbers = _numbers(values)
        present = ~np.isnan(numbers)
        sums = np.bincount(blocks[present], numbers[present], minlength=n_blocks)
        return np.stack([sums, _per_block(present, blocks, n_blocks)], axis=-1)

    def distances(self, reference: Counts, blocks: Counts) -> Distances:
        """Return the difference of the means; NaN where a block has no value."""
        with np.errstate(invalid="ignore", divide="ignore"):
            expected, found = (counts[..., 0] / counts[..., 1] for counts in (reference, blocks))
        return {"mean": np.abs(expected - found)}


def require_columns(X: pd.DataFrame, modalities: Mapping[str, Sequence[str]]) -> None:
    """Raise a ValueError that names the columns of the modalities that X lacks, or has twice."""
    missing = [column for names in modalities.values() for column in names if column not in X]
    if missing:
        raise ValueError(
            f"X lacks the column(s) {missing} of the modalities, expected a DataFrame with all of "
            "them. Correct the names in modalities, or X."
        )
    for modality, names in modalities.items():
        found = X[:0][list(names)].columns.astype(str)
        if not found.is_unique:
            raise ValueError(
                f"Modality {modality!r} has the column(s) {found.tolist()}, expected each once. "
                "Correct the names in modalities, or X."
            )


def fit_column(values: pd.Series, n_bins: int) -> NumericColumn | CategoricalColumn:
    """Return what is remembered of a column of numbers or of categories."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return NumericColumn.fit(values, n_bins)
    return CategoricalColumn.fit(values)


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    try:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {values.name!r} is of dtype {values.dtype} and holds something else than "
            f"numbers ({error}), expected numbers as in the reference; NaN where it is missing."
        ) from error


def _count(codes: ArrayLike, n_bins: int, blocks: NDArray[np.intp], n_blocks: int) -> Counts:
    places = blocks * n_bins + np.asarray(codes)
    counts = np.bincount(places, minlength=n_blocks * n_bins).astype(np.float64)
    return counts.reshape(n_blocks, n_bins)


def _per_block(
    marked: NDArray[np.bool_], blocks: NDArray[np.intp], n_blocks: int
) -> NDArray[np.float64]:
    return np.bincount(blocks[marked], minlength=n_blocks).astype(np.float64)


def _shares(counts: Counts) -> tuple[Counts, NDArray[np.float64]]:
    """Return the shares of the present values, NaN for none, and that of missing ones."""
    present, missing = counts[..., :-1], counts[..., -1]
    n_present = present.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return present / n_present[..., None], missing / np.maximum(n_present + missing, 1)
