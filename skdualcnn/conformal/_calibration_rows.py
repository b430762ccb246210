"""Which rows a decider is fitted on, and which it is calibrated on."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

from skdualcnn._labels import Labels


def divide_rows(
    labels: Labels, groups: ArrayLike | None, *, size: float, random_state: Any
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the rows to calibrate on.

    Parameters
    ----------
    labels : Labels
        Of n rows. Without groups, each combination of labels is on both sides, where it
        has rows for that.
    groups : array-like of shape (n,) or None
        What must not stand on both sides.
    size : float
        Share of the rows, or of the groups, to calibrate on.
    random_state : int, RandomState instance or None
        Draws them.

    Returns
    -------
    train, calibration : ndarray of dtype intp
        Row numbers, ascending.

    Raises
    ------
    ValueError
        If one side would be empty.
    """
    drawn: dict[str, Any] = {"test_size": size, "random_state": random_state}
    rows = np.arange(len(labels.weights))
    if groups is not None:
        train, held = next(GroupShuffleSplit(1, **drawn).split(rows, groups=np.asarray(groups)))
        return np.sort(train), np.sort(held)
    kinds = pd.DataFrame({i: list(map(str, one)) for i, one in enumerate(labels.columns)})
    kind = kinds.groupby(list(kinds), sort=False).ngroup().to_numpy()
    smaller = len(rows) * min(size, 1 - size)
    on_both = np.bincount(kind).min() > 1 and smaller >= len(np.unique(kind))
    splitter = (StratifiedShuffleSplit if on_both else ShuffleSplit)(1, **drawn)
    train, held = next(splitter.split(rows, kind))
    return np.sort(train), np.sort(held)
