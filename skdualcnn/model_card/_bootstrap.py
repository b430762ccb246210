"""Confidence intervals by drawing whole groups again."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_DEFINED = 0.95  # share of the resamples in which a figure must be defined

Statistic = Callable[[NDArray[np.intp]], Sequence[float]]


def group_intervals(
    statistic: Statistic,
    groups: ArrayLike,
    *,
    n_figures: int,
    n_resamples: int,
    confidence_level: float,
    random_state: int,
) -> NDArray[np.float64]:
    """Return the percentile interval of each figure, with whole groups drawn again.

    Parameters
    ----------
    statistic : callable
        From row numbers, some of them repeated, to k figures, NaN where one is not defined.
    groups : array-like of shape (n,)
        What belongs together.
    n_figures : int
        How many figures there are, k.
    n_resamples : int
        How often groups are drawn, as many as there are, with replacement.
    confidence_level : float
        Share of the resamples inside the interval.
    random_state : int
        Seed.

    Returns
    -------
    ndarray of shape (k, 2) and dtype float64
        Lower and upper end; NaN with fewer than two groups, or where the figure is not
        defined in more than a twentieth of the resamples.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall,
       1993, chapter 13.
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    intervals = np.full((n_figures, 2), np.nan)
    n_groups, rows = int(codes.max(initial=-1)) + 1, np.arange(len(codes))
    if n_groups < 2:
        return intervals
    rng = np.random.default_rng(random_state)
    drawn = np.array(
        [
            statistic(np.repeat(rows, np.bincount(chosen, minlength=n_groups)[codes]))
            for chosen in rng.integers(n_groups, size=(n_resamples, n_groups))
        ]
    )
    tail = (1 - confidence_level) / 2
    for figure, values in enumerate(drawn.T):
        defined = values[~np.isnan(values)]
        if len(defined) >= MIN_DEFINED * n_resamples:
            intervals[figure] = np.quantile(defined, [tail, 1 - tail])
    return intervals
