"""Noise and missing values in readings, as sensors and networks bring them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KINDS = ("noise", "missing values", "both")
LEVELS = (0.05, 0.1, 0.2, 0.3)
MEANING = (
    "Noise of 30 % is Gaussian, with a standard deviation of 0.3 times that of the column in the "
    "training rows; of a categorical column, 30 % of the values are drawn anew from the training "
    "rows. Missing values of 30 %: each value is missing with a probability of 0.3. Only test rows "
    "are changed, in the same way for every model."
)


def perturb(
    X: Any, training: Any, *, kind: str, level: float, rng: np.random.Generator
) -> pd.DataFrame | NDArray[np.float64]:
    """Return rows with noise, missing values or both.

    Parameters
    ----------
    X : DataFrame, or array of shape (n, ...) whose last axis are the columns
    training : the same of other rows
        Where the spread of the columns, and the values of categorical ones, come from.
    kind : {"noise", "missing values", "both"}
    level : float
        In [0, 1]; `MEANING` says of what.
    rng : Generator
    """
    if not isinstance(X, pd.DataFrame):
        spread = np.nanstd(training, axis=tuple(range(np.ndim(training) - 1)))
        return _change(np.asarray(X, dtype=np.float64), spread, kind, level, rng)
    numeric = X.select_dtypes("number").columns
    changed = X.astype(dict.fromkeys(numeric, "float64"))
    spread = training[numeric].std(ddof=0).to_numpy(dtype=np.float64)
    changed[numeric] = _change(changed[numeric].to_numpy(), spread, kind, level, rng)
    for name in X.columns.difference(numeric, sort=False):
        changed[name] = _change_categories(X[name], training[name], kind, level, rng)
    return changed


def _change(
    values: NDArray[np.float64],
    spread: NDArray[np.float64],
    kind: str,
    level: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    if kind != "missing values":
        values = values + level * np.nan_to_num(spread) * rng.standard_normal(values.shape)
    if kind != "noise":
        values = np.where(rng.random(values.shape) < level, np.nan, values)
    return values


def _change_categories(
    values: pd.Series, training: pd.Series, kind: str, level: float, rng: np.random.Generator
) -> pd.Series:
    if kind != "missing values":
        others = training.sample(len(values), replace=True, random_state=rng).set_axis(values.index)
        values = values.where(rng.random(len(values)) >= level, others)
    if kind != "noise":
        values = values.mask(rng.random(len(values)) < level)
    return values
