"""Which rows belong together, by number."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def number_groups(groups: ArrayLike) -> NDArray[np.intp]:
    """Return the number of each row's group, by the order of their labels.

    Raises
    ------
    ValueError
        If a label is missing.
    """
    codes = pd.factorize(np.asarray(groups).reshape(-1), sort=True)[0]
    if (codes < 0).any():
        raise ValueError(
            f"{int((codes < 0).sum())} of {len(codes)} rows have no group, such as row "
            f"{int(np.argmax(codes < 0))}; expected a group in every row. Drop these rows or give "
            "them a group of their own."
        )
    return codes.astype(np.intp)
