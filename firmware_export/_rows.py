"""Rows in the order of time: their windows, and samples of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stack_windows(rows: NDArray[Any], length: int) -> NDArray[Any]:
    """Return the window of rows that ends at each row, as a read-only view.

    The first row stands in for rows before it, as in
    :class:`skdualcnn.preprocessing.SlidingWindow`.

    Parameters
    ----------
    rows : ndarray of shape (n, n_columns)
    length : int

    Returns
    -------
    ndarray of shape (n, length, n_columns)

    Examples
    --------
    >>> import numpy as np
    >>> stack_windows(np.arange(3)[:, None], 2)[:, :, 0]
    array([[0, 0],
           [0, 1],
           [1, 2]])
    """
    if len(rows) == 0:
        return np.zeros((0, length, rows.shape[1]), dtype=rows.dtype)
    padded = np.concatenate([np.repeat(rows[:1], length - 1, axis=0), rows])
    windows = np.lib.stride_tricks.sliding_window_view(padded, length, axis=0)
    return windows.transpose(0, 2, 1)


def spread_rows(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """Return at most `most` of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]
