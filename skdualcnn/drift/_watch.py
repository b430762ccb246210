"""Drift on rows that come a few at a time."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skdualcnn.drift._columns import require_columns
from skdualcnn.drift._monitor import DriftMonitor
from skdualcnn.drift._report import DriftReport

_Pushed = tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]  # rows, labels, scores


class DriftWatch:
    """Collect rows of each device into batches, and check every batch that is full.

    Parameters
    ----------
    monitor : DriftMonitor
        Fitted.
    max_devices : int, default=10000
        Devices of which rows wait; beyond, the one that was not heard of for longest is
        forgotten.

    Raises
    ------
    ValueError
        If `max_devices` is out of range.

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

    def __init__(self, monitor: DriftMonitor, *, max_devices: int = 10_000) -> None:
        check_is_fitted(monitor, "thresholds_")
        if not isinstance(max_devices, int) or max_devices < 1:
            raise ValueError(f"max_devices is {max_devices!r}, expected a number of 1 or more.")
        self._monitor = monitor
        self._max_devices = max_devices
        self._waiting: OrderedDict[Hashable, list[_Pushed]] = OrderedDict()

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
            What the decider has said of these rows; either all rows of a batch are given
            with scores, or it is asked when the batch is full.
        device : hashable, default=None
            Whose rows they are.

        Returns
        -------
        list of DriftReport
            One for each full batch, the earliest first.

        Raises
        ------
        ValueError
            If X lacks a column, or `y` or `scores` has another length; if rows of a full
            batch cannot be checked, which are then forgotten, with all that waited.
        """
        require_columns(X, self._monitor.modalities)
        check_consistent_length(X, *(one for one in (y, scores) if one is not None))
        pushed = [*self._waiting.pop(device, []), (X, _as_frame(y), _as_frame(scores))]
        n_rows, size = sum(len(one) for one, _, _ in pushed), self._monitor.batch_size
        if n_rows < size:
            self._wait(device, [*pushed[:-1], _copied(pushed[-1])])
            return []
        parts = [_join(one) for one in zip(*pushed, strict=True)]
        whole = n_rows // size * size
        # Scored when it is full: a window that starts in a batch sees the rows before its own.
        reports = [
            self._monitor.check(rows, labels, scores=said)
            for rows, labels, said in (
                _cut(parts, start, start + size) for start in range(0, whole, size)
            )
        ]
        if whole < n_rows:
            self._wait(device, [_copied(_cut(parts, whole, n_rows))])
        return reports

    def _wait(self, device: Hashable, pushed: list[_Pushed]) -> None:
        """Keep rows of a device, which was heard of last, until they fill a batch."""
        self._waiting[device] = pushed
        if len(self._waiting) > self._max_devices:
            self._waiting.popitem(last=False)


def _as_frame(values: ArrayLike | None) -> pd.DataFrame | None:
    if values is None or isinstance(values, pd.DataFrame):
        return values
    return pd.DataFrame(np.asarray(values))


def _join(pieces: Sequence[pd.DataFrame | None]) -> pd.DataFrame | None:
    """Return the pieces as one table, None if any is missing."""
    known = [one for one in pieces if one is not None]
    return pd.concat(known, ignore_index=True) if len(known) == len(pieces) else None


def _copied(parts: Sequence[pd.DataFrame | None]) -> Any:
    """Return the parts as they are now, whatever the caller does with its tables."""
    return tuple(None if one is None else one.copy() for one in parts)


def _cut(parts: Sequence[pd.DataFrame | None], start: int, end: int) -> Any:
    """Return the same rows of each part."""
    return tuple(None if one is None else one[start:end] for one in parts)
