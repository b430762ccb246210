"""Confidence intervals of many figures at once, from whole groups drawn again."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdualcnn._groups import number_groups

Floats = NDArray[np.float64]

MIN_DEFINED = 0.95  # share of the resamples in which a figure must be defined
CELLS = 2_000_000  # resamples times rows that are looked at together

Statistic = Callable[[NDArray[np.intp]], Floats]


def group_intervals(
    statistic: Statistic,
    groups: ArrayLike,
    *,
    n_figures: int,
    n_resamples: int,
    confidence_level: float,
    random_state: int,
) -> Floats:
    """Return the percentile interval of each figure, with whole groups drawn again.

    Parameters
    ----------
    statistic : callable
        From how often each row is drawn, (m, n), to k figures of each of the m resamples,
        (m, k); NaN where one is not defined.
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

    Raises
    ------
    ValueError
        If a row has no group.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall,
       1993, chapter 13.
    """
    codes = number_groups(groups)
    intervals = np.full((n_figures, 2), np.nan)
    n_groups = int(codes.max(initial=-1)) + 1
    if n_groups < 2:
        return intervals
    rng = np.random.default_rng(random_state)
    drawn, at_once = [], max(1, CELLS // len(codes))
    for start in range(0, n_resamples, at_once):
        size = min(at_once, n_resamples - start)
        chosen = rng.integers(n_groups, size=(size, n_groups))
        chosen += n_groups * np.arange(size)[:, None]  # so that one count serves all resamples
        counts = np.bincount(chosen.reshape(-1), minlength=size * n_groups)
        drawn.append(statistic(counts.reshape(size, n_groups)[:, codes]))
    tail = (1 - confidence_level) / 2
    for figure, values in enumerate(np.concatenate(drawn).T):
        defined = values[~np.isnan(values)]
        if len(defined) >= MIN_DEFINED * n_resamples:
            intervals[figure] = np.quantile(defined, [tail, 1 - tail])
    return intervals


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return quotients, NaN where there is nothing to divide by."""
    found = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found


def drawn_areas(
    event: NDArray[np.bool_], score: Floats, counts: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return ROC-AUC and average precision of each resample.

    Parameters
    ----------
    event : ndarray of shape (n,) and dtype bool
        Whether each row is an event.
    score : ndarray of shape (n,) and dtype float64
        High for events; equal scores share a threshold.
    counts : ndarray of shape (m, n) and dtype intp
        How often each row is drawn.

    Returns
    -------
    roc_auc, average_precision : ndarray of shape (m,) and dtype float64
        NaN where all rows that were drawn are events, or none.
    """
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.inf) != 0)
    drawn = counts[:, order]
    events = np.add.reduceat(drawn * event[order], starts, axis=1).astype(np.float64)
    both = np.add.reduceat(drawn, starts, axis=1).astype(np.float64)
    found = events.cumsum(axis=1)
    flagged = both.cumsum(axis=1)
    n_events, n_rows = found[:, -1], flagged[:, -1]
    others = both - events
    # Events above each other row, and half of those at its threshold.
    right = (others * (found - events / 2)).sum(axis=1)
    either = (n_events > 0) & (n_events < n_rows)
    area = ratio(right, np.where(either, n_events * (n_rows - n_events), 0.0))
    precision = ratio(found, flagged)
    gained = (events * np.nan_to_num(precision)).sum(axis=1)
    return area, ratio(gained, np.where(either, n_events, 0.0))
