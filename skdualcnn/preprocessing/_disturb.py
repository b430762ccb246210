"""Noise and missing values in readings, as sensors and networks bring them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state


def disturb(
    X: Any,
    *,
    noise: float = 0.0,
    missing: float = 0.0,
    reference: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> Any:
    """Return rows with noise and missing values.

    To see what bad readings cost a model, disturb its test rows. To make it stand them,
    train it on disturbed copies beside the rows as they are.

    Parameters
    ----------
    X : DataFrame, or ndarray of shape (n, ...) whose last axis are the columns
        Readings; they are not changed.
    noise : float, default=0.0
        Standard deviation of the Gaussian noise on numeric columns, in standard
        deviations of the column; of a column of text, the share of values that are drawn
        anew.
    missing : float, default=0.0
        Probability that a value is lost.
    reference : DataFrame or ndarray, default=None
        Rows that the spread of the columns, and the values of text, come from, such as
        the training rows; None takes X.
    random_state : int, RandomState instance or None, default=None
        Draws noise and losses.

    Returns
    -------
    DataFrame or ndarray of float64
        As X; numeric columns are float64, and NaN where a value is missing.

    Raises
    ------
    ValueError
        If `noise` is negative or not finite, or `missing` is not in [0, 1].

    See Also
    --------
    skdualcnn.inspection.RobustnessDisplay : Draws the score against the strength.
    skdualcnn.adversarial.perturb_readings : The worst change within sensor accuracy.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn.preprocessing import disturb
    >>> X = pd.DataFrame({"heart_rate": [60.0, 70.0, 80.0], "spo2": [97.0, 95.0, 98.0]})
    >>> disturb(X, missing=0.5, random_state=3)
       heart_rate  spo2
    0        60.0  97.0
    1         NaN  95.0
    2        80.0  98.0
    >>> training = pd.concat([X, disturb(X, noise=0.3, missing=0.3, random_state=0)])
    >>> training.shape
    (6, 2)
    """
    if not 0 <= noise < np.inf or not 0 <= missing <= 1:
        raise ValueError(
            f"noise={noise} and missing={missing}, expected noise of 0 or more standard deviations "
            "and a probability between 0 and 1."
        )
    random = check_random_state(random_state)
    source = X if reference is None else reference
    if not isinstance(X, pd.DataFrame):
        spread = np.nanstd(source, axis=tuple(range(np.ndim(source) - 1)))
        return _disturb_numbers(np.asarray(X, dtype=np.float64), spread, noise, missing, random)
    numeric = X.select_dtypes("number").columns
    changed = X.astype(dict.fromkeys(numeric, "float64"))
    spread = source[numeric].std(ddof=0).to_numpy(dtype=np.float64)
    values = changed[numeric].to_numpy()
    changed[numeric] = _disturb_numbers(values, spread, noise, missing, random)
    for name in X.columns.difference(numeric, sort=False):
        changed[name] = _disturb_text(X[name], source[name], noise, missing, random)
    return changed


def _disturb_numbers(
    values: NDArray[np.float64],
    spread: NDArray[np.float64],
    noise: float,
    missing: float,
    random: np.random.RandomState,
) -> NDArray[np.float64]:
    if noise:
        values = values + noise * np.nan_to_num(spread) * random.standard_normal(values.shape)
    if missing:
        values = np.where(random.random_sample(values.shape) < missing, np.nan, values)
    return values


def _disturb_text(
    values: pd.Series,
    source: pd.Series,
    noise: float,
    missing: float,
    random: np.random.RandomState,
) -> pd.Series:
    if noise:
        others = source.sample(len(values), replace=True, random_state=random)
        kept = random.random_sample(len(values)) >= noise
        values = values.where(kept, others.set_axis(values.index))
    if missing:
        values = values.mask(random.random_sample(len(values)) < missing)
    return values
