"""What a detector knows of its devices, as a file of plain data."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdualcnn._model_file import read_model_file, write_model_file
from skdualcnn.exceptions import StreamError
from skdualcnn.streaming._columns import TickPlan
from skdualcnn.streaming._readings import Values, is_missing, read_device
from skdualcnn.streaming._ticks import DeviceTicks

KIND = "stream state 1"


def write_state(
    path: str | os.PathLike[str],
    header: Mapping[str, Any],
    devices: NDArray[np.uint8],
    windows: NDArray[Any],
) -> Path:
    """Write a detector's state in the sealed container of saved models."""
    arrays = {"devices": devices, "windows": windows}
    return write_model_file(path, {"kind": KIND, **header}, arrays)


def read_state(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any]]:
    """Return header, devices and windows of a file that :func:`write_state` wrote.

    Raises
    ------
    StreamError
        If it holds something else.
    ModelFileError
        If it is truncated, altered or of another format.
    """
    header, arrays = read_model_file(path)
    if header.get("kind") != KIND or arrays.keys() != {"devices", "windows"}:
        raise StreamError(
            f"{os.fspath(path)} holds {header.get('kind', 'a model')!r}, expected {KIND!r}: a file "
            "that OnlineDetector.save of this version wrote."
        )
    return header, arrays["devices"], arrays["windows"]


def dump_devices(devices: Mapping[str | int, Any]) -> NDArray[np.uint8]:
    """Return the devices, windows apart, as the bytes of a JSON text."""
    listed = [
        {
            "device": name,
            "jump": device.jump,
            "latest": device.ticks.latest,
            "closed": device.ticks.closed,
            "next": device.ticks.next,
            "open": [
                [tick, [[[time, _plain(one)] for time, one in some.items()] for some in interval]]
                for tick, interval in device.ticks.open.items()
            ],
            "newest": [
                None if one is None else [one[0], _plain(one[1])] for one in device.ticks.newest
            ],
            "valid": [
                [[column, time, value] for column, (time, value) in some.items()]
                for some in device.ticks.valid
            ],
        }
        for name, device in devices.items()
    ]
    text = json.dumps(listed, allow_nan=False, separators=(",", ":"))
    return np.frombuffer(text.encode(), dtype=np.uint8)


def load_devices(
    dumped: NDArray[Any], plan: TickPlan, freq: int
) -> list[tuple[str | int, DeviceTicks, tuple[int, int] | None]]:
    """Return name, ticks and jump of each device that :func:`dump_devices` wrote.

    Raises
    ------
    Exception
        Of any kind, if they are of another form.
    """
    return [
        (
            read_device(one["device"]),
            _load_ticks(one, plan, freq),
            None if one["jump"] is None else (int(one["jump"][0]), int(one["jump"][1])),
        )
        for one in json.loads(dumped.tobytes())
    ]


def _load_ticks(one: Mapping[str, Any], plan: TickPlan, freq: int) -> DeviceTicks:
    ticks = DeviceTicks(plan, freq)
    ticks.latest = int(one["latest"])
    ticks.closed = None if one["closed"] is None else int(one["closed"])
    ticks.next = None if one["next"] is None else int(one["next"])
    for tick, interval in one["open"]:
        ticks.open[int(tick)] = [
            {int(time): _checked(plan, i, values) for time, values in some}
            for i, some in enumerate(interval)
        ]
        if len(interval) != len(plan.streams):
            raise ValueError(f"{len(interval)} streams in a tick")
    for i, stream in enumerate(plan.streams):
        newest = one["newest"][i]
        if newest is not None:
            ticks.newest[i] = (int(newest[0]), _checked(plan, i, newest[1]))
        width = len(stream.columns.columns)
        for column, time, value in one["valid"][i]:
            if not 0 <= column < width:
                raise ValueError(f"column {column} of {width}")
            ticks.valid[i][column] = (int(time), value)
    return ticks


def _plain(values: Values) -> list[Any]:
    return [None if is_missing(value) else value for value in values]


def _checked(plan: TickPlan, stream: int, values: list[Any]) -> Values:
    """Return values after the checks that they passed when they came."""
    columns = plan.streams[stream].columns
    return columns.read(dict(zip(columns.columns, values, strict=True)))
