"""The rows that early stopping watches."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import HeadError


def hold_out(
    units: NDArray[np.integer],
    strata: NDArray[np.integer],
    fraction: float,
    random_state: np.random.RandomState,
) -> NDArray[np.bool_]:
    """Return which rows to hold out for validation, whole units at a time.

    Parameters
    ----------
    units : ndarray of shape (n,)
        Unit of each row, such as its patient; equal rows are one unit at least.
    strata : ndarray of shape (n,)
        Stratum of each row; that of a unit's first row counts. The same share of the
        units of each stratum is held out.
    fraction : float
        Share of the units to hold out.
    random_state : RandomState
        Source of the choice.

    Returns
    -------
    ndarray of shape (n,) and dtype bool
        True for the rows held out.

    Raises
    ------
    HeadError
        If no unit would be held out.
    """
    _, first, unit_of_row = np.unique(units, return_index=True, return_inverse=True)
    stratum = pd.Series(strata[first])
    shuffled = stratum.iloc[random_state.permutation(len(stratum))]
    rank = shuffled.groupby(shuffled).cumcount().sort_index()
    size = stratum.groupby(stratum).transform("size")
    # One of each stratum stays to train on, however large the fraction.
    wanted = (fraction * size).round().clip(upper=size - 1)
    if wanted.max() == 0 and size.max() > 1:
        wanted[size == size.max()] = 1
    held = (rank < wanted).to_numpy()
    if not held.any():
        raise HeadError(
            f"validation_fraction={fraction} of {len(first)} distinct row(s) or group(s) leaves "
            "none to validate on, expected at least one of some class. Raise validation_fraction, "
            "pass X_val and y_val, or set early_stopping=False."
        )
    return held[unit_of_row]
