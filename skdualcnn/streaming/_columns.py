"""What a tick is made of: the streams' columns, and the statistics that make a row of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, nan
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from skdualcnn.exceptions import StreamError
from skdualcnn.preprocessing import align_streams
from skdualcnn.preprocessing._grid import list_statistics
from skdualcnn.preprocessing._stamps import SECOND, read_duration
from skdualcnn.streaming._readings import StreamColumns

TIME, DEVICE = "__time__", "__device__"
OF_INTERVAL: dict[str, Callable[[list[Any]], float]] = {
    "mean": lambda values: fsum(values) / len(values) if values else nan,
    "min": lambda values: min(values, default=nan),
    "max": lambda values: max(values, default=nan),
    "count": lambda values: float(len(values)),
}
"""Statistics of the values between two ticks."""
STATISTICS = ("last", "last_valid", "age", *OF_INTERVAL)


@dataclass(frozen=True)
class Want:
    """One value of a row: a statistic of a column of a stream.

    Attributes
    ----------
    place : int
        Position in the row.
    column : int
        Position in the stream; -1 for the stream as a whole, whose age is wanted.
    statistic : str
        As in :func:`skdualcnn.preprocessing.align_streams`.
    """

    place: int
    column: int
    statistic: str


@dataclass(frozen=True)
class StreamPlan:
    """One stream: how its readings are checked and what rows take from it.

    Attributes
    ----------
    name : str
    columns : StreamColumns
    tolerance : float
        Seconds beyond which a reading no longer counts; infinite for any age.
    latest : tuple of (int, int)
        Place in the row and column of each value of the latest reading.
    others : tuple of Want
        What else is wanted.
    """

    name: str
    columns: StreamColumns
    tolerance: float
    latest: tuple[tuple[int, int], ...]
    others: tuple[Want, ...]


@dataclass(frozen=True)
class TickPlan:
    """From the readings of all streams to the rows that a model takes.

    Attributes
    ----------
    streams : tuple of StreamPlan
    width : int
        Values in a row.
    """

    streams: tuple[StreamPlan, ...]
    width: int

    @classmethod
    def make(
        cls,
        streams: Mapping[str, Sequence[str]],
        reading_names: Sequence[str],
        categorical: frozenset[str],
        *,
        freq: Any,
        tolerance: Any,
        aggregate: Any,
        age: bool,
    ) -> Self:
        """Plan rows of `reading_names`, the columns that `align_streams` would return.

        Raises
        ------
        StreamError
            If the streams do not give every reading of the model.
        AlignmentError
            If `align_streams` would not take the parameters.
        """
        _check_streams(streams)
        outputs = {
            name: _outputs(name, columns, aggregate, age=age) for name, columns in streams.items()
        }
        texts = {
            name: frozenset(
                one.column
                for one in some
                if one.is_value and one.name in categorical and one.column is not None
            )
            for name, some in outputs.items()
        }
        template = align_streams(
            _example(streams, texts),
            on=TIME,
            by=DEVICE,
            freq=freq,
            tolerance=tolerance,
            aggregate=aggregate,
            age=age,
        )
        available = template.data.columns.drop([TIME, DEVICE])
        absent = [name for name in reading_names if name not in available]
        if absent:
            raise StreamError(
                f"The model reads {absent}, which the streams do not give; they give "
                f"{list(available)}. Name the columns of each stream, and the aggregate and age "
                "that the model was trained with; or fit it on a table without other columns."
            )
        unknown = {one.statistic for some in outputs.values() for one in some} - {*STATISTICS}
        if unknown:
            raise StreamError(
                f"aggregate asks for {sorted(unknown)}, which ticks do not have; expected some of "
                f"{list(STATISTICS)}."
            )
        place = {name: position for position, name in enumerate(reading_names)}
        shared = not isinstance(tolerance, Mapping)
        return cls(
            tuple(
                _plan_stream(
                    name,
                    list(columns),
                    [one for one in outputs[name] if one.name in place],
                    texts[name],
                    _seconds(tolerance if shared else tolerance.get(name)),
                    place,
                )
                for name, columns in streams.items()
            ),
            len(reading_names),
        )


class Output(NamedTuple):
    """A column that `align_streams` makes of a column of a stream, or of its age (None)."""

    name: str
    column: str | None
    statistic: str

    @property
    def is_value(self) -> bool:
        """Whether it is a value of the stream as it came."""
        return self.statistic in ("last", "last_valid")


def _plan_stream(
    name: str,
    columns: list[str],
    outputs: list[Output],
    texts: frozenset[str],
    tolerance: float,
    place: Mapping[str, int],
) -> StreamPlan:
    numbers = {one.column for one in outputs} - texts
    wants = [
        Want(
            place[one.name], -1 if one.column is None else columns.index(one.column), one.statistic
        )
        for one in outputs
    ]
    return StreamPlan(
        name,
        # What the model does not read may be anything short.
        StreamColumns(columns, frozenset(columns) - numbers),
        tolerance,
        tuple((one.place, one.column) for one in wants if one.statistic == "last"),
        tuple(one for one in wants if one.statistic != "last"),
    )


def _check_streams(streams: Any) -> None:
    if not isinstance(streams, Mapping) or not streams:
        raise StreamError(
            f"streams is {streams!r}, expected the columns of each stream: "
            '{"patient": ["heart_rate", ...], ...}.'
        )
    for name, columns in streams.items():
        is_list = isinstance(columns, Iterable) and not isinstance(columns, str)
        listed = list(columns) if is_list else []
        names = {one for one in listed if isinstance(one, str)}
        if not isinstance(name, str) or not listed or len(names) < len(listed):
            raise StreamError(
                f"The columns of stream {name!r} are {columns!r}, expected a list of names, each "
                "once, and a name for the stream."
            )


def _example(
    streams: Mapping[str, Sequence[str]], texts: Mapping[str, frozenset[str]]
) -> dict[str, pd.DataFrame]:
    """Return one reading of each stream, for `align_streams` to say what comes of it."""
    return {
        name: pd.DataFrame(
            {TIME: [0.0], DEVICE: [0]}
            | {column: ["" if column in texts[name] else np.nan] for column in columns}
        )
        for name, columns in streams.items()
    }


def _outputs(name: str, columns: Sequence[str], aggregate: Any, *, age: bool) -> list[Output]:
    """Return what `align_streams` makes of a stream; columns it does not have are its to refuse."""
    wanted: Any = aggregate.get(name, "last") if isinstance(aggregate, Mapping) else aggregate
    by_column = wanted if isinstance(wanted, Mapping) else dict.fromkeys(columns, wanted)
    outputs = []
    for column, some in by_column.items():
        listed = list_statistics(column, some)
        outputs += [
            Output(column if len(listed) == 1 else f"{column}_{one}", column, one)
            for one in listed
            if column in columns
        ]
    return outputs + ([Output(f"{name}_age", None, "age")] if age else [])


def _seconds(duration: Any) -> float:
    return float("inf") if duration is None else read_duration(duration, "tolerance") / SECOND
