"""Rows in the order of time, and which of them lie within a gap."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Gap = int | str | timedelta


class Series:
    """The rows of X as one series, with their times if X has a `DatetimeIndex`."""

    def __init__(self, X: Any) -> None:
        self._n_rows = count_rows(X)
        self._index = getattr(X, "index", None)

    def first_within(self, rows: Rows, *gaps: Gap) -> Rows:
        """Return the first row that lies no more than the sum of the gaps before each row."""
        count, length = _add(gaps)
        moved = np.maximum(rows - count, 0)
        if length is None:
            return moved
        times = self._times()
        return np.searchsorted(times, times[moved] - length, side="left")

    def last_within(self, rows: Rows, *gaps: Gap) -> Rows:
        """Return the last row that lies no more than the sum of the gaps after each row."""
        count, length = _add(gaps)
        moved = np.minimum(rows + count, self._n_rows - 1)
        if length is None:
            return moved
        times = self._times()
        return np.searchsorted(times, times[moved] + length, side="right") - 1

    def _times(self) -> NDArray[np.int64]:
        """Return the time of each row in nanoseconds."""
        index = self._index
        if not isinstance(index, pd.DatetimeIndex) or index.hasnans:
            raise ValueError(
                "the gap is a time, expected X to be a DataFrame with a DatetimeIndex without "
                "missing times; set it by X.set_index(times), or give the gap in rows"
            )
        if not index.is_monotonic_increasing:
            raise ValueError(
                "the index of X goes back in time, expected the rows in the order of time; "
                "sort them, or split series that run side by side by GroupKFold"
            )
        return index.as_unit("ns").asi8


def count_rows(X: Any) -> int:
    """Return the number of rows of an array, a frame or a list."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _add(gaps: tuple[Any, ...]) -> tuple[int, int | None]:
    """Return the sum of the gaps in rows and of those in time, in nanoseconds, if any."""
    count, length = 0, None
    for gap in gaps:
        if _is_count(gap):
            count += int(gap)
        else:
            length = (length or 0) + _nanoseconds(gap)
    return count, length


def _is_count(gap: Any) -> bool:
    # To NumPy, a timedelta64 is an integer.
    whole = isinstance(gap, int | np.integer) and not isinstance(gap, bool | np.timedelta64)
    return whole and bool(gap >= 0)


def _nanoseconds(gap: Any) -> int:
    try:
        length = pd.Timedelta(gap) if isinstance(gap, str | timedelta | np.timedelta64) else None
    except ValueError:
        length = None
    if length is None or pd.isna(length) or length < pd.Timedelta(0):
        raise ValueError(
            f"a gap is {gap!r}, expected a number of rows (an int, at least 0) or a time "
            'such as "30min"'
        )
    return int(length.as_unit("ns").value)
