"""What alignment returns: the rows, and an account of every reading."""

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class AlignmentReport:
    """What was matched, filled and dropped in each stream.

    Attributes
    ----------
    table : DataFrame of shape (n_streams, 11)
        A row a stream. Of its readings: ``readings``, all of them; ``no_stamp``, without
        stamp or group, dropped; ``duplicates``, with the stamp of an earlier one,
        dropped; ``disordered``, after one with a later stamp, put in order; ``late``,
        that arrived after the grid point of their interval, and count in no statistic
        of it; ``outside``, after the last grid point, not used. Of the grid: ``fresh``,
        points with a reading of their own interval; ``carried``, filled with an older
        one (or, if asked for, a later one); ``missing``, without any; ``empty``, the
        share of the latter in [0, 1]. ``median_age``: of the readings matched, seconds.
    n_rows : int
        Grid points of all groups together.
    n_groups : int
        Groups, 1 without `by`.
    freq : float
        Seconds between grid points.
    method : str
        How the grid was matched.
    """

    table: pd.DataFrame
    n_rows: int
    n_groups: int
    freq: float
    method: str

    def __str__(self) -> str:
        title = (
            f"{self.n_rows:,} rows, {self.n_groups:,} group(s), every {self.freq:g} s, "
            f"method={self.method!r}"
        )
        readings = self.table.iloc[:, :6]
        grid = self.table.iloc[:, 6:]
        return "\n".join(
            [
                title,
                "",
                "Readings",
                readings.to_string(),
                "",
                "Grid points",
                grid.to_string(float_format=lambda value: f"{value:.3g}"),
            ]
        )

    __repr__ = __str__


@dataclass(frozen=True)
class AlignedStreams:
    """Streams on one grid.

    Attributes
    ----------
    data : DataFrame of shape (n_rows, ...)
        Group, time, then the columns of each stream; rows of a group side by side in
        the order of time.
    report : AlignmentReport
        What became of the readings.
    """

    data: pd.DataFrame
    report: AlignmentReport

    def __repr__(self) -> str:
        return f"AlignedStreams: {self.data.shape[1]} columns\n{self.report}"


def account(counts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Return the table of a report from the figures of each stream."""
    return pd.DataFrame.from_dict(counts, orient="index").rename_axis("stream")
