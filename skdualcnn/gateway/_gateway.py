"""What a gateway does with a message, whatever brings it."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from threading import RLock
from time import time
from typing import Any, Literal, NamedTuple

import pandas as pd

from skdualcnn.exceptions import StreamError
from skdualcnn.gateway._guard import DeviceGuard, Limits
from skdualcnn.gateway._payloads import Acknowledge, read_command, read_reading
from skdualcnn.gateway._settings import Settings, streams_of
from skdualcnn.gateway._topics import ReadingTopic, Topics, is_level
from skdualcnn.streaming import AlertDesk, AlertEvent, Decision, OnlineDetector
from skdualcnn.streaming._readings import Refused

REFUSALS = (
    "bad_topic",
    "unknown_device",
    "too_many_devices",
    "rate_limited",
    "too_large",
    "not_utf8",
    "not_json",
    "duplicate_key",
    "too_deep",
    "bad_number",
    "bad_form",
    "bad_time",
)
OUTCOMES = ("reading", "command", "command_without_effect", *REFUSALS)
"""What became of messages; a reading may still be refused by the detector, which counts it."""
Clock = Literal["wall", "readings"]


class Outgoing(NamedTuple):
    """A message to publish; decisions and alerts are retained, for those who subscribe later.

    Parameters
    ----------
    topic : str
        Where.
    payload : bytes
        JSON.
    """

    topic: str
    payload: bytes


class Gateway:
    """Messages in, decisions and alerts out; it knows no network.

    A message that cannot be used never raises and changes nothing; it is counted.

    Parameters
    ----------
    model : FusionDecider or CompiledPredictor
        As for :class:`~skdualcnn.streaming.OnlineDetector`.
    settings : Settings or None, default=None
        How readings become rows, and decisions alerts.
    topics : Topics or None, default=None
        Where messages come in and go out.
    limits : Limits or None, default=None
        What devices may send.
    clock : {"wall", "readings"}, default="wall"
        What closes the ticks of silent devices and escalates alerts: the wall clock, by
        :meth:`advance`; or nothing but readings, as for a recording that is replayed.
    grace : float, default=5.0
        Seconds that a reading may be on its way: a tick closes by the wall clock that
        much later.
    now : callable, default=time.time
        The wall clock, in seconds since 1970.

    Attributes
    ----------
    detector : OnlineDetector
    desk : AlertDesk
    topics : Topics
    streams : dict of str to list of str
        Name of each stream and its columns.
    signature : str
        Differs for settings with which a saved state cannot go on.

    Raises
    ------
    StreamError
        If the settings are for another model, or a parameter is out of range.
    AlignmentError
        If `align_streams` would not take the settings.

    Notes
    -----
    All methods may be called from any thread; they run one after another.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.gateway import Gateway, Settings
    >>> rows = np.random.default_rng(0).random((80, 3))
    >>> X = pd.DataFrame(rows, columns=["pulse", "spo2", "rate"])
    >>> y = pd.DataFrame({"health": X["pulse"] > 0.7, "cyber": X["rate"] > 0.7}).astype(int)
    >>> decider = FusionDecider(DualPathCNNClassifier(max_epochs=1, random_state=0)).fit(X, y)
    >>> streams = {"patient": ["pulse", "spo2", "rate"]}
    >>> gateway = Gateway(decider, Settings({"streams": streams, "freq": "1s"}))
    >>> for second in ("00", "01", "02"):
    ...     reading = f'{{"time": "2024-01-01T08:00:{second}Z", "values": {{"pulse": 0.5, '
    ...     reading += '"spo2": 0.9, "rate": null}}'
    ...     for one in gateway.receive("skdualcnn/readings/bed 4/patient", reading.encode()):
    ...         print(one.topic)
    skdualcnn/decisions/bed 4
    skdualcnn/decisions/bed 4
    >>> gateway.receive("skdualcnn/readings/bed 4/patient", b"NaN")
    []
    >>> gateway.counts["not_json"]
    1
    """

    def __init__(
        self,
        model: Any,
        settings: Settings | None = None,
        *,
        topics: Topics | None = None,
        limits: Limits | None = None,
        clock: Clock = "wall",
        grace: float = 5.0,
        now: Callable[[], float] = time,
    ) -> None:
        settings = Settings() if settings is None else settings
        if clock not in ("wall", "readings"):
            raise StreamError(f"clock is {clock!r}, expected 'wall' or 'readings'.")
        if not 0 <= grace < float("inf"):
            raise StreamError(f"grace is {grace!r}, expected a number of seconds, 0 or more.")
        self.topics = Topics() if topics is None else topics
        self._limits = Limits() if limits is None else limits
        self._clock = clock
        self._grace = grace
        self._now = now
        options = dict(settings.detector)
        streams = options.pop("streams", None)
        most = self._limits.max_devices
        self.streams = streams_of(model) if streams is None else streams
        self.detector = OnlineDetector(
            model, self.streams, **options, times="aware", max_devices=most
        )
        unreachable = [name for name in self.streams if not is_level(name)]
        if unreachable:
            raise StreamError(
                f"The streams are named {list(self.streams)}, of which {unreachable} cannot be a "
                "level of a topic; expected names that are not empty, without /, + and #."
            )
        self.desk = AlertDesk(settings.alerts, times="aware", max_devices=most)
        self.signature = json.dumps(
            {**options, "streams": self.streams, "max_devices": most}, default=str, sort_keys=True
        )
        self._guard = DeviceGuard(self._limits, (), now())
        self._latest: pd.Timestamp | None = None
        self._lock = RLock()
        self._outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._decisions: Counter[str] = Counter()
        self._events: Counter[tuple[str, str]] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """What became of the messages, counted since the gateway was made.

        ``reading``, given to the detector, whose own counters say what it made of them;
        ``command``, and ``command_without_effect``; the others were refused.
        """
        with self._lock:
            return dict(self._outcomes)

    @property
    def decision_counts(self) -> dict[str, int]:
        """Decisions published, by what was decided; "refused" where nothing was."""
        with self._lock:
            return dict(self._decisions)

    @property
    def event_counts(self) -> dict[tuple[str, str], int]:
        """Changes of alerts published, by kind of alert and of change."""
        with self._lock:
            return dict(self._events)

    def receive(self, topic: str, payload: bytes) -> list[Outgoing]:
        """Take a message.

        Parameters
        ----------
        topic : str
            Where it came in.
        payload : bytes
            JSON, as docs/gateway.md describes it.

        Returns
        -------
        list of Outgoing
            Decisions and changes of alerts that it leads to, in the order to publish.
        """
        with self._lock:
            try:
                address = self.topics.read(topic)
                if address is None:
                    return self._command(payload)
                return self._reading(address, payload)
            except Refused as refusal:
                self._outcomes[refusal.kind] += 1
                return []

    def advance(self) -> list[Outgoing]:
        """Close what the wall clock closes, and escalate what has waited too long.

        Returns
        -------
        list of Outgoing
            As :meth:`receive` does; nothing if only readings count as time.
        """
        if self._clock == "readings":
            return []
        with self._lock:
            now = self._now()
            until = pd.Timestamp(now - self._grace, unit="s", tz="UTC")
            outgoing = self._publish(self.detector.advance(until))
            return outgoing + self._announce(self.desk.advance(self._time()))

    def resume(self, detector: OnlineDetector, desk: Any) -> None:
        """Go on from a state that was saved.

        Parameters
        ----------
        detector : OnlineDetector
            Restored, with the settings of this gateway.
        desk : dict
            Of :meth:`~skdualcnn.streaming.AlertDesk.get_state`.

        Raises
        ------
        StreamError
            If the desk's state is of other policies.
        """
        with self._lock:
            self.desk.set_state(desk)
            self.detector = detector
            known = [str(device) for device in detector.devices]
            self._guard = DeviceGuard(self._limits, known, self._now())

    def _reading(self, address: ReadingTopic, payload: bytes) -> list[Outgoing]:
        now = self._now()
        self._guard.admit(address.device, now)
        reading = read_reading(payload, self._limits.max_payload, self.detector.categorical)
        self._outcomes["reading"] += 1
        accepted = self.detector.counters["accepted"]
        decisions = self.detector.push(address.stream, address.device, reading.time, reading.values)
        if self.detector.counters["accepted"] > accepted:
            self._guard.note(address.device, now)
        return self._publish(decisions)

    def _command(self, payload: bytes) -> list[Outgoing]:
        command = read_command(payload, self._limits.max_payload)
        events: list[AlertEvent] = []
        if isinstance(command, Acknowledge):
            events = self.desk.acknowledge(command.alert, self._time(), command.by)
            has_effect = bool(events)
        else:
            has_effect = command.device in self._guard
            if has_effect:
                events = self.desk.silence(command.device, command.until)
        self._outcomes["command" if has_effect else "command_without_effect"] += 1
        return self._announce(events)

    def _time(self) -> pd.Timestamp:
        """Return what time it is for alerts."""
        if self._clock == "readings" and self._latest is not None:
            return self._latest
        return pd.Timestamp(self._now(), unit="s", tz="UTC")

    def _publish(self, decisions: Iterable[Decision]) -> list[Outgoing]:
        outgoing = []
        for one in decisions:
            self._latest = one.time if self._latest is None else max(self._latest, one.time)
            self._decisions[one.decision or "refused"] += 1
            outgoing.append(_outgoing(self.topics.decisions(one.device), one.record()))
            outgoing += self._announce(self.desk.observe(one))
        return outgoing

    def _announce(self, events: Iterable[AlertEvent]) -> list[Outgoing]:
        outgoing = []
        for event in events:
            alert = event.alert
            self._events[alert.kind, event.kind] += 1
            topic = self.topics.alerts(alert.device, alert.kind)
            outgoing.append(_outgoing(topic, event.record()))
        return outgoing


def _outgoing(topic: str, record: dict[str, Any]) -> Outgoing:
    return Outgoing(topic, json.dumps(record, allow_nan=False, ensure_ascii=False).encode())
