"""Drift on rows that come a few at a time."""

from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skdualcnn.drift._monitor import DriftMonitor
from skdualcnn.drift._report import DriftReport


class DriftWatch:
    """Collect rows of each device into batches, and check every batch that is full.

    Parameters
    ----------
    monitor : DriftMonitor
        Fitted.

    See Also
    --------
    skdualcnn.streaming.OnlineDetector : Decides on the same rows.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.drift import DriftMonitor, DriftWatch
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(4000, 2)), columns=["spo2", "packet_rate"])
    >>> y = pd.DataFrame({"health": X["spo2"] > 1, "cyber": X["packet_rate"] > 1}).astype(int)
    >>> decider = FusionDecider(DecisionTreeClassifier(random_state=0)).fit(X[:1000], y[:1000])
    >>> modalities = {"patient": ["spo2"], "network": ["packet_rate"]}
    >>> monitor = DriftMonitor(decider, modalities, batch_size=100).fit(X[1000:], y[1000:])
    >>> watch = DriftWatch(monitor)
    >>> for start in range(0, 300, 50):
    ...     rows = X[start : start + 50].assign(packet_rate=7.0)
    ...     for report in watch.push(rows, device="bed 4"):
    ...         print(report.alarms)
    ['network', 'predictions']
    ['network', 'predictions']
    ['network', 'predictions']
    """

    def __init__(self, monitor: DriftMonitor) -> None:
        check_is_fitted(monitor, "thresholds_")
        self._monitor = monitor
        self._waiting: dict[
            Hashable, list[tuple[pd.DataFrame, pd.DataFrame | None, NDArray[np.float64]]]
        ] = {}

    def push(
        self,
        X: pd.DataFrame,
        y: ArrayLike | None = None,
        *,
        scores: ArrayLike | None = None,
        device: Hashable = None,
    ) -> list[DriftReport]:
        """Take rows of one device, and return the reports of the batches that they fill.

        Parameters
        ----------
        X : DataFrame of n rows
            The rows, later than all before of this device.
        y : array-like of shape (n, 2) or (n,), default=None
            Their labels; either all rows of a batch are given with labels, missing ones
            allowed, or its calibration is not checked.
        scores : array-like of shape (n, 2), default=None
            What the decider has said of these rows; None asks it.
        device : hashable, default=None
            Whose rows they are.

        Returns
        -------
        list of DriftReport
            One for each full batch, the earliest first.

        Raises
        ------
        ValueError
            If X lacks a column, or `y` or `scores` has another length.
        """
        given = self._monitor.decider.decision_function(X) if scores is None else scores
        check_consistent_length(X, given, *([] if y is None else [y]))
        labels = None
        if y is not None:
            labels = y if isinstance(y, pd.DataFrame) else pd.DataFrame(np.asarray(y, dtype=object))
        waiting = self._waiting.setdefault(device, [])
        waiting.append((X, labels, np.asarray(given)))
        if sum(len(rows) for rows, _, _ in waiting) < self._monitor.batch_size:
            return []
        rows = pd.concat([one for one, _, _ in waiting], ignore_index=True)
        known = [one for _, one, _ in waiting if one is not None]
        truth = pd.concat(known, ignore_index=True) if len(known) == len(waiting) else None
        all_scores = np.concatenate([one for _, _, one in waiting])
        size = self._monitor.batch_size
        whole = len(rows) // size * size
        reports = [
            self._monitor.check(
                rows[start : start + size],
                None if truth is None else truth[start : start + size],
                scores=all_scores[start : start + size],
            )
            for start in range(0, whole, size)
        ]
        rest = None if truth is None else truth[whole:]
        self._waiting[device] = (
            [(rows[whole:], rest, all_scores[whole:])] if whole < len(rows) else []
        )
        return reports
