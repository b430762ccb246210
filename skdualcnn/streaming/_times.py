"""Times of one kind as whole nanoseconds, one at a time, and back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from skdualcnn.exceptions import StreamError
from skdualcnn.preprocessing._stamps import SECOND

Kind = Literal["seconds", "naive", "aware"]
KINDS = ("seconds", "naive", "aware")
_LARGEST_SECONDS = 9.2e9  # of what fits into 64 bits as nanoseconds
_TIMES = (datetime, np.datetime64)


def time_reader(kind: Kind) -> Callable[[Any], int | None]:
    """Return a function from a time of a kind to nanoseconds, None for anything else.

    Parameters
    ----------
    kind : {"seconds", "naive", "aware"}
        Numbers of seconds; datetimes without a zone; or with one, which count in UTC.

    Raises
    ------
    StreamError
        If the kind is unknown.

    Examples
    --------
    >>> read = time_reader("seconds")
    >>> read(1.5), read("1.5"), read(float("nan"))
    (1500000000, None, None)
    """
    if kind not in KINDS:
        raise StreamError(f"times is {kind!r}, expected one of {list(KINDS)}.")
    if kind == "seconds":
        return _read_seconds
    return _read_aware if kind == "aware" else _read_naive


def time_writer(kind: Kind) -> Callable[[int], Any]:
    """Return a function from nanoseconds to a time of a kind; aware ones are in UTC."""
    if kind == "seconds":
        return lambda nanoseconds: nanoseconds / SECOND
    zone = "UTC" if kind == "aware" else None
    return lambda nanoseconds: pd.Timestamp(nanoseconds, unit="ns", tz=zone)


def expect_time(read: Callable[[Any], int | None], time: Any, kind: Kind) -> int:
    """Return a time in nanoseconds, or raise StreamError: for calls, not for readings."""
    nanoseconds = read(time)
    if nanoseconds is None:
        raise StreamError(f"The time is {time!r}, expected one of the kind {kind!r}.")
    return nanoseconds


def _read_seconds(time: Any) -> int | None:
    if isinstance(time, bool) or not isinstance(time, int | float | np.integer | np.floating):
        return None
    # False for NaN as well.
    if not -_LARGEST_SECONDS <= time <= _LARGEST_SECONDS:
        return None
    return round(float(time) * SECOND)


def _read_naive(time: Any) -> int | None:
    stamp = _read_stamp(time)
    return None if stamp is None or stamp.tzinfo is not None else stamp.value


def _read_aware(time: Any) -> int | None:
    stamp = _read_stamp(time)
    return None if stamp is None or stamp.tzinfo is None else stamp.value


def _read_stamp(time: Any) -> Any:
    if not isinstance(time, _TIMES):
        return None
    try:
        stamp = pd.Timestamp(time)
        return None if stamp is pd.NaT else stamp.as_unit("ns")
    except (ValueError, OverflowError):
        return None
