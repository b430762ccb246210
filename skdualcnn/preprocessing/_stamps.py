"""Time stamps of whatever kind as whole nanoseconds, and back."""

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import AlignmentError

SECOND = 1_000_000_000
NAIVE, AWARE, SECONDS = "times without a zone", "times with a zone", "numbers of seconds"
_LARGEST_SECONDS = 9.2e9  # of what fits into 64 bits as nanoseconds


def read_stamps(stamps: Any, name: str) -> tuple[str, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the kind of stamps, the stamps in nanoseconds (in UTC), and which are there.

    Raises
    ------
    AlignmentError
        If they are neither times nor numbers, or too large for seconds.
    """
    column = pd.Series(stamps)
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        kind = AWARE if isinstance(column.dtype, pd.DatetimeTZDtype) else NAIVE
        if kind == AWARE:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        there = column.notna().to_numpy()
        return kind, column.astype("datetime64[ns]").to_numpy().astype(np.int64), there
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise AlignmentError(
            f"The stamps {name} have dtype {column.dtype}, expected times or numbers of seconds. "
            "Convert text with pandas.to_datetime(..., utc=True)."
        )
    seconds = column.to_numpy(dtype=np.float64, na_value=np.nan)
    there = np.isfinite(seconds)
    seconds = np.where(there, seconds, 0.0)
    if len(seconds) and np.abs(seconds).max() > _LARGEST_SECONDS:
        raise AlignmentError(
            f"The stamps {name} reach {np.abs(seconds).max():g}, too large for seconds. Divide "
            "milliseconds by 1e3, or convert with pandas.to_datetime(..., unit='ms')."
        )
    return SECONDS, np.round(seconds * SECOND).astype(np.int64), there


def read_instant(instant: Any, kind: str, name: str) -> int:
    """Return one stamp of a kind in nanoseconds.

    Raises
    ------
    AlignmentError
        If it is of another kind or missing.
    """
    if kind == SECONDS:
        got, stamps, there = read_stamps([instant], name)
    else:
        got, stamps, there = read_stamps([pd.Timestamp(instant)], name)
    if got != kind or not there[0]:
        raise AlignmentError(f"{name} is {instant!r}, expected one of {kind}, as in the streams.")
    return int(stamps[0])


def write_stamps(nanoseconds: NDArray[np.int64], kind: str) -> Any:
    """Return nanoseconds as stamps of a kind; those with a zone are in UTC."""
    if kind == SECONDS:
        return nanoseconds / SECOND
    times = pd.DatetimeIndex(nanoseconds.astype("datetime64[ns]"))
    return times.tz_localize("UTC") if kind == AWARE else times


def read_duration(duration: Any, name: str, *, or_zero: bool = False) -> int:
    """Return a time such as "1min", a Timedelta or a number of seconds in nanoseconds.

    Raises
    ------
    AlignmentError
        If it is none of these, such as a number as text; or not above zero, `or_zero`.
    """
    try:
        # To Python, NumPy's timedelta64 is a whole number.
        if not isinstance(duration, np.timedelta64) and isinstance(duration, Real):
            nanoseconds = round(float(duration) * SECOND)
        elif isinstance(duration, str) and not _has_unit(duration):
            raise ValueError("pandas would read nanoseconds")
        else:
            nanoseconds = pd.Timedelta(duration).as_unit("ns").value
    except (ValueError, TypeError, OverflowError) as error:
        raise AlignmentError(
            f'{name} is {duration!r}, expected a time with its unit, such as "1min", or a '
            "number of seconds."
        ) from error
    if nanoseconds < 0 or (nanoseconds == 0 and not or_zero) or pd.isna(duration):
        least = "zero or more" if or_zero else "more than zero"
        raise AlignmentError(f"{name} is {duration!r}, expected {least}.")
    return int(nanoseconds)


def _has_unit(duration: str) -> bool:
    """Return whether a text has a unit, or hours, minutes and seconds between colons."""
    return any(one.isalpha() or one == ":" for one in duration)
