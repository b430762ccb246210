"""Rows in the order of time: their windows, and samples of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdualcnn.preprocessing._groups import GroupedRows

BLANK = np.float32(np.inf)
"""All readings of a step before a device's first row, where such steps are blank.

No reading of a row is infinite: rows that hold one are refused.
"""


@dataclass(frozen=True)
class RowWindows:
    """One window per row, gathered when it is indexed along the first axis.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    places : ndarray of shape (n, length) and dtype int64
        Position in `rows` of each row of each window.
    """

    rows: NDArray[Any]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return self.rows[self.places[key]]


def stack_windows(
    rows: NDArray[Any],
    length: int,
    stride: int = 1,
    devices: NDArray[Any] | None = None,
    blank: NDArray[Any] | None = None,
) -> Any:
    """Return the window of rows that ends at each row.

    A device's first row stands in for rows before it, or a blank one does, as in
    :class:`skdualcnn.preprocessing.SlidingWindow`.

    Parameters
    ----------
    rows : ndarray of shape (n, n_columns)
    length, stride : int
        Rows in a window, and the distance between neighbouring ones.
    devices : ndarray of shape (n,) or None
        Which device each row belongs to; None for one device.
    blank : ndarray of shape (n_columns,) or None
        What stands for a row before a device's first one.

    Returns
    -------
    ndarray or RowWindows of shape (n, length, n_columns)
        A read-only view in the simplest case, else gathered when it is indexed.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(3)[:, None]
    >>> stack_windows(rows, 2)[:, :, 0]
    array([[0, 0],
           [0, 1],
           [1, 2]])
    >>> stack_windows(rows, 2, devices=np.array([7, 8, 7]), blank=np.array([-1]))[:][:, :, 0]
    array([[-1,  0],
           [-1,  1],
           [ 0,  2]])
    """
    if len(rows) == 0:
        return np.zeros((0, length, rows.shape[1]), dtype=rows.dtype)
    if devices is None and blank is None:
        span = (length - 1) * stride + 1
        padded = np.concatenate([np.repeat(rows[:1], span - 1, axis=0), rows])
        windows = np.lib.stride_tricks.sliding_window_view(padded, span, axis=0)
        return windows[:, :, ::stride].transpose(0, 2, 1)
    grouped = GroupedRows.read(devices, len(rows))
    place = grouped.places()[:, None]
    first = grouped.first[place]
    wanted = place + stride * np.arange(1 - length, 1)
    places = grouped.order[np.maximum(wanted, first)]
    if blank is not None:
        places[wanted < first] = len(rows)
        rows = np.concatenate([rows, blank[None].astype(rows.dtype)])
    return RowWindows(rows, places)


def spread_rows(rows: Any, most: int) -> Any:
    """Return at most `most` of the rows or windows, evenly spaced."""
    if len(rows) <= most:
        return rows[:]
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]
