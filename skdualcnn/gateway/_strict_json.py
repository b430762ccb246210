"""JSON as RFC 8259 has it, from somebody who may be hostile."""

import json
from math import isinf
from typing import Any, NoReturn

from skdualcnn.streaming._readings import Refused

LONGEST_NUMBER = 64
"""Characters of a whole number; Python would take time and memory for thousands."""


def read_json(payload: bytes, most_bytes: int) -> Any:
    """Return what a payload holds.

    Raises
    ------
    Refused
        As "too_large", "not_utf8" (half of a surrogate pair included, which an escape
        can smuggle in), "not_json" (NaN and Infinity included), "duplicate_key",
        "too_deep" or "bad_number", one beyond the floats.
    """
    if len(payload) > most_bytes:
        raise Refused("too_large")
    try:
        text = payload.decode("utf-8")
        read = json.loads(
            text,
            object_pairs_hook=_read_object,
            parse_constant=_refuse_constant,
            parse_int=_read_integer,
            parse_float=_read_float,
        )
        if "\\u" in text:
            json.dumps(read, ensure_ascii=False).encode()  # could it be passed on?
    except UnicodeError:
        raise Refused("not_utf8") from None
    except RecursionError:
        raise Refused("too_deep") from None
    except ValueError:
        raise Refused("not_json") from None
    return read


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise Refused("duplicate_key")
    return read


def _refuse_constant(_: str) -> NoReturn:
    raise Refused("not_json")


def _read_integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise Refused("bad_number")
    return int(text)


def _read_float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise Refused("bad_number")
    return value
