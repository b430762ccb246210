"""Which devices may send, and how much."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from skdualcnn.exceptions import StreamError
from skdualcnn.streaming._readings import Refused


@dataclass(frozen=True)
class Limits:
    """What one device, and all of them, may ask of the gateway.

    Parameters
    ----------
    max_payload : int, default=65536
        Bytes of a message; larger ones are not parsed.
    max_devices : int, default=1000
        Devices to know. A further one is refused, unless another has been silent for
        `forget_after`, which is then forgotten.
    forget_after : float, default=86400.0
        Seconds.
    max_rate : float, default=50.0
        Messages per second that a device may send for long, and all devices that have
        sent nothing valid yet, together; 0: any number.
    max_burst : float, default=500.0
        Messages that it may send at once.
    devices : frozenset of str or None, default=None
        The only devices to listen to; None: any.

    Raises
    ------
    StreamError
        If a number is out of range.

    Examples
    --------
    >>> from skdualcnn.gateway import Limits
    >>> Limits(max_rate=10.0, devices=frozenset({"bed 4", "bed 5"})).max_devices
    1000
    """

    max_payload: int = 65_536
    max_devices: int = 1000
    forget_after: float = 86_400.0
    max_rate: float = 50.0
    max_burst: float = 500.0
    devices: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name, least in (
            ("max_payload", 1),
            ("max_devices", 1),
            ("forget_after", 0),
            ("max_rate", 0),
            ("max_burst", 1),
        ):
            value = getattr(self, name)
            if not least <= value < float("inf"):
                raise StreamError(f"{name} is {value!r}, expected a number of {least} or more.")


class Bucket:
    """A bucket of tokens: one a message, filled at a rate up to a burst."""

    __slots__ = ("heard", "level", "time")

    def __init__(self, level: float, time: float) -> None:
        self.level = level
        self.time = time
        self.heard = time
        """When the device last sent something valid."""

    def take(self, now: float, limits: Limits) -> bool:
        """Take a token, if there is one."""
        if not limits.max_rate:
            return True
        elapsed = max(0.0, now - self.time)  # clocks are set back at times
        self.level = min(limits.max_burst, self.level + elapsed * limits.max_rate)
        self.time = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class DeviceGuard:
    """Admits messages by device, before anything of them is parsed.

    Parameters
    ----------
    limits : Limits
    known : iterable of str
        Devices that are known already.
    now : float
        Seconds.
    """

    def __init__(self, limits: Limits, known: Iterable[str], now: float) -> None:
        self._limits = limits
        self._buckets = OrderedDict((name, Bucket(limits.max_burst, now)) for name in known)
        self._strangers = Bucket(limits.max_burst, now)

    def __contains__(self, device: str) -> bool:
        return device in self._buckets

    def admit(self, device: str, now: float) -> None:
        """Let a message through, or not.

        Raises
        ------
        Refused
            As "unknown_device", "too_many_devices" or "rate_limited".
        """
        limits = self._limits
        if limits.devices is not None and device not in limits.devices:
            raise Refused("unknown_device")
        bucket = self._buckets.get(device, self._strangers)
        if not bucket.take(now, limits):
            raise Refused("rate_limited")
        if bucket is self._strangers and len(self._buckets) >= limits.max_devices:
            longest_silent = next(iter(self._buckets.values()))
            if now - longest_silent.heard < limits.forget_after:
                raise Refused("too_many_devices")

    def note(self, device: str, now: float) -> None:
        """Note that a device sent something valid."""
        bucket = self._buckets.get(device)
        if bucket is None:
            bucket = self._buckets[device] = Bucket(self._limits.max_burst, now)
        bucket.heard = now
        self._buckets.move_to_end(device)
        if len(self._buckets) > self._limits.max_devices:
            self._buckets.popitem(last=False)
