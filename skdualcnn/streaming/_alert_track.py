"""When one kind of alert on one device begins, grows and ends: pure logic on times."""

from collections import deque
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal

from skdualcnn.exceptions import StreamError
from skdualcnn.preprocessing._stamps import SECOND

AlertKind = Literal["medical", "cyber"]
KINDS = ("medical", "cyber")
Change = Literal["raised", "escalated", "acknowledged", "cleared", "dropped"]


@dataclass(frozen=True)
class AlertPolicy:
    """When alerts of one kind are raised, escalated and cleared.

    Parameters
    ----------
    kind : {"medical", "cyber"}
        What it watches for. A tick is alarming if the decision is of the kind or
        "both"; it is calm if the decision is another one, but not "uncertain".
    raise_count, raise_window : int, default=3 and 5
        An alert is raised at an alarming tick, if so many of the last ticks were.
    clear_after : int, default=5
        It is cleared after so many calm ticks in a row.
    clear_below : float or None, default=None
        A tick is calm only if the score of the kind is below this as well, such as a
        little below the decider's threshold.
    escalate_after : float or None, default=120.0
        Seconds after which an alert that nobody acknowledged goes up a level.
    persist_after : float or None, default=900.0
        Seconds after which any alert goes up a level, acknowledged or not.
    max_level : int, default=3
        Highest level.

    Raises
    ------
    StreamError
        If a value is out of range.

    See Also
    --------
    AlertDesk : Applies policies to decisions.

    Notes
    -----
    Ticks whose row was refused say nothing, and count neither way. At a new level, an
    alert is to be acknowledged anew.
    """

    kind: AlertKind
    raise_count: int = 3
    raise_window: int = 5
    clear_after: int = 5
    clear_below: float | None = None
    escalate_after: float | None = 120.0
    persist_after: float | None = 900.0
    max_level: int = 3

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise StreamError(f"kind is {self.kind!r}, expected one of {list(KINDS)}.")
        for name in ("raise_count", "raise_window", "clear_after", "max_level"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise StreamError(f"{name} is {value!r}, expected a whole number of 1 or more.")
        if self.raise_count > self.raise_window:
            raise StreamError(
                f"raise_count is {self.raise_count} of {self.raise_window} ticks, expected at most "
                "raise_window."
            )
        for name in ("clear_below", "escalate_after", "persist_after"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and 0 < value * SECOND < inf
            if value is not None and not is_number:
                raise StreamError(f"{name} is {value!r}, expected a finite number > 0, or None.")


@dataclass(frozen=True)
class Alert:
    """One alert on one device, as it was at one moment.

    Attributes
    ----------
    id : int
        Number of the alert, on its desk.
    device : str or int
    kind : {"medical", "cyber"}
    level : int
        1 when it is raised, one more for each escalation.
    raised_at : float or pandas.Timestamp
    reason : str
        Of the decision that raised it.
    escalated_at, acknowledged_at : float, pandas.Timestamp or None
        When it went up to its level, and when that was acknowledged.
    acknowledged_by : str or None
    cleared_at : float, pandas.Timestamp or None
    """

    id: int
    device: str | int
    kind: str
    level: int
    raised_at: Any
    reason: str
    escalated_at: Any = None
    acknowledged_at: Any = None
    acknowledged_by: str | None = None
    cleared_at: Any = None


class Track:
    """The recent ticks of a device under one policy, and its alert; times in nanoseconds.

    Attributes
    ----------
    history : deque of bool
        Whether each of the last ticks was alarming.
    calm : int
        Calm ticks in a row.
    alert : Alert or None
        The one that is not cleared.
    """

    __slots__ = ("alert", "calm", "history", "policy")

    def __init__(self, policy: AlertPolicy) -> None:
        self.policy = policy
        self.history: deque[bool] = deque(maxlen=policy.raise_window)
        self.calm = 0
        self.alert: Alert | None = None

    def observe(
        self, new: Alert, decision: str, score: float, *, is_silent: bool
    ) -> tuple[Change, Alert] | None:
        """Take the decision of a tick; `new` is the alert that it may raise."""
        alarming = decision in (self.policy.kind, "both")
        self.history.append(alarming)
        low = self.policy.clear_below is None or score < self.policy.clear_below
        is_calm = low and not alarming and decision != "uncertain"
        self.calm = self.calm + 1 if is_calm else 0
        if self.alert is None:
            enough = alarming and sum(self.history) >= self.policy.raise_count
            return self._change("raised", new) if enough and not is_silent else None
        if self.calm < self.policy.clear_after:
            return None
        cleared = replace(self.alert, cleared_at=new.raised_at)
        self.history.clear()
        self.alert = None
        return "cleared", cleared

    def set_back(self, time: int) -> None:
        """Count from a time that the device's clock was set back to, if the alert is later."""
        if self.alert is not None:
            raised, escalated = self.alert.raised_at, self.alert.escalated_at
            escalated = None if escalated is None else min(escalated, time)
            self.alert = replace(self.alert, raised_at=min(raised, time), escalated_at=escalated)

    def escalate(self, time: int, silent_until: int | None) -> tuple[Change, Alert] | None:
        """Go up a level if it is time."""
        if self.alert is None or (silent_until is not None and time < silent_until):
            return None
        due = self._escalation_due(self.alert, silent_until)
        if due is None or time < due:
            return None
        return self._change(
            "escalated",
            replace(
                self.alert,
                level=self.alert.level + 1,
                escalated_at=time,
                acknowledged_at=None,
                acknowledged_by=None,
            ),
        )

    def acknowledge(self, time: int, by: str | None) -> tuple[Change, Alert] | None:
        """Note that somebody has seen the alert."""
        if self.alert is None or self.alert.acknowledged_at is not None:
            return None
        return self._change(
            "acknowledged", replace(self.alert, acknowledged_at=time, acknowledged_by=by)
        )

    def _escalation_due(self, alert: Alert, silent_until: int | None) -> int | None:
        waits = [self.policy.persist_after]
        if alert.acknowledged_at is None:
            waits.append(self.policy.escalate_after)
        known = [round(wait * SECOND) for wait in waits if wait is not None]
        if not known or alert.level >= self.policy.max_level:
            return None
        since = alert.raised_at if alert.escalated_at is None else alert.escalated_at
        return int(since if silent_until is None else max(since, silent_until)) + min(known)

    def _change(self, change: Change, alert: Alert) -> tuple[Change, Alert]:
        self.alert = alert
        return change, alert
