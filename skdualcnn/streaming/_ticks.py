"""One device's readings on their way into rows: open ticks, and what was last known."""

from collections.abc import Iterator
from math import inf, nan
from typing import Any

from skdualcnn.preprocessing._stamps import SECOND
from skdualcnn.streaming._columns import OF_INTERVAL, TickPlan, Want
from skdualcnn.streaming._readings import Refused, Values, is_missing

MOST_READINGS = 256
"""Readings of one stream between two ticks; more are a flood, and refused."""
Row = list[Any]
Interval = list[dict[int, Values]]


class DeviceTicks:
    """The readings of one device, by tick and stream; times are whole nanoseconds.

    A tick at t takes the readings in (t - freq, t] and closes for good once time is up
    for it. Its row is what :func:`skdualcnn.preprocessing.align_streams` returns at t.

    Parameters
    ----------
    plan : TickPlan
    freq : int
        Distance of ticks.

    Attributes
    ----------
    latest : int or None
        The latest reading.
    closed : int or None
        All ticks before this time are closed.
    next : int or None
        The tick that closes next, once one has.
    open : dict of int to list of dict
        By tick and stream the values of each reading, by its time.
    newest : list of (int, tuple) or None
        By stream, the latest reading in closed ticks.
    valid : list of dict of int to (int, value)
        By stream and column, the latest value there that was not missing.
    """

    __slots__ = ("_freq", "_plan", "closed", "latest", "newest", "next", "open", "valid")

    def __init__(self, plan: TickPlan, freq: int) -> None:
        self._plan = plan
        self._freq = freq
        self.latest: int | None = None
        self.closed: int | None = None
        self.next: int | None = None
        self.open: dict[int, Interval] = {}
        self.newest: list[tuple[int, Values] | None] = [None] * len(plan.streams)
        self.valid: list[dict[int, tuple[int, Any]]] = [{} for _ in plan.streams]

    def tick_of(self, time: int) -> int:
        """Return the tick whose interval a time lies in."""
        return -(-time // self._freq) * self._freq

    def add(self, stream: int, time: int, values: Values) -> None:
        """Take a reading.

        Raises
        ------
        Refused
            If its tick is closed, it was there before, or there are too many.
        """
        tick = self.tick_of(time)
        if self.closed is not None and tick < self.closed:
            raise Refused("late")
        interval = self.open.get(tick)
        if interval is None:
            interval = self.open[tick] = [{} for _ in self._plan.streams]
        readings = interval[stream]
        if time in readings:
            raise Refused("duplicate")
        if len(readings) >= MOST_READINGS:
            raise Refused("crowded")
        readings[time] = values
        if self.latest is None or time > self.latest:
            self.latest = time

    def close_before(self, time: int) -> Iterator[tuple[int, Row]]:
        """Close the ticks before a time, and yield the time and the row of each."""
        if self.closed is None or time > self.closed:
            self.closed = time
        if self.next is None:
            if not self.open:
                return
            first = min(self.open)
            if first >= time:
                return
            self.next = first
        while self.next < time:
            tick = self.next
            self.next = tick + self._freq
            yield tick, self._close(tick)

    def _close(self, tick: int) -> Row:
        interval = self.open.pop(tick, None)
        row: Row = [nan] * self._plan.width
        for position, plan in enumerate(self._plan.streams):
            readings = interval[position] if interval is not None else {}
            if readings:
                time = max(readings)
                self.newest[position] = (time, readings[time])
            newest = self.newest[position]
            if newest is not None and (tick - newest[0]) / SECOND <= plan.tolerance:
                values = newest[1]
                for place, column in plan.latest:
                    row[place] = values[column]
            if plan.others:
                self._update_valid(position, readings)
                ordered = [values for _, values in sorted(readings.items())]
                for want in plan.others:
                    row[want.place] = self._statistic(position, want, tick, ordered)
        return row

    def _update_valid(self, position: int, readings: dict[int, Values]) -> None:
        valid = self.valid[position]
        for column in {
            want.column
            for want in self._plan.streams[position].others
            if want.column >= 0 and want.statistic in ("last_valid", "age")
        }:
            there = [time for time in readings if not is_missing(readings[time][column])]
            if there:
                valid[column] = (max(there), readings[max(there)][column])

    def _statistic(self, position: int, want: Want, tick: int, ordered: list[Values]) -> Any:
        """Return one value of a row other than the latest reading's."""
        if want.statistic in OF_INTERVAL:
            values = [one[want.column] for one in ordered if not is_missing(one[want.column])]
            return OF_INTERVAL[want.statistic](values)
        valid = self.valid[position].get(want.column)
        found = self.newest[position] if want.column < 0 else valid
        age = inf if found is None else (tick - found[0]) / SECOND
        if found is None or age > self._plan.streams[position].tolerance:
            return nan
        return age if want.statistic == "age" else found[1]
