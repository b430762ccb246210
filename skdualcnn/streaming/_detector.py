"""Readings in, one by one; decisions out, one per device and tick."""

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Self

from skdualcnn.exceptions import StreamError
from skdualcnn.preprocessing._stamps import SECOND, read_duration
from skdualcnn.streaming._answers import OK, Answer
from skdualcnn.streaming._columns import TickPlan
from skdualcnn.streaming._counters import ACCEPTED, Counters
from skdualcnn.streaming._decision import Decision
from skdualcnn.streaming._engines import make_engine
from skdualcnn.streaming._readings import Refused, read_device
from skdualcnn.streaming._state import dump_devices, load_devices, read_state, write_state
from skdualcnn.streaming._ticks import DeviceTicks, Row
from skdualcnn.streaming._times import Kind, expect_time, time_reader, time_writer

GAP_TICKS = 100
"""Default of `max_gap`, in ticks."""
RESTART_AFTER = 3
"""Readings in a row that must agree on a new time before a device starts afresh."""

_REFUSED = {
    "missing": "no decision: a value is missing for which nothing stands in",
    "range": "no decision: a value is outside its limits",
    "infinite": "no decision: a value is too large",
    "refused": "no decision: the estimator does not take the row",
}


class Device:
    """What is kept of one device."""

    __slots__ = ("jump", "ticks", "window")

    def __init__(self, ticks: DeviceTicks, window: Any) -> None:
        self.ticks = ticks
        self.window = window
        self.jump: tuple[int, int] | None = None
        """Time of the last reading that was far off, and how many in a row agreed."""

    @property
    def latest(self) -> int:
        """Time of the latest reading; a device is only kept once it has one."""
        latest = self.ticks.latest
        assert latest is not None
        return latest

    @property
    def end(self) -> int:
        """Time before which the ticks of all readings so far lie."""
        return self.ticks.tick_of(self.latest) + 1


Closed = tuple[str | int, Device, int, Row]
"""A tick that is closed: name and state of its device, its time, its row."""


class OnlineDetector:
    """A decider for live streams: one reading at a time in, decisions out.

    Every device has a tick every `freq`, as :func:`~skdualcnn.preprocessing.align_streams`
    has a row; the row of a tick holds the latest readings up to it, or statistics of
    its interval. A tick closes when a reading of the device comes that is later by more
    than `lateness`, or by :meth:`advance` or :meth:`flush`; the row is then decided as
    the decider would in a table of all rows, window included.

    A reading that cannot be used never raises and changes nothing; it is counted. What
    is kept of a device is bounded.

    Parameters
    ----------
    model : FusionDecider or CompiledPredictor
        Fitted. A decider whose pipeline can be exported is run without scikit-learn's
        tables; any other is asked with small tables, which takes milliseconds a row. A
        compiled one, of :func:`firmware_export.compile_predictor`, is the fastest.
    streams : mapping of str to list of str
        Name of each stream and its columns.
    freq : str, pandas.Timedelta or float
        Distance of ticks, as pandas writes it or in seconds.
    tolerance : str, pandas.Timedelta, float, mapping or None, default=None
        Age beyond which a reading no longer counts, as for `align_streams`.
    aggregate : str, list of str or mapping, default="last"
        Statistics that the row is made of, as for `align_streams`.
    age : bool, default=False
        Whether the age of each stream is in the row, as for `align_streams`.
    lateness : str, pandas.Timedelta or float, default=0
        How long a tick stays open for readings that come out of order.
    max_gap : str, pandas.Timedelta, float or None, default=None
        Readings that are further than this from a device's latest are not believed,
        until three in a row agree; the device then starts afresh. Silent devices get
        decisions from :meth:`advance` no longer than this. None: 100 ticks.
    max_devices : int, default=10000
        Devices to keep; beyond, the one that was not heard of for longest is forgotten.
    times : {"seconds", "naive", "aware"}, default="seconds"
        What times are: numbers of seconds, datetimes without a zone, or with one, which
        come back in UTC.
    by : str or None, default=None
        Column of the model's input that tells devices apart, such as `SlidingWindow`
        reads, if it has one; no stream gives it.

    Attributes
    ----------
    engine : str
        "float", "compiled" or, by tables, "exact".
    categorical : frozenset of str
        Columns of the streams that hold categories, or that the model does not read; the
        others are numbers.

    Raises
    ------
    StreamError
        If the streams do not give what the model reads, or a parameter is out of range.
    AlignmentError
        If `align_streams` would not take the parameters.

    See Also
    --------
    AlertDesk : Turns decisions into alerts.
    ActionRunner : Calls functions on decisions and alerts.

    Notes
    -----
    All methods may be called from any thread. They run one after another, so decisions
    of a device come in the order of time; call from one thread to hand them on in that
    order.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.streaming import OnlineDetector
    >>> rows = np.random.default_rng(0).random((80, 3))
    >>> X = pd.DataFrame(rows, columns=["pulse", "spo2", "rate"])
    >>> y = pd.DataFrame({"health": X["pulse"] > 0.7, "cyber": X["rate"] > 0.7}).astype(int)
    >>> decider = FusionDecider(DualPathCNNClassifier(max_epochs=1, random_state=0)).fit(X, y)
    >>> streams = {"patient": ["pulse", "spo2"], "network": ["rate"]}
    >>> detector = OnlineDetector(decider, streams, freq=1.0)
    >>> detector.push("patient", "bed 4", 0.2, {"pulse": 0.5, "spo2": 0.9})
    []
    >>> detector.push("network", "bed 4", 0.9, {"rate": 0.3})
    []
    >>> [one] = detector.push("network", "bed 4", 1.1, {"rate": 0.4})
    >>> same_row = X[:1].assign(pulse=0.5, spo2=0.9, rate=0.3)
    >>> one.device, one.time, one.decision == decider.predict(same_row)[0]
    ('bed 4', 1.0, True)
    >>> detector.push("network", "bed 4", 0.7, {"rate": 0.4})
    []
    >>> detector.counters["late"]
    1
    """

    def __init__(
        self,
        model: Any,
        streams: Mapping[str, Sequence[str]],
        *,
        freq: Any,
        tolerance: Any = None,
        aggregate: Any = "last",
        age: bool = False,
        lateness: Any = 0.0,
        max_gap: Any = None,
        max_devices: int = 10_000,
        times: Kind = "seconds",
        by: str | None = None,
    ) -> None:
        self._engine = make_engine(model, by)
        self._plan = TickPlan.make(
            streams,
            self._engine.reading_names,
            self._engine.categorical,
            freq=freq,
            tolerance=tolerance,
            aggregate=aggregate,
            age=age,
        )
        every = (plan.columns.categorical for plan in self._plan.streams)
        self._categorical = frozenset[str]().union(*every)
        self._freq = read_duration(freq, "freq")
        self._lateness = read_duration(lateness, "lateness", or_zero=True)
        self._gap = GAP_TICKS * self._freq if max_gap is None else read_duration(max_gap, "max_gap")
        if self._gap < self._freq:
            raise StreamError(f"max_gap is {max_gap!r}, expected at least freq, {freq!r}.")
        if not isinstance(max_devices, int) or max_devices < 1:
            raise StreamError(f"max_devices is {max_devices!r}, expected a number of 1 or more.")
        self._read_time = time_reader(times)
        self._write_time = time_writer(times)
        self._times = times
        self._max_devices = max_devices
        self._streams = {plan.name: i for i, plan in enumerate(self._plan.streams)}
        self._devices: OrderedDict[str | int, Device] = OrderedDict()
        self._counters = Counters()
        self._lock = RLock()
        self._settings = {
            "streams": {name: list(columns) for name, columns in streams.items()},
            "freq": self._freq / SECOND,
            "tolerance": _in_seconds(tolerance),
            "aggregate": aggregate,
            "age": age,
            "lateness": self._lateness / SECOND,
            "max_gap": self._gap / SECOND,
            "max_devices": max_devices,
            "times": times,
            "by": by,
        }

    @property
    def engine(self) -> str:
        """Name of what answers: "float", "compiled" or "exact"."""
        return self._engine.name

    @property
    def categorical(self) -> frozenset[str]:
        """Columns of the streams that hold categories, or that the model does not read."""
        return self._categorical

    @property
    def counters(self) -> dict[str, int]:
        """What became of the readings, counted.

        ``accepted``; refused: ``late``, for a tick that is closed; ``duplicate``, of a
        time that the stream had; ``unknown_stream``, ``unknown_column``,
        ``missing_column``; ``bad_message``, ``bad_device``, ``bad_time``, ``bad_value``,
        of a wrong type or form; ``infinite_value``; ``oversized``, too many columns or
        too long a text; ``crowded``, more than 256 of a stream in one tick; ``jumped``,
        further than `max_gap` from the device's latest. Then ``ticks``, decisions
        returned, and ``refused_rows``, those of them that decide nothing;
        ``restarted_devices``, ``dropped_devices``.
        """
        with self._lock:
            return self._counters.read()

    @property
    def devices(self) -> list[str | int]:
        """Devices that are kept, the one longest not heard of first."""
        with self._lock:
            return list(self._devices)

    def push(self, stream: Any, device: Any, time: Any, values: Any) -> list[Decision]:
        """Take one reading.

        Parameters
        ----------
        stream : str
            Name of the stream.
        device : str or int
            Which patient or device it is of; up to 256 characters.
        time : float or datetime
            When it was made, as `times` says.
        values : mapping of str to value
            A value for each column of the stream: numbers, or categories as in the
            training data; None or NaN where missing.

        Returns
        -------
        list of Decision
            Of the ticks of this device that the reading closes: mostly none or one,
            several after a pause. Empty if the reading is refused.
        """
        with self._lock:
            try:
                return self._take(stream, device, time, values)
            except Refused as refusal:
                self._counters.add(refusal.kind)
                return []

    def push_message(self, message: Any) -> list[Decision]:
        """Take one reading as a message carries it.

        Parameters
        ----------
        message : mapping
            Of "stream", "device", "time" and "values", as for :meth:`push`; anything
            else is refused and counted.

        Returns
        -------
        list of Decision
            As :meth:`push` does.
        """
        if not isinstance(message, Mapping) or message.keys() != _MESSAGE:
            with self._lock:
                self._counters.add("bad_message")
            return []
        return self.push(**message)

    def advance(self, time: Any) -> list[Decision]:
        """Say that time has come so far: no reading made before `time` - `lateness` will come.

        Parameters
        ----------
        time : float or datetime
            As `times` says.

        Returns
        -------
        list of Decision
            Of the ticks that this closes, of all devices; also of devices that are
            silent, with what was last known, until `max_gap` after their last reading.

        Raises
        ------
        StreamError
            If it is no such time.
        """
        until = expect_time(self._read_time, time, self._times) - self._lateness
        with self._lock:
            closed = []
            for name, device in self._devices.items():
                closed += _close(name, device, min(until, device.latest + self._gap))
            return self._decide(closed)

    def flush(self) -> list[Decision]:
        """Close the ticks of all readings taken so far, as at the end of a recording.

        Returns
        -------
        list of Decision
            Of the ticks that this closes, of all devices.
        """
        with self._lock:
            closed = []
            for name, device in self._devices.items():
                closed += _close(name, device, device.end)
            return self._decide(closed)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save what is known of every device, in one file that holds data only.

        Parameters
        ----------
        path : path-like
            File to write, whole or not at all; one of that name is replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        with self._lock:
            header = {
                "engine": self._engine.name,
                "model": self._engine.digest,
                "settings": self._settings,
                "counters": self._counters.read(),
            }
            devices = dump_devices(self._devices)
            windows = self._engine.pack([device.window for device in self._devices.values()])
        return write_state(path, header, devices, windows)

    @classmethod
    def restore(cls, path: str | os.PathLike[str], model: Any) -> Self:
        """Make a detector that goes on where the saved one was.

        Parameters
        ----------
        path : path-like
            A file of :meth:`save`.
        model : FusionDecider or CompiledPredictor
            The model that it was saved with. Models whose pipeline cannot be exported
            are only compared by the names of their columns, their classes and rule.

        Returns
        -------
        OnlineDetector
            With the settings, counters and devices of the saved one.

        Raises
        ------
        StreamError
            If it was saved with another model, or is no state of a detector.
        ModelFileError
            If the file is truncated, altered or of another format.
        OSError
            If the file cannot be read.
        """
        header, devices, windows = read_state(path)
        try:
            settings = dict(header["settings"])
            detector = cls(model, settings.pop("streams"), **settings)
            engine = detector._engine
            if (header["engine"], header["model"]) != (engine.name, engine.digest):
                raise StreamError(
                    f"{os.fspath(path)} is the state of model {header['model'][:12]} on the "
                    f"{header['engine']!r} engine, got model {engine.digest[:12]} on the "
                    f"{engine.name!r} engine. Restore it with the model it was saved with, or "
                    "start a new detector."
                )
            detector._counters.restore(header["counters"])
            ticks = load_devices(devices, detector._plan, detector._freq)
            states = engine.unpack(windows, len(ticks))
        except StreamError:
            raise
        except Exception as error:  # whatever a crafted file makes some constructor raise
            raise StreamError(
                f"{os.fspath(path)} is no state of a detector ({type(error).__name__}: "
                f"{str(error)[:200]}), expected a file that OnlineDetector.save wrote."
            ) from error
        for (name, one, jump), state in zip(ticks, states, strict=True):
            device = detector._devices[name] = Device(one, state)
            device.jump = jump
        return detector

    def _take(self, stream: Any, name: Any, time: Any, values: Any) -> list[Decision]:
        position = self._streams.get(stream) if isinstance(stream, str) else None
        if position is None:
            raise Refused("unknown_stream")
        name = read_device(name)
        made = self._read_time(time)
        if made is None:
            raise Refused("bad_time")
        read = self._plan.streams[position].columns.read(values)
        device = self._devices.get(name)
        closed: list[Closed] = []
        if device is not None and self._is_far(made, device):
            self._note_jump(made, device)
            closed += _close(name, device, device.end)
            self._counters.add("restarted_devices")
            device = None
        if device is None:
            device = Device(DeviceTicks(self._plan, self._freq), self._engine.new_state())
        device.ticks.add(position, made, read)
        device.jump = None
        self._counters.add(ACCEPTED)
        self._devices[name] = device
        self._devices.move_to_end(name)
        if len(self._devices) > self._max_devices:
            self._devices.popitem(last=False)
            self._counters.add("dropped_devices")
        closed += _close(name, device, device.latest - self._lateness)
        return self._decide(closed) if closed else []

    def _is_far(self, time: int, device: Device) -> bool:
        earliest = device.latest - self._lateness - self._gap
        return not earliest <= time <= device.latest + self._gap

    def _note_jump(self, time: int, device: Device) -> None:
        """Refuse a reading that is far off, unless enough in a row agree on its time."""
        count = 1
        if device.jump is not None and abs(time - device.jump[0]) <= self._gap:
            count += device.jump[1]
        device.jump = (time, count)
        if count < RESTART_AFTER:
            raise Refused("jumped")

    def _decide(self, closed: list[Closed]) -> list[Decision]:
        answers = self._engine.answer([(row, device.window) for _, device, _, row in closed])
        self._counters.add("ticks", len(closed))
        return [
            self._decision(name, tick, answer)
            for (name, _, tick, _), answer in zip(closed, answers, strict=True)
        ]

    def _decision(self, name: str | int, tick: int, answer: Answer) -> Decision:
        time = self._write_time(tick)
        if answer.status != OK or answer.scores is None:
            self._counters.add("refused_rows")
            reason = _REFUSED.get(answer.status, f"no decision: {answer.status}")
            return Decision(name, time, None, None, None, {}, reason, answer.status)
        health, cyber = answer.scores
        probabilities = {
            head: dict(zip(classes, shares.tolist(), strict=True))
            for (head, classes), shares in zip(
                self._engine.heads, answer.probabilities, strict=True
            )
        }
        reason = self._engine.rule.reason(health, cyber)
        return Decision(
            name, time, answer.decision, float(health), float(cyber), probabilities, reason, OK
        )


_MESSAGE = {"stream", "device", "time", "values"}


def _close(name: str | int, device: Device, end: int) -> list[Closed]:
    """Close the ticks of a device before a time."""
    return [(name, device, *one) for one in device.ticks.close_before(end)]


def _in_seconds(tolerance: Any) -> Any:
    if isinstance(tolerance, Mapping):
        return {name: _in_seconds(one) for name, one in tolerance.items()}
    return None if tolerance is None else read_duration(tolerance, "tolerance") / SECOND
