"""From decisions to alerts, with what operators do to them."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from threading import RLock
from typing import Any

from skdualcnn.exceptions import StreamError
from skdualcnn.streaming._alert_track import KINDS, Alert, AlertPolicy, Change, Track
from skdualcnn.streaming._decision import Decision
from skdualcnn.streaming._readings import read_device
from skdualcnn.streaming._times import Kind, expect_time, time_reader, time_writer

_TIMES = ("raised_at", "escalated_at", "acknowledged_at", "cleared_at")


@dataclass(frozen=True)
class AlertEvent:
    """A change of an alert.

    Attributes
    ----------
    kind : {"raised", "escalated", "acknowledged", "cleared", "dropped"}
        "dropped": its device was forgotten, to make room for others.
    time : float, pandas.Timestamp or None
        None for one that is dropped.
    alert : Alert
        As it is after the change.
    """

    kind: Change
    time: Any
    alert: Alert

    def record(self) -> dict[str, Any]:
        """Return the event as what JSON can hold.

        Returns
        -------
        dict
            "event", "time", and the fields of the alert; a time that is no number is
            text in ISO 8601.
        """
        fields = {"event": self.kind, "time": self.time, **asdict(self.alert)}
        return {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in fields.items()
        }


class AlertDesk:
    """Watches the decisions of many devices and says when an alert changes.

    Nothing here looks at a clock: time is that of the decisions, and of the calls.

    Parameters
    ----------
    policies : sequence of AlertPolicy or None, default=None
        At most one of a kind; None: both kinds, with the defaults.
    times : {"seconds", "naive", "aware"}, default="seconds"
        What times are, as for the detector.
    max_devices : int, default=10000
        Devices to keep; beyond, the one that was not heard of for longest is forgotten.

    Raises
    ------
    StreamError
        If there are two policies of a kind, or none.

    See Also
    --------
    OnlineDetector : Makes the decisions.

    Notes
    -----
    All methods may be called from any thread; they run one after another.

    Examples
    --------
    >>> from skdualcnn.streaming import AlertDesk, AlertPolicy, Decision
    >>> desk = AlertDesk([AlertPolicy("medical", raise_count=2, raise_window=3)])
    >>> for tick in range(4):
    ...     decision = Decision("bed 4", tick * 60.0, "medical", 0.9, 0.1, {}, "so high", "ok")
    ...     for event in desk.observe(decision):
    ...         print(event.kind, event.time, event.alert.level)
    raised 60.0 1
    escalated 180.0 2
    >>> [event.kind for event in desk.acknowledge(desk.active[0].id, 200.0, by="Dr Ash")]
    ['acknowledged']
    """

    def __init__(
        self,
        policies: Sequence[AlertPolicy] | None = None,
        *,
        times: Kind = "seconds",
        max_devices: int = 10_000,
    ) -> None:
        chosen = [AlertPolicy("medical"), AlertPolicy("cyber")] if policies is None else policies
        self._policies = tuple(chosen)
        kinds = [policy.kind for policy in self._policies]
        if not kinds or len(set(kinds)) < len(kinds):
            raise StreamError(f"The policies are of {kinds}, expected one or two kinds, each once.")
        if not isinstance(max_devices, int) or max_devices < 1:
            raise StreamError(f"max_devices is {max_devices!r}, expected a number of 1 or more.")
        self._times = times
        self._read_time = time_reader(times)
        self._write_time = time_writer(times)
        self._max_devices = max_devices
        self._devices: OrderedDict[str | int, _Watched] = OrderedDict()
        self._last_id = 0
        self._lock = RLock()

    @property
    def active(self) -> list[Alert]:
        """Alerts that are not cleared, in the order they were raised."""
        with self._lock:
            alerts = [
                track.alert
                for watched in self._devices.values()
                for track in watched.tracks
                if track.alert is not None
            ]
        return [self._shown(alert) for alert in sorted(alerts, key=lambda alert: alert.id)]

    def observe(self, decision: Decision) -> list[AlertEvent]:
        """Take a decision; those of a device in the order of time.

        One that is before the last is by a clock that was set back: what the alerts of the
        device have of later times becomes this one.

        Parameters
        ----------
        decision : Decision
            Of a detector.

        Returns
        -------
        list of AlertEvent
            What it changes.

        Raises
        ------
        StreamError
            If its time is of another kind.
        """
        time = self._expect(decision.time)
        with self._lock:
            watched, changes = self._watch(decision.device)
            watched.note(time)
            if decision.decision is not None:
                for track in watched.tracks:
                    new = Alert(
                        self._last_id + 1,
                        decision.device,
                        track.policy.kind,
                        1,
                        time,
                        decision.reason,
                    )
                    role = KINDS.index(track.policy.kind)
                    score = (decision.health_score, decision.cyber_score)[role] or 0.0
                    is_silent = watched.is_silent(time)
                    change = track.observe(new, decision.decision, score, is_silent=is_silent)
                    self._last_id += change is not None and change[0] == "raised"
                    changes.append(change)
            changes += [track.escalate(time, watched.silent_until) for track in watched.tracks]
            return self._events(changes, time)

    def advance(self, time: Any) -> list[AlertEvent]:
        """Say that time has come so far, for alerts to escalate without a new decision.

        Parameters
        ----------
        time : float or datetime
            As `times` says.

        Returns
        -------
        list of AlertEvent
            Those that went up a level.

        Raises
        ------
        StreamError
            If it is no such time.
        """
        now = self._expect(time)
        with self._lock:
            return self._events(
                [
                    track.escalate(now, watched.silent_until)
                    for watched in self._devices.values()
                    for track in watched.tracks
                ],
                now,
            )

    def acknowledge(self, alert_id: int, time: Any, by: str | None = None) -> list[AlertEvent]:
        """Note that somebody has seen an alert: it then only escalates by persisting.

        Parameters
        ----------
        alert_id : int
            Number of the alert.
        time : float or datetime
            When, as `times` says.
        by : str or None, default=None
            Who.

        Returns
        -------
        list of AlertEvent
            One; none if it was acknowledged before, is cleared or was never there.

        Raises
        ------
        StreamError
            If `time` is no such time.
        """
        now = self._expect(time)
        with self._lock:
            changes = [
                track.acknowledge(now, by)
                for watched in self._devices.values()
                for track in watched.tracks
                if track.alert is not None and track.alert.id == alert_id
            ]
            return self._events(changes, now)

    def silence(self, device: str | int, until: Any) -> list[AlertEvent]:
        """Raise and escalate nothing on a device before a time; what is calm is cleared.

        Parameters
        ----------
        device : str or int
            Which.
        until : float, datetime or None
            None ends the silence.

        Returns
        -------
        list of AlertEvent
            Of the alerts that were dropped, if another device was forgotten to make room.

        Raises
        ------
        StreamError
            If it is no such time.
        """
        end = None if until is None else self._expect(until)
        with self._lock:
            watched, dropped = self._watch(device)
            watched.silent_until = end
            return self._events(dropped, None)

    def get_state(self) -> dict[str, Any]:
        """Return all that is known, as what JSON can hold.

        Returns
        -------
        dict
            For :meth:`set_state`.
        """
        with self._lock:
            return {
                "policies": [asdict(policy) for policy in self._policies],
                "times": self._times,
                "last_id": self._last_id,
                "devices": [
                    {
                        "device": name,
                        "silent_until": watched.silent_until,
                        "latest": watched.latest,
                        "tracks": [
                            {
                                "history": list(track.history),
                                "calm": track.calm,
                                "alert": None if track.alert is None else asdict(track.alert),
                            }
                            for track in watched.tracks
                        ],
                    }
                    for name, watched in self._devices.items()
                ],
            }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that :meth:`get_state` gave.

        Parameters
        ----------
        state : dict
            Of a desk with the same policies.

        Raises
        ------
        StreamError
            If it is of other policies, or no state of a desk; nothing is changed then.
        """
        expected = ([asdict(policy) for policy in self._policies], self._times)
        try:
            if (state["policies"], state["times"]) != expected:
                raise StreamError(
                    f"The state is of the policies {state['policies']} and times "
                    f"{state['times']!r}, expected {expected[0]} and {expected[1]!r}."
                )
            devices = OrderedDict(
                (read_device(one["device"]), _Watched.load(self._policies, one))
                for one in state["devices"]
            )
            last_id = int(state["last_id"])
        except StreamError:
            raise
        except Exception as error:  # whatever a damaged state makes some constructor raise
            raise StreamError(
                f"This is no state of an AlertDesk ({type(error).__name__}: {str(error)[:200]}), "
                "expected what get_state returned."
            ) from error
        with self._lock:
            self._devices, self._last_id = devices, last_id

    def _expect(self, time: Any) -> int:
        return expect_time(self._read_time, time, self._times)

    def _watch(self, device: str | int) -> tuple["_Watched", list[tuple[Change, Alert] | None]]:
        """Return what is kept of a device, and the alerts that were dropped to make room."""
        dropped: list[tuple[Change, Alert] | None] = []
        watched = self._devices.get(device)
        if watched is None:
            watched = self._devices[device] = _Watched(self._policies)
        self._devices.move_to_end(device)
        if len(self._devices) > self._max_devices:
            _, forgotten = self._devices.popitem(last=False)
            dropped += [("dropped", one.alert) for one in forgotten.tracks if one.alert is not None]
        return watched, dropped

    def _events(
        self, changes: Sequence[tuple[Change, Alert] | None], time: int | None
    ) -> list[AlertEvent]:
        """Return the events of changes at a time; what is dropped has none."""
        return [
            AlertEvent(
                kind,
                None if time is None or kind == "dropped" else self._write_time(time),
                self._shown(one),
            )
            for kind, one in filter(None, changes)
        ]

    def _shown(self, alert: Alert) -> Alert:
        """Return an alert with times of the kind that callers have."""
        times = {name: getattr(alert, name) for name in _TIMES}
        shown: dict[str, Any] = {
            name: None if time is None else self._write_time(time) for name, time in times.items()
        }
        return replace(alert, **shown)


class _Watched:
    """What a desk keeps of one device."""

    __slots__ = ("latest", "silent_until", "tracks")

    def __init__(self, policies: Sequence[AlertPolicy]) -> None:
        self.tracks = [Track(policy) for policy in policies]
        self.silent_until: int | None = None
        self.latest: int | None = None

    @classmethod
    def load(cls, policies: Sequence[AlertPolicy], state: Mapping[str, Any]) -> "_Watched":
        watched = cls(policies)
        until = state["silent_until"]
        watched.silent_until = None if until is None else int(until)
        latest = state.get("latest")  # earlier versions did not keep it
        watched.latest = None if latest is None else int(latest)
        for track, one in zip(watched.tracks, state["tracks"], strict=True):
            track.history.extend(bool(alarming) for alarming in one["history"])
            track.calm = int(one["calm"])
            track.alert = None if one["alert"] is None else Alert(**one["alert"])
        return watched

    def note(self, time: int) -> None:
        """Note the time of a decision; one before the last is by a clock that was set back."""
        if self.latest is not None and time < self.latest:
            for track in self.tracks:
                track.set_back(time)
        self.latest = time

    def is_silent(self, time: int) -> bool:
        return self.silent_until is not None and time < self.silent_until
