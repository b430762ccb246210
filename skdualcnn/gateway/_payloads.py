"""What payloads mean: a reading, or a command of an operator."""

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from skdualcnn.gateway._strict_json import read_json
from skdualcnn.streaming._readings import LONGEST_TEXT, Refused

RFC_3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"
LATEST_SECONDS = 9.2e9
"""Of what fits into 64 bits as nanoseconds: the year 2261."""
_TIME = re.compile(RFC_3339.removesuffix("$"), re.ASCII)


class Reading(NamedTuple):
    """What a device measured; the streams say which values there must be."""

    time: datetime
    values: dict[str, Any]


class Acknowledge(NamedTuple):
    """Somebody has seen an alert."""

    alert: int
    by: str | None


class Silence(NamedTuple):
    """Raise nothing on a device before a time; None ends it."""

    device: str
    until: datetime | None


def read_reading(payload: bytes, most_bytes: int, categorical: frozenset[str]) -> Reading:
    """Return the reading in a payload; only the categorical values may be true or false.

    Raises
    ------
    Refused
        As :func:`read_json` does; as "bad_form" if members are missing, unknown or of
        another type; as "bad_time".
    """
    read = read_json(payload, most_bytes)
    if not isinstance(read, dict) or read.keys() != {"time", "values"}:
        raise Refused("bad_form")
    values = read["values"]
    if not isinstance(values, dict):
        raise Refused("bad_form")
    if any(isinstance(values[name], bool) for name in values.keys() - categorical):
        raise Refused("bad_form")  # Python would take it for 0 or 1
    return Reading(read_time(read["time"]), values)


def read_command(payload: bytes, most_bytes: int) -> Acknowledge | Silence:
    """Return the command in a payload.

    Raises
    ------
    Refused
        As for readings.
    """
    read = read_json(payload, most_bytes)
    name = read.get("command") if isinstance(read, dict) else None
    if name == "acknowledge" and {"alert"} <= read.keys() - {"command"} <= {"alert", "by"}:
        alert, by = read["alert"], read.get("by")
        if type(alert) is int and (by is None or _is_name(by)):
            return Acknowledge(alert, by)
    if name == "silence" and read.keys() == {"command", "device", "until"}:
        device, until = read["device"], read["until"]
        if _is_name(device):
            return Silence(device, None if until is None else read_time(until))
    raise Refused("bad_form")


def read_time(value: Any) -> datetime:
    """Return a time: text as RFC 3339 has it, with a zone, or seconds since 1970.

    Of text, digits beyond microseconds are cut off; seconds are rounded to microseconds,
    which floats do not hold exactly.

    Raises
    ------
    Refused
        As "bad_time".

    Examples
    --------
    >>> read_time("2024-01-01T09:00:00.25+01:00") == read_time(1704096000.25)
    True
    """
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            time = datetime.fromisoformat(value)
            if abs(time.timestamp()) <= LATEST_SECONDS:
                return time
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 <= value <= LATEST_SECONDS:
            return datetime.fromtimestamp(value, UTC)
    except ValueError:  # the 31st of February
        pass
    raise Refused("bad_time")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT
