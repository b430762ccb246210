"""The payloads as JSON Schema, for those who write the other side."""

from typing import Any

from skdualcnn.gateway._gateway import Gateway
from skdualcnn.gateway._payloads import LATEST_SECONDS, RFC_3339
from skdualcnn.streaming._readings import LARGEST, LONGEST_TEXT

_NUMBER = {"type": ["number", "null"], "minimum": -LARGEST, "maximum": LARGEST}
_TEXT = {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT}
_TIME = {
    "oneOf": [
        {"type": "string", "pattern": RFC_3339},
        {"type": "number", "minimum": 0, "maximum": LATEST_SECONDS},
    ]
}
_NAME = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_STAMP = {"type": ["string", "null"], "format": "date-time"}
_SCORE = {"type": ["number", "null"]}


def payload_schema(gateway: Gateway) -> dict[str, Any]:
    """Return a JSON Schema (2020-12) of a gateway's payloads, with a definition for each.

    Parameters
    ----------
    gateway : Gateway

    Returns
    -------
    dict
        Under "$defs": "reading-STREAM" for each stream, "command", "decision", "alert"
        and "status".
    """
    text = gateway.detector.categorical
    readings = {
        f"reading-{stream}": _closed(
            time=_TIME,
            values=_closed(**{name: _TEXT if name in text else _NUMBER for name in columns}),
        )
        for stream, columns in gateway.streams.items()
    }
    acknowledge = _closed(command={"const": "acknowledge"}, alert={"type": "integer"}, by=_NAME)
    acknowledge["properties"]["by"] = {**_NAME, "type": ["string", "null"]}
    acknowledge["required"].remove("by")
    silence = _closed(
        command={"const": "silence"}, device=_NAME, until={"oneOf": [*_TIME["oneOf"], _NULL]}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Payloads of skdualcnn gateway",
        "$defs": {
            **readings,
            "command": {"oneOf": [acknowledge, silence]},
            "decision": _DECISION,
            "alert": _ALERT,
            "status": _closed(status={"enum": ["online", "offline", "lost"]}),
        },
    }


def _closed(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_NULL = {"type": "null"}
_DECISION = _closed(
    device=_NAME,
    time={"type": "string", "format": "date-time"},
    decision={"enum": ["normal", "medical", "cyber", "both", "uncertain", None]},
    health_score=_SCORE,
    cyber_score=_SCORE,
    probabilities={
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
        },
    },
    reason={"type": "string"},
    status={"enum": ["ok", "missing", "range", "infinite", "refused"]},
)
_ALERT = _closed(
    event={"enum": ["raised", "escalated", "acknowledged", "cleared", "dropped"]},
    time=_STAMP,
    id={"type": "integer", "minimum": 1},
    device=_NAME,
    kind={"enum": ["medical", "cyber"]},
    level={"type": "integer", "minimum": 1},
    raised_at=_STAMP,
    reason={"type": "string"},
    escalated_at=_STAMP,
    acknowledged_at=_STAMP,
    acknowledged_by={"type": ["string", "null"]},
    cleared_at=_STAMP,
)
