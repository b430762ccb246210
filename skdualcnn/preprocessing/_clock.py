"""Clocks that are off: their offset and drift, given or estimated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.stats import theilslopes

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing._stamps import SECOND, SECONDS, read_instant, read_stamps, write_stamps

MOST_PAIRS = 1000  # Theil-Sen looks at every two of them


@dataclass(frozen=True)
class StreamClock:
    """How far the clock of a device is off.

    When the reference clock shows t, this one shows t + offset + drift * (t - origin).

    Attributes
    ----------
    offset : float
        Seconds by which it is ahead at `origin`; negative if it is behind.
    drift : float
        Seconds that it gains per second; 20e-6 is a usual quartz.
    origin : datetime-like, float or None
        The time on the reference clock at which `offset` holds, of the same kind as the
        stamps. Needed with a drift.

    See Also
    --------
    estimate_clock : Estimates one from pairs of stamps.

    Examples
    --------
    >>> from skdualcnn.preprocessing import StreamClock
    >>> StreamClock(offset=1.5, drift=0.001, origin=0.0).correct([1.5, 101.6, 1002.5])
    array([   0.,  100., 1000.])
    """

    offset: float = 0.0
    drift: float = 0.0
    origin: Any = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.offset) and np.isfinite(self.drift)) or self.drift <= -1:
            raise AlignmentError(
                f"offset={self.offset} and drift={self.drift}, expected finite numbers and a drift "
                "above -1: a clock that goes forward."
            )
        if self.drift != 0 and self.origin is None:
            raise AlignmentError(
                f"drift={self.drift} without an origin, expected the time at which the offset "
                "holds."
            )

    def correct(self, stamps: ArrayLike) -> Any:
        """Return what the reference clock showed.

        Parameters
        ----------
        stamps : array-like of shape (n,) of datetime64 or float
            What this clock showed; numbers are seconds.

        Returns
        -------
        ndarray of float64, or DatetimeIndex, of shape (n,)
            Stamps of the same kind; those with a time zone are in UTC.
        """
        kind, read, there = read_stamps(stamps, "to correct")
        corrected = write_stamps(self.correct_nanoseconds(read, kind), kind)
        return np.where(there, corrected, np.nan) if kind == SECONDS else corrected.where(there)

    def correct_nanoseconds(self, stamps: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
        """Correct stamps that are already read, of shape (n,), in nanoseconds."""
        offset = round(self.offset * SECOND)
        if self.drift == 0:
            return stamps - offset
        origin = read_instant(self.origin, kind, "origin")
        return origin + np.round((stamps - origin - offset) / (1 + self.drift)).astype(np.int64)


def estimate_clock(
    stamps: Any, reference: Any, *, groups: Any = None, noise: str = "symmetric"
) -> Any:
    """Estimate offset and drift of a clock from stamps of the same events by two clocks.

    Pairs come from events that two streams share (join them by what identifies the
    event, such as a message number), or from readings that carry, beside the stamp of
    the device, the stamp at which the gateway received them.

    Parameters
    ----------
    stamps : array-like of shape (n,) of datetime64 or float
        What the clock showed at each event; numbers are seconds.
    reference : array-like of shape (n,), of the same kind
        What the reference clock showed at the same events.
    groups : array-like of shape (n,) or None, default=None
        Device of each pair, if there are several, each with a clock of its own.
    noise : {"symmetric", "delay"}, default="symmetric"
        "symmetric": the stamps differ by chance in either direction. The line is
        Theil's and Sen's, which up to 29 % of wild pairs do not move far; of more than
        1,000 pairs, 1,000 evenly spaced ones are used. "delay": `reference` is the time
        of reception, which is late by a delay that is never negative. The line is the
        one that leaves all delays at zero or more and their sum as small as can be, by
        linear programming. The shortest delay itself cannot be told from an offset.

    Returns
    -------
    StreamClock, or dict of group to StreamClock
        Its `origin` is the first stamp of `reference`.

    Raises
    ------
    AlignmentError
        If the stamps are of two kinds, or of fewer than two different times.

    See Also
    --------
    align_streams : Takes the clocks.

    Notes
    -----
    The estimate looks at all pairs. To be strict about the future, estimate on a
    recording before the one that is aligned.

    References
    ----------
    .. [1] P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau",
       Journal of the American Statistical Association 63, 1379-1389, 1968.
    .. [2] S. B. Moon, P. Skelly, D. Towsley, "Estimation and removal of clock skew from
       network delay measurements", IEEE INFOCOM, 227-234, 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import estimate_clock
    >>> received = np.arange(0.0, 600.0, 15.0)
    >>> sent = received + 2.5 + 0.001 * received
    >>> clock = estimate_clock(sent, received)
    >>> round(clock.offset, 6), round(clock.drift, 6)
    (2.5, 0.001)
    """
    if noise not in ("symmetric", "delay"):
        raise AlignmentError(f'noise is {noise!r}, expected "symmetric" or "delay".')
    kind, own, own_there = read_stamps(stamps, "of the clock")
    other, shown, shown_there = read_stamps(reference, "of the reference")
    if kind != other:
        raise AlignmentError(
            f"The stamps are {kind} and those of the reference {other}, expected the same kind."
        )
    if len(own) != len(shown):
        raise AlignmentError(
            f"There are {len(own)} stamps and {len(shown)} of the reference, expected pairs."
        )
    there = own_there & shown_there
    if groups is None:
        return _estimate(own[there], shown[there], kind, noise)
    codes, labels = pd.factorize(np.asarray(groups)[there])
    return {
        label: _estimate(own[there][codes == code], shown[there][codes == code], kind, noise)
        for code, label in enumerate(labels.tolist())
    }


def _estimate(
    own: NDArray[np.int64], shown: NDArray[np.int64], kind: str, noise: str
) -> StreamClock:
    if len(np.unique(shown)) < 2:
        raise AlignmentError(
            f"There are {len(shown)} pair(s) of stamps at {len(np.unique(shown))} time(s), "
            "expected two different times at least. Give the offset as StreamClock(offset=...)."
        )
    order = np.argsort(shown, kind="stable")
    origin = shown[order[0]]
    elapsed = (shown[order] - origin) / SECOND
    ahead = (own - shown)[order] / SECOND
    fit = _line_through if noise == "symmetric" else _line_above
    offset, drift = fit(elapsed, ahead)
    return StreamClock(offset, drift, write_stamps(np.array([origin]), kind)[0])


def _line_through(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return intercept and slope by Theil and Sen."""
    if len(x) > MOST_PAIRS:
        chosen = np.linspace(0, len(x) - 1, MOST_PAIRS).astype(np.int64)
        x, y = x[chosen], y[chosen]
    line = theilslopes(y, x, method="joint")
    return float(line.intercept), float(line.slope)


def _line_above(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return intercept and slope of the lowest line that has no point above it."""
    # Both unknowns of the order of one, whatever the units: drifts are tiny.
    span, low, height = x[-1], y.min(), max(float(np.ptp(y)), 1e-9)
    at = np.column_stack([np.ones_like(x), x / span])
    solution = linprog(at.sum(axis=0), A_ub=-at, b_ub=-(y - low) / height, bounds=(None, None))
    intercept, slope = solution.x * height
    return float(low + intercept), float(slope / span)
