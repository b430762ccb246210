"""What a gateway knows, as one file: its detector, its alerts, what it has yet to deliver."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from skdualcnn._model_file import read_model_file, write_model_file
from skdualcnn.exceptions import StreamError
from skdualcnn.gateway._gateway import Gateway, Outgoing
from skdualcnn.streaming import OnlineDetector

KIND = "gateway state 1"


def save_state(path: str | os.PathLike[str], gateway: Gateway, pending: Sequence[Outgoing]) -> Path:
    """Write the state whole or not at all.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced.
    gateway : Gateway
        It must not take messages meanwhile.
    pending : sequence of Outgoing
        What the broker has not confirmed.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier one is then as it was.
    """
    with TemporaryDirectory() as folder:
        detector = gateway.detector.save(Path(folder) / "detector").read_bytes()
    rest = {
        "desk": gateway.desk.get_state(),
        "pending": [[one.topic, one.payload.decode()] for one in pending],
    }
    arrays = {
        "detector": np.frombuffer(detector, dtype=np.uint8),
        "rest": np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8),
    }
    return write_model_file(path, {"kind": KIND, "signature": gateway.signature}, arrays)


def restore_state(path: str | os.PathLike[str], gateway: Gateway, model: Any) -> list[Outgoing]:
    """Bring a new gateway to the state in a file, and return what it has yet to deliver.

    Raises
    ------
    StreamError
        If it is of another model or other settings, or no state of a gateway.
    ModelFileError
        If the file is truncated, altered or of another format.
    OSError
        If it cannot be read.
    """
    name = os.fspath(path)
    document, arrays = read_model_file(path)
    if document.get("kind") != KIND or arrays.keys() != {"detector", "rest"}:
        raise StreamError(f"{name} is no state of a gateway, expected a file that one saved.")
    if document.get("signature") != gateway.signature:
        raise StreamError(
            f"{name} was saved with other settings than those given. Give the same, or choose "
            "another file for the state: the gateway then starts afresh."
        )
    with TemporaryDirectory() as folder:
        inner = Path(folder) / "detector"
        inner.write_bytes(arrays["detector"].tobytes())
        try:
            detector = OnlineDetector.restore(inner, model)
        except StreamError as error:
            raise StreamError(
                f"{name} is not of this model: {str(error).replace(str(inner), name)} Give the "
                "model that it was saved with, or choose another file for the state."
            ) from error
    try:
        rest = json.loads(arrays["rest"].tobytes())
        pending = [Outgoing(topic, payload.encode()) for topic, payload in rest["pending"]]
        desk = rest["desk"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise StreamError(f"{name} is no state of a gateway ({error!r}).") from error
    gateway.resume(detector, desk)
    return pending
