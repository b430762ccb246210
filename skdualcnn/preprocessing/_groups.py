"""Rows of several groups: columns that say which, and the rows of a group side by side."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing


@dataclass(frozen=True)
class GroupedRows:
    """Where the rows of each group lie once they are put side by side.

    Attributes
    ----------
    order : ndarray of shape (n,) and dtype int64
        Rows, those of a group next to each other and otherwise in their own order.
    first, last : ndarray of shape (n,) and dtype int64
        Of each place in `order`: the places of the first and the last row of its group.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def read(cls, labels: Any, n: int, time: NDArray[Any] | None = None) -> Self:
        """Sort rows by group, and within a group by time; None is one group, or one order.

        Raises
        ------
        ValueError
            If a label is missing.
        """
        if labels is None:
            codes = np.zeros(n, dtype=np.int64)
        else:
            codes = pd.factorize(labels)[0]
            if (codes < 0).any():
                raise ValueError(
                    f"{int((codes < 0).sum())} row(s) have no group, such as row "
                    f"{int(np.argmax(codes < 0))}; expected a group in every row. Drop these rows "
                    "or give them a group of their own."
                )
        order = np.argsort(codes, kind="stable") if time is None else np.lexsort((time, codes))
        edges = np.flatnonzero(np.diff(codes[order], prepend=-1))
        sizes = np.diff(edges, append=n)
        return cls(order, np.repeat(edges, sizes), np.repeat(edges + sizes - 1, sizes))

    def places(self) -> NDArray[np.int64]:
        """Return the place of each row in `order`."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(places))
        return places


def column_position(X: Any, column: Any, parameter: str) -> int:
    """Return the position of a column that is given by name or by position.

    Raises
    ------
    ValueError
        If X has no such column, or it is neither name nor position.
    """
    width = X.shape[1]
    names = [str(name) for name in X.columns] if hasattr(X, "columns") else None
    if isinstance(column, str):
        if names is None:
            raise ValueError(
                f"{parameter}={column!r} is the name of a column, but the columns of X have no "
                "names of type str. Give a DataFrame that names them, or the column's position."
            )
        if column not in names:
            raise ValueError(
                f"{parameter}={column!r} is not a column of X, whose columns are {names}."
            )
        return names.index(column)
    if isinstance(column, bool | np.bool_) or not isinstance(column, Integral):
        raise ValueError(
            f"{parameter}={column!r} is neither a name of type str nor a whole number, expected "
            "the name or the position of a column of X."
        )
    if not -width <= column < width:
        raise ValueError(f"{parameter}={column} is no position among the {width} columns of X.")
    return column % width


def column_at(X: Any, position: int) -> NDArray[Any]:
    """Return one column of an array or of a pandas or polars DataFrame as an array."""
    return np.asarray(_safe_indexing(X, position, axis=1))
