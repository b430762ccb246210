"""X and y as columns of codes: what every check of leakage reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets

# Text is read as numbers if nearly all of it is: port numbers with a name here and there.
PARSED_SHARE = 0.95
FEW_VALUES = 10


@dataclass(frozen=True)
class Column:
    """One column of X.

    Attributes
    ----------
    name : str
        Its name.
    codes : ndarray of shape (n,) and dtype int64
        Number of the value of each row, -1 where it is missing. Values that have an
        order are numbered in it.
    values : ndarray of shape (n_values,)
        The distinct values, in the order of their numbers.
    ordered : bool
        Whether the values have an order: numbers, truth values and times.
    """

    name: str
    codes: NDArray[np.int64]
    values: NDArray[Any]
    ordered: bool

    @property
    def present(self) -> NDArray[np.bool_]:
        """Return which rows have a value."""
        return self.codes >= 0

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return how often each value occurs, and at the end how many rows have none."""
        return np.bincount(
            np.where(self.present, self.codes, len(self.values)), minlength=len(self.values) + 1
        )

    @property
    def measured(self) -> bool:
        """Return whether it has an order and more than a few values."""
        return self.ordered and len(self.values) > FEW_VALUES

    def as_feature(self) -> NDArray[np.float32]:
        """Return the one feature of a tree, NaN where missing.

        Numbers of values do as well as the values: a tree sees only their order.
        """
        return np.where(self.present, self.codes, np.nan).astype(np.float32)[:, None]


@dataclass(frozen=True)
class Head:
    """One column of y.

    Attributes
    ----------
    name : str
        Its name.
    codes : ndarray of shape (n,) and dtype int64
        Class of each row, -1 where the label is missing.
    classes : ndarray of shape (n_classes,)
        The labels, in the order of their numbers.
    """

    name: str
    codes: NDArray[np.int64]
    classes: NDArray[Any]


def read_columns(X: Any) -> list[Column]:
    """Take X apart without changing it.

    Raises
    ------
    ValueError
        If X has not two dimensions, or no column.
    """
    frame = _as_frame(X, "X", prefix="x")
    if frame.shape[1] == 0:
        raise ValueError("X has 0 columns, expected at least 1")
    return [_read_column(str(name), series) for name, series in _items(frame)]


def read_heads(y: Any) -> list[Head]:
    """Take the labels apart: one head per column of y.

    Raises
    ------
    ValueError
        If y has no column, or the labels are not classes.
    """
    if isinstance(y, pd.Series):
        y = y.to_frame("y" if y.name is None else y.name)
    elif not hasattr(y, "columns"):
        y = np.asarray(y)
        y = pd.DataFrame({"y": y}) if y.ndim == 1 else y
    frame = _as_frame(y, "y", prefix="head_")
    if frame.shape[1] == 0:
        raise ValueError("y has 0 columns, expected at least 1: one per head")
    heads = []
    for name, series in _items(frame):
        present = series[series.notna()]
        if len(present):
            mixed = present.dtype == object
            check_classification_targets(present.astype(str) if mixed else present.to_numpy())
        codes, classes = pd.factorize(series)
        heads.append(Head(str(name), codes.astype(np.int64), np.asarray(classes)))
    return heads


def read_groups(groups: ArrayLike | None) -> NDArray[np.int64] | None:
    """Return the number of each row's group, or None.

    Raises
    ------
    ValueError
        If a group is missing.
    """
    if groups is None:
        return None
    codes = pd.factorize(np.asarray(groups))[0].astype(np.int64)
    if (codes < 0).any():
        raise ValueError("groups or series has missing values, expected one for every row")
    return codes


def _as_frame(table: Any, what: str, *, prefix: str) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    if hasattr(table, "columns"):  # another library's data frame
        return pd.DataFrame({name: list(table[name]) for name in table.columns})
    array = np.asarray(table)
    if array.ndim != 2:
        raise ValueError(
            f"{what} has {array.ndim} dimension(s), expected 2: one row per sample. Of windows, "
            "give the rows that they are made of, and their length as window"
        )
    return pd.DataFrame(array, columns=[f"{prefix}{i}" for i in range(array.shape[1])])


def _items(frame: pd.DataFrame) -> "Iterator[tuple[Any, pd.Series[Any]]]":
    return ((name, frame.iloc[:, i]) for i, name in enumerate(frame.columns))


def _read_column(name: str, series: "pd.Series[Any]") -> Column:
    kinds = pd.api.types
    ordered = (
        kinds.is_numeric_dtype(series)
        or kinds.is_datetime64_any_dtype(series)
        or kinds.is_timedelta64_dtype(series)
    )
    if not ordered:
        # Objects of any kind are told apart by how they are written.
        text = series.astype(object).where(series.notna(), None).map(str, na_action="ignore")
        numbers = pd.to_numeric(text, errors="coerce").astype(np.float64)
        parsed = numbers.notna().sum() >= PARSED_SHARE * max(text.notna().sum(), 1)
        ordered = bool(parsed and numbers.nunique() > FEW_VALUES)
        series = numbers if ordered else text
    codes, values = pd.factorize(series, sort=ordered)
    return Column(name, codes.astype(np.int64), np.asarray(values), ordered)
