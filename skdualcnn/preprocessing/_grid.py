"""Points in time at regular distance, for each group, and readings brought to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing._stamps import SECOND
from skdualcnn.preprocessing._stream import Stream

MOST_ROWS = 50_000_000
STATISTICS = ("last", "last_valid", "age", "mean", "min", "max", "count")


@dataclass(frozen=True)
class Grid:
    """Multiples of `freq`, from the first reading of a group to its last.

    Attributes
    ----------
    freq : int
        Distance of the points, nanoseconds.
    group, time : ndarray of shape (n_rows,) and dtype int64
        Code of the group and time of each point, in that order.
    begin, size, row : ndarray of shape (n_groups,) and dtype int64
        First point, number of points, and row of the first point of each group.
    """

    freq: int
    group: NDArray[np.int64]
    time: NDArray[np.int64]
    begin: NDArray[np.int64]
    size: NDArray[np.int64]
    row: NDArray[np.int64]

    @classmethod
    def over(
        cls, streams: Sequence[Stream], n_groups: int, freq: int, start: int | None, end: int | None
    ) -> Self:
        """Lay the grid over all streams, or from `start` to `end`."""
        readings = pd.DataFrame(
            {
                "group": np.concatenate([stream.group for stream in streams]),
                "time": np.concatenate([stream.time for stream in streams]),
            }
        )
        times = readings.groupby("group")["time"]
        # Groups without a single reading get no points.
        least = times.min().reindex(range(n_groups), fill_value=0).to_numpy()
        most = times.max().reindex(range(n_groups), fill_value=-freq).to_numpy()
        begin = _up(least if start is None else np.full(n_groups, start), freq)
        stop = _up(most, freq) if end is None else np.full(n_groups, end // freq * freq)
        size = np.maximum((stop - begin) // freq + 1, 0)
        if size.sum() > MOST_ROWS:
            worst = int(np.argmax(size))
            raise AlignmentError(
                f"The grid would have {int(size.sum()):,} rows, {int(size[worst]):,} of them of "
                f"one group, whose readings span {(most - least)[worst] / SECOND:,.0f} s; expected "
                f"at most {MOST_ROWS:,}. Look for wrong stamps, give start and end, or take a "
                "larger freq."
            )
        row = np.cumsum(size) - size
        group = np.repeat(np.arange(n_groups), size)
        step = np.arange(size.sum()) - np.repeat(row, size)
        return cls(freq, group, begin[group] + step * freq, begin, size, row)

    def rows_of(self, stream: Stream) -> NDArray[np.int64]:
        """Return the row in whose interval (t - freq, t] each reading lies, -1 if in none."""
        step = (_up(stream.time, self.freq) - self.begin[stream.group]) // self.freq
        inside = (step >= 0) & (step < self.size[stream.group])
        return np.where(inside, self.row[stream.group] + step, -1)

    def match(
        self, stream: Stream, chosen: NDArray[np.bool_] | None, method: str, tolerance: int | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return, for each row, which reading it gets, -1 for none, and its age in seconds."""
        position = np.arange(len(stream.time)) if chosen is None else np.flatnonzero(chosen)
        readings = pd.DataFrame(
            {"at": stream.known, "group": stream.group, "time": stream.time}
        ).iloc[position]
        readings["position"] = position
        readings = readings.sort_values("at", kind="stable")
        # What arrives after a later reading is never the latest.
        readings = readings[readings["time"] == readings.groupby("group")["time"].cummax()]
        grid = pd.DataFrame({"at": self.time, "group": self.group})
        grid["row"] = np.arange(len(grid))
        matched = pd.merge_asof(
            grid.sort_values("at", kind="stable"),
            readings,
            on="at",
            by="group",
            direction=cast(Literal["backward", "forward", "nearest"], method),
        )
        found = np.full(len(grid), -1, dtype=np.int64)
        found[matched["row"]] = matched["position"].fillna(-1).astype(np.int64)
        age = np.full(len(grid), np.nan)
        some = found >= 0
        age[some] = (self.time[some] - stream.time[found[some]]) / SECOND
        if tolerance is not None:
            far = np.abs(age) > tolerance / SECOND
            found[far], age[far] = -1, np.nan
        return found, age

    def bring(
        self,
        stream: Stream,
        statistics: dict[str, list[str]],
        latest: NDArray[np.int64],
        rows: NDArray[np.int64],
        method: str,
        tolerance: int | None,
    ) -> dict[str, Any]:
        """Return a column per statistic of each column of a stream.

        `latest` is the reading each row gets, `rows` the row of each reading whose
        statistics it counts in.
        """
        columns: dict[str, Any] = {}
        counted = rows >= 0
        intervals = stream.values[counted].groupby(rows[counted])
        every = pd.RangeIndex(len(self.time))
        for column, wanted in statistics.items():
            values = stream.values[column]
            valid = self._match_valid(stream, values, wanted, method, tolerance)
            for statistic in wanted:
                name = column if len(wanted) == 1 else f"{column}_{statistic}"
                if statistic == "last":
                    columns[name] = _take(values, latest)
                elif statistic == "last_valid":
                    columns[name] = _take(values, valid[0])
                elif statistic == "age":
                    columns[name] = valid[1]
                else:
                    fill = 0 if statistic == "count" else np.nan
                    result = intervals[column].agg(statistic)
                    columns[name] = result.reindex(every, fill_value=fill)
        return columns

    def _match_valid(
        self,
        stream: Stream,
        values: pd.Series,
        wanted: list[str],
        method: str,
        tolerance: int | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if not {"last_valid", "age"} & set(wanted):
            return np.empty(0, dtype=np.int64), np.empty(0)
        return self.match(stream, values.notna().to_numpy(), method, tolerance)


def list_statistics(column: str, wanted: Any) -> list[str]:
    """Return the statistics that are wanted of a column, be it one or several.

    Raises
    ------
    AlignmentError
        If they are not some of `STATISTICS`.
    """
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str)
    listed = list(wanted) if several else [wanted]
    if not listed or any(one not in STATISTICS for one in listed):
        raise AlignmentError(
            f"aggregate of {column!r} is {wanted!r}, expected some of {list(STATISTICS)}."
        )
    return listed


def _up(time: NDArray[np.int64], freq: int) -> NDArray[np.int64]:
    """Round up to a multiple of freq."""
    return -(-time // freq) * freq


def _take(values: pd.Series, position: NDArray[np.int64]) -> pd.Series:
    """Return values by position, missing where it is -1."""
    return values.reindex(position).reset_index(drop=True)
