"""How readings become rows, and decisions alerts: what the model does not say itself."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.compose import ColumnTransformer

from firmware_export._extract import unfreeze
from skdualcnn.exceptions import StreamError
from skdualcnn.streaming import AlertPolicy

DETECTOR = ("streams", "freq", "tolerance", "aggregate", "age", "lateness", "max_gap", "by")
"""Parameters of `OnlineDetector` that a settings file may give."""
DEFAULTS = {"freq": "1min", "tolerance": "4min"}
_POLICY = tuple(one.name for one in fields(AlertPolicy))


@dataclass(frozen=True)
class Settings:
    """Settings of a gateway's detector and of its alerts.

    Parameters
    ----------
    detector : dict, default={"freq": "1min", "tolerance": "4min"}
        Parameters of :class:`~skdualcnn.streaming.OnlineDetector`: "streams", "freq",
        "tolerance", "aggregate", "age", "lateness", "max_gap", "by". Without "streams",
        they are those of the model's `make_fusion_preprocessor`.
    alerts : tuple of AlertPolicy
        By default both kinds, with their defaults.

    Raises
    ------
    StreamError
        If a parameter is unknown.

    Examples
    --------
    >>> from skdualcnn.gateway import Settings
    >>> Settings({"freq": "10s", "tolerance": {"patient": "30s"}}).detector["freq"]
    '10s'
    """

    detector: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    alerts: Sequence[AlertPolicy] = (AlertPolicy("medical"), AlertPolicy("cyber"))

    def __post_init__(self) -> None:
        unknown = sorted(set(self.detector) - set(DETECTOR))
        if unknown:
            raise StreamError(f"The detector's settings have {unknown}, expected {list(DETECTOR)}.")

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read settings from a JSON file.

        Parameters
        ----------
        path : path-like
            An object with "detector", an object, and "alerts", a list of objects with
            the parameters of :class:`~skdualcnn.streaming.AlertPolicy`; each may be left
            out.

        Returns
        -------
        Settings

        Raises
        ------
        StreamError
            If the file is not of this form.
        OSError
            If it cannot be read.
        """
        name = os.fspath(path)
        try:
            read = json.loads(Path(path).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise StreamError(f"{name} is no JSON: {error}.") from error
        known = {"detector": dict, "alerts": list}
        if not isinstance(read, dict) or not all(
            isinstance(value, known.get(key, ())) for key, value in read.items()
        ):
            raise StreamError(
                f'{name} holds something else than expected, {{"detector": {{...}}, "alerts": '
                "[...]}."
            )
        given: dict[str, Any] = {}
        if "detector" in read:
            given["detector"] = DEFAULTS | read["detector"]
        if "alerts" in read:
            given["alerts"] = tuple(_read_policy(name, one) for one in read["alerts"])
        return cls(**given)


def _read_policy(name: str, given: Any) -> AlertPolicy:
    if not isinstance(given, dict) or "kind" not in given or not set(given) <= set(_POLICY):
        raise StreamError(
            f"An alert in {name} is {given!r}, expected an object with {list(_POLICY)}, of which "
            "kind is needed."
        )
    return AlertPolicy(**given)


def columns_of(model: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Yield stream, kind ("numeric" or "categorical") and columns of its preprocessor, if any."""
    step = unfreeze(getattr(model, "estimator_", model))
    while hasattr(step, "steps"):
        step = unfreeze(step.steps[0][1])
    if isinstance(step, ColumnTransformer):
        for name, _, columns in step.transformers_:
            stream, _, kind = name.rpartition("_")
            if kind in ("numeric", "categorical"):
                chosen = np.atleast_1d(np.asarray(columns, dtype=object))
                yield stream, kind, [str(one) for one in chosen]


def streams_of(model: Any) -> dict[str, list[str]]:
    """Return the streams of a decider: the modalities of its `make_fusion_preprocessor`.

    Raises
    ------
    StreamError
        If there is no such preprocessor in it.
    """
    streams: dict[str, list[str]] = {}
    for stream, _, columns in columns_of(model):
        streams.setdefault(stream, []).extend(columns)
    streams = {name: columns for name, columns in streams.items() if columns}
    if not streams:
        raise StreamError(
            "The model does not say which columns come in which stream, expected one with "
            'make_fusion_preprocessor in front. Give them in a settings file: {"detector": '
            '{"streams": {"patient": ["heart_rate"]}}}.'
        )
    return streams
