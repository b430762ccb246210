"""Rows of raw data -> the readings that the firmware takes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from firmware_export._graph import CategoricalColumn, FrontEnd, SeriesFrontEnd

UNKNOWN = -1.0
"""Reading of a category that was not seen in training."""


def is_nan(value: Any) -> bool:
    """Return whether a single value is missing."""
    return value is pd.NA or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def encode_readings(
    front_end: FrontEnd, X: Any, dtype: type[np.floating[Any]] = np.float32
) -> NDArray[np.floating[Any]]:
    """Return rows of raw data as the readings that the firmware takes.

    Parameters
    ----------
    front_end : FrontEnd
    X : DataFrame, or array of shape (n, n_columns) or (n, n_steps, n_channels)
        What the float estimator takes; a DataFrame of pandas or polars.
    dtype : numpy.float32 or numpy.float64
        Of the readings.

    Returns
    -------
    readings : ndarray of shape (n, n_readings) and dtype `dtype`
        NaN where missing; a category is its position in the list, -1 if unknown.

    Raises
    ------
    ValueError
        If a column is absent, a numeric column holds text, or a series has other steps or
        channels.
    """
    columns: list[Any]
    if hasattr(X, "columns"):
        absent = [name for name in front_end.readings if name not in X.columns]
        if absent and len(absent) < len(front_end.readings):
            raise ValueError(
                f"X lacks the column(s) {absent}, expected every reading the estimator was "
                f"fitted on: {list(front_end.readings)}."
            )
        chosen = front_end.positions if absent else front_end.readings
        columns = [_safe_indexing(X, one, axis=1) for one in chosen]
        n = len(X)
    else:
        array = np.asarray(X)
        if isinstance(front_end, SeriesFrontEnd):
            _check_series(front_end, array.shape)
        array = array.reshape(len(array), math.prod(array.shape[1:]))
        if array.shape[1] <= max(front_end.positions):
            raise ValueError(
                f"X has {array.shape[1]} value(s) a row, expected at least "
                f"{max(front_end.positions) + 1}."
            )
        columns = [array[:, position] for position in front_end.positions]
        n = len(array)
    readings = np.full((n, len(columns)), np.nan, dtype=dtype)
    for column in front_end.columns:
        # Of a series, at each step.
        for reading in range(column.reading, len(columns), front_end.row_readings):
            values = columns[reading]
            if isinstance(column, CategoricalColumn):
                readings[:, reading] = _category_codes(values, column)
            else:
                with np.errstate(over="ignore"):
                    readings[:, reading] = _numbers(values, front_end.readings[reading])
    return readings


def _check_series(front_end: SeriesFrontEnd, shape: tuple[int, ...]) -> None:
    steps, channels = front_end.steps, front_end.row_readings
    if shape[1:] != (steps, channels) and (shape[1:], channels) != ((steps,), 1):
        raise ValueError(
            f"X has shape {shape}, expected (n, {steps}, {channels}): series of the steps and "
            "channels that the estimator was fitted on."
        )


def device_codes(front_end: FrontEnd, X: Any) -> NDArray[np.int64] | None:
    """Return which device each row of raw data belongs to; None for rows of one device.

    Raises
    ------
    ValueError
        If the column that says so is absent, or a row has no device.
    """
    if front_end.device is None:
        return None
    name, position = front_end.device
    if hasattr(X, "columns"):
        labels = _safe_indexing(X, name if name in X.columns else position, axis=1)
    else:
        labels = np.asarray(X)[:, position]
    codes = pd.factorize(np.asarray(labels))[0].astype(np.int64)
    if (codes < 0).any():
        raise ValueError(
            f"Column {name!r} is missing in row {int(np.argmax(codes < 0))}, expected the device "
            "that the row belongs to. Leave the row out."
        )
    return codes


def _numbers(values: Any, name: str) -> NDArray[np.float64]:
    try:
        if isinstance(values, pd.Series):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"Column {name!r} holds something other than numbers.") from None


def _category_codes(values: Any, column: CategoricalColumn) -> list[float]:
    codes = _codes(column)
    if None not in codes and any(map(is_nan, column.categories)):
        codes[None] = np.nan  # the encoder has made one category of all that is missing
    return [np.nan if is_nan(value) else codes.get(value, UNKNOWN) for value in values]


def _codes(column: CategoricalColumn) -> dict[Any, float]:
    return {category: float(code) for code, category in enumerate(column.categories)}


class RowEncoder:
    """Single rows of raw values -> readings, without the cost of a table.

    Parameters
    ----------
    front_end : FrontEnd

    Examples
    --------
    >>> from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
    >>> columns = (NumericColumn("rate", 0, 0), CategoricalColumn("port", 1, 1, ("a", "b")))
    >>> encode = RowEncoder(FrontEnd(("rate", "port"), (0, 1), columns, 3, 1))
    >>> encode([None, "b"])
    array([nan,  1.], dtype=float32)
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._names = front_end.readings
        self._codes = {
            column.reading: _codes(column)
            for column in front_end.columns
            if isinstance(column, CategoricalColumn)
        }

    def __call__(self, values: Sequence[Any]) -> NDArray[np.float32]:
        """Return the readings of one row, values being None, NaN or NA where missing."""
        if len(values) != len(self._names):
            raise ValueError(
                f"The row has {len(values)} value(s), expected one for each of {list(self._names)}."
            )
        row = [None if value is pd.NA else value for value in values]
        for position, codes in self._codes.items():
            value = row[position]
            missing = value is None or is_nan(value)
            row[position] = None if missing else codes.get(value, UNKNOWN)
        try:
            return np.array(row, dtype=np.float32)
        except (TypeError, ValueError):
            raise ValueError(f"The row holds something other than numbers: {row}.") from None
