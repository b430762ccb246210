"""Which rows a decider is fitted on, and which it is calibrated on."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

from skdualcnn._groups import number_groups
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
        If one side would be empty, or a row has no group.
    """
    drawn: dict[str, Any] = {"test_size": size, "random_state": random_state}
    rows = np.arange(len(labels.weights))
    if groups is not None:
        codes = number_groups(groups)
        if codes.max() == 0:
            raise ValueError(
                "All rows are of one group, expected groups to fit on and others to calibrate on. "
                "Give more groups, or calibrate a fitted decider as FrozenEstimator(decider)."
            )
        train, held = next(GroupShuffleSplit(1, **drawn).split(rows, groups=codes))
        return np.sort(train), np.sort(held)
    kinds = pd.DataFrame({i: list(map(str, one)) for i, one in enumerate(labels.columns)})
    kind = kinds.groupby(list(kinds), sort=False).ngroup().to_numpy()
    counts = np.bincount(kind)
    # A row that is alone of its kind cannot be on both sides: it goes with the most frequent.
    kind = np.where(counts[kind] == 1, counts.argmax(), kind)
    on_both = len(rows) * min(size, 1 - size) >= len(np.unique(kind))
    splitter = (StratifiedShuffleSplit if on_both else ShuffleSplit)(1, **drawn)
    train, held = next(splitter.split(rows, kind))
    return np.sort(train), np.sort(held)
