"""Streams with clocks and rates of their own, brought to one grid."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing._alignment_report import AlignedStreams, AlignmentReport, account
from skdualcnn.preprocessing._clock import StreamClock
from skdualcnn.preprocessing._grid import Grid, list_statistics
from skdualcnn.preprocessing._stamps import (
    SECOND,
    read_duration,
    read_instant,
    read_stamps,
    write_stamps,
)
from skdualcnn.preprocessing._stream import Stream

Statistics = str | Sequence[str]
METHODS = ("backward", "nearest", "forward")


def align_streams(
    streams: Mapping[str, pd.DataFrame],
    *,
    on: str,
    freq: Any,
    by: str | Sequence[str] | None = None,
    method: str = "backward",
    tolerance: Any = None,
    aggregate: Statistics | Mapping[str, Statistics | Mapping[str, Statistics]] = "last",
    age: bool = False,
    clocks: Mapping[str, StreamClock | Mapping[Any, StreamClock]] | None = None,
    arrival: str | None = None,
    start: Any = None,
    end: Any = None,
) -> AlignedStreams:
    """Bring streams of different rates and clocks to one grid of time.

    Each group, such as a patient, gets a row every `freq`, at multiples of `freq`, from
    its first reading to its last. The row at t gets the latest reading of each stream
    up to t (an as-of join), or statistics of its readings in (t - freq, t]. Nothing
    later than t is used, unless another `method` is asked for.

    Parameters
    ----------
    streams : mapping of str to DataFrame
        Name of each stream and its readings, a row each, in any order. Columns other
        than `on`, `by` and `arrival` are values; no two streams may share one.
    on : str
        Column of stamps: times without a zone, times with one (which are compared in
        UTC, and returned in it), or numbers of seconds; the same kind in all streams.
    freq : str, pandas.Timedelta or float
        Distance of the rows, as pandas writes it or in seconds.
    by : str, list of str or None, default=None
        Column(s) that say which patient or device a reading belongs to. Groups never
        mix. None: all are one group.
    method : {"backward", "nearest", "forward"}, default="backward"
        Which reading a row gets: the latest up to it, the nearest, or the next one.
        **"nearest" and "forward" look into the future**: a model trained on such rows
        has seen what a live one will not have, and its test scores are too good.
        Statistics other than "last", "last_valid" and "age" do not depend on it.
    tolerance : str, pandas.Timedelta, float, mapping or None, default=None
        Age beyond which a reading no longer counts; one for all streams, or one a
        stream. None: any age.
    aggregate : str, list of str or mapping, default="last"
        What to keep of each column: for all streams; or, by name of the stream, for all
        its columns or by name of the column. Streams that are not named get "last";
        columns that are not named, in a stream of which some are, are left out.

        - "last": its value in the latest reading, be it missing.
        - "last_valid": its latest value that was not missing.
        - "age": how old that value is, in seconds.
        - "mean", "min", "max": of its values in (t - freq, t]; missing without any.
        - "count": number of its values in (t - freq, t].

        With one statistic a column keeps its name; with several, the statistic is
        appended: "heart_rate_mean".
    age : bool, default=False
        Add the age in seconds of the latest reading of each stream, as
        "patient_age".
    clocks : mapping or None, default=None
        By name of the stream how far its clock is off: a :class:`StreamClock`, or a
        dict of them by group, such as :func:`estimate_clock` returns. Several columns
        in `by` make a tuple of the group.
    arrival : str or None, default=None
        Column with the time, on the reference clock, at which a reading was received.
        It then counts from its arrival on: what is late for its own interval counts in
        no statistic of it, and is the latest reading only if no newer one came before.
        In streams without the column, readings arrive at once.
    start, end : datetime-like, float or None, default=None
        First and last time of the grid, the same for all groups.

    Returns
    -------
    AlignedStreams
        `data`, the rows: columns of `by` and `on`, then those of each stream; and
        `report`, an account of what was matched, filled and dropped.

    Raises
    ------
    AlignmentError
        If a column is absent or in two streams, stamps are of two kinds, a parameter is
        unknown, or the grid would be too large.

    See Also
    --------
    estimate_clock : Estimates offset and drift of a clock.
    GapImputer : Fills gaps of rows that are aligned already.

    Notes
    -----
    Of readings of a group with the same stamp the first counts. Times of day with a
    zone that changes its offset in the recording are no problem, in UTC; times without
    a zone are taken as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn.preprocessing import align_streams
    >>> patient = pd.DataFrame({"time": [0.0, 15, 31, 46], "pulse": [70, 72, 74, 76]})
    >>> network = pd.DataFrame({"time": [29.0, 59], "packets": [5.0, 9.0]})
    >>> aligned = align_streams(
    ...     {"patient": patient, "network": network},
    ...     on="time",
    ...     freq=30,
    ...     aggregate={"patient": ["last", "mean"]},
    ...     age=True,
    ... )
    >>> print(aligned.data.to_string())
       time  pulse_last  pulse_mean  patient_age  packets  network_age
    0   0.0          70        70.0          0.0      NaN          NaN
    1  30.0          72        72.0         15.0      5.0          1.0
    2  60.0          76        75.0         14.0      9.0          1.0
    >>> aligned.report
    3 rows, 1 group(s), every 30 s, method='backward'
    <BLANKLINE>
    Readings
             readings  no_stamp  duplicates  disordered  late  outside
    stream
    patient         4         0           0           0     0        0
    network         2         0           0           0     0        0
    <BLANKLINE>
    Grid points
             fresh  carried  missing  empty  median_age
    stream
    patient      3        0        0      0          14
    network      2        0        1  0.333           1
    """
    keys = [by] if isinstance(by, str) else list(by or [])
    _check(streams, on, keys, method, arrival)
    kind = _common_kind(streams, on)
    step = read_duration(freq, "freq")
    tolerances = {
        name: None if one is None else read_duration(one, f"tolerance of stream {name!r}")
        for name, one in _per_stream(streams, tolerance, None, "tolerance").items()
    }
    statistics = {
        name: _statistics(
            name,
            streams[name].columns.drop([on, *keys, arrival], errors="ignore"),
            streams[name],
            wanted,
        )
        for name, wanted in _per_stream(streams, aggregate, "last", "aggregate").items()
    }
    codes, groups = _code_groups(streams, keys)
    given = _per_stream(streams, clocks or {}, None, "clocks")
    prepared = {
        name: Stream.prepare(
            name, frame, codes[name], groups, on=on, by=keys, arrival=arrival, clock=given[name]
        )
        for name, frame in streams.items()
    }
    grid = Grid.over(
        list(prepared.values()),
        len(groups),
        step,
        None if start is None else read_instant(start, kind, "start"),
        None if end is None else read_instant(end, kind, "end"),
    )
    columns: dict[str, Any] = {}
    counts = {}
    for name, stream in prepared.items():
        latest, ages = grid.match(stream, None, method, tolerances[name])
        rows = grid.rows_of(stream)
        late = (rows >= 0) & (stream.known > grid.time[rows]) if len(grid.time) else rows >= 0
        brought = grid.bring(
            stream, statistics[name], latest, np.where(late, -1, rows), method, tolerances[name]
        )
        own_age = {f"{name}_age": ages} if age else {}
        _check_names(name, [*keys, on, *columns], [*brought, *own_age])
        columns |= brought | own_age
        counts[name] = stream.counts | _count(stream, grid, ages, late)
    data = groups[grid.group].to_frame(index=False) if keys else pd.DataFrame()
    data[on] = write_stamps(grid.time, kind)
    report = AlignmentReport(
        account(counts), len(grid.time), int((grid.size > 0).sum()), step / SECOND, method
    )
    return AlignedStreams(
        pd.concat([data, pd.DataFrame(columns, index=data.index)], axis=1), report
    )


def _check(
    streams: Mapping[str, pd.DataFrame], on: str, keys: list[str], method: str, arrival: str | None
) -> None:
    if not isinstance(streams, Mapping) or not streams:
        raise AlignmentError(
            f"streams is {type(streams).__name__}, expected a mapping of one stream or more: "
            '{"patient": DataFrame, ...}.'
        )
    for name, frame in streams.items():
        if not isinstance(frame, pd.DataFrame):
            raise _refuse(name, frame)
        absent = [column for column in (on, *keys) if column not in frame]
        if absent:
            raise AlignmentError(
                f"Stream {name!r} has no column(s) {absent}, only {list(frame.columns)}. Rename "
                "them, or drop the stream."
            )
    if method not in METHODS:
        raise AlignmentError(f"method is {method!r}, expected one of {list(METHODS)}.")
    if arrival is not None and method != "backward":
        raise AlignmentError(
            f"method={method!r} looks into the future, which arrival={arrival!r} rules out; "
            'expected method="backward".'
        )
    if arrival is not None and not any(arrival in frame for frame in streams.values()):
        raise AlignmentError(f"No stream has the column arrival={arrival!r}.")


def _refuse(name: str, frame: object) -> AlignmentError:
    kind, advice = type(frame).__name__, "Make it one, with a row per reading."
    if hasattr(frame, "to_pandas"):
        kind = f"{type(frame).__module__.partition('.')[0]} {kind}"
        advice = "Give what its .to_pandas() returns."
    return AlignmentError(f"Stream {name!r} is a {kind}, expected a pandas DataFrame. {advice}")


def _common_kind(streams: Mapping[str, pd.DataFrame], on: str) -> str:
    """Return what kind of stamps all streams have."""
    kinds = {
        name: read_stamps(frame[on].iloc[:0], f"{on!r} of stream {name!r}")[0]
        for name, frame in streams.items()
    }
    if len(set(kinds.values())) > 1:
        raise AlignmentError(
            f"The stamps are of different kinds: {kinds}, expected one kind in all streams. Give "
            "times without a zone theirs with Series.dt.tz_localize; turn seconds into times "
            "with pandas.to_datetime(..., unit='s')."
        )
    return next(iter(kinds.values()))


def _per_stream(streams: Mapping[str, Any], given: Any, default: Any, name: str) -> dict[str, Any]:
    """Return a parameter for each stream, be it given for all or by name."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(streams, given)
    unknown = [stream for stream in given if stream not in streams]
    if unknown:
        raise AlignmentError(
            f"{name} names the stream(s) {unknown}, expected some of {list(streams)}."
        )
    return {stream: given.get(stream, default) for stream in streams}


def _statistics(
    name: str, columns: pd.Index, frame: pd.DataFrame, wanted: Any
) -> dict[str, list[str]]:
    """Return the statistics of each column of a stream."""
    by_column = wanted if isinstance(wanted, Mapping) else dict.fromkeys(columns, wanted)
    listed = {}
    for column, one_or_more in by_column.items():
        if column not in columns:
            raise AlignmentError(
                f"aggregate names the column {column!r} of stream {name!r}, expected some of "
                f"{list(columns)}."
            )
        listed[column] = list_statistics(column, one_or_more)
        of_numbers = [one for one in listed[column] if one in ("mean", "min", "max")]
        if of_numbers and not pd.api.types.is_numeric_dtype(frame[column]):
            raise AlignmentError(
                f"aggregate asks for {of_numbers} of {column!r} in stream {name!r}, whose dtype is "
                f'{frame[column].dtype}; expected numbers. Give "last" for this column: '
                f"aggregate={{{name!r}: {{{column!r}: 'last', ...}}}}."
            )
    return listed


def _code_groups(
    streams: Mapping[str, pd.DataFrame], keys: list[str]
) -> tuple[dict[str, NDArray[np.int64]], pd.Index]:
    """Return the code of each reading's group by stream, -1 if it has none, and the groups."""
    if not keys:
        one = {name: np.zeros(len(frame), np.int64) for name, frame in streams.items()}
        return one, pd.Index([0])
    for key in keys:
        numeric = {
            name: pd.api.types.is_numeric_dtype(frame[key]) for name, frame in streams.items()
        }
        if len(set(numeric.values())) > 1:
            raise AlignmentError(
                f"{key!r} holds numbers in {[name for name in numeric if numeric[name]]} and "
                f"something else in {[name for name in numeric if not numeric[name]]}, expected "
                "the same in all streams, or no group would match."
            )
    every = pd.concat([frame[keys] for frame in streams.values()], ignore_index=True)
    grouped = every.groupby(keys if len(keys) > 1 else keys[0], sort=True, observed=True)
    codes = grouped.ngroup().to_numpy(na_value=-1).astype(np.int64)
    ends = np.cumsum([len(frame) for frame in streams.values()])
    by_stream = dict(zip(streams, np.split(codes, ends[:-1]), strict=True))
    return by_stream, grouped.size().index


def _check_names(stream: str, taken: Sequence[str], brought: Sequence[str]) -> None:
    twice = [name for i, name in enumerate(brought) if name in taken or name in brought[:i]]
    if twice:
        raise AlignmentError(
            f"Column(s) {twice} of stream {stream!r} would be there twice. Rename them in the "
            f"stream, such as with DataFrame.add_prefix({stream + '_'!r})."
        )


def _count(
    stream: Stream, grid: Grid, ages: NDArray[np.float64], late: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return what a report says of a stream on the grid."""
    matched = ~np.isnan(ages)
    # In whole nanoseconds: a reading of exactly t - freq belongs to the interval before.
    own = matched & (np.round(np.abs(ages) * SECOND) < grid.freq)
    n = len(ages)
    last = grid.begin + (grid.size - 1) * grid.freq
    return {
        "late": int(late.sum()),
        "outside": int((stream.time > last[stream.group]).sum()),
        "fresh": int(own.sum()),
        "carried": int((matched & ~own).sum()),
        "missing": int(n - matched.sum()),
        "empty": (n - matched.sum()) / n if n else 0.0,
        "median_age": float(np.median(ages[matched])) if matched.any() else np.nan,
    }
