"""What arrives, checked: a reading's values in order, or why it is refused."""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

LONGEST_TEXT = 256
"""Characters of a category or of a device's name."""
LARGEST = float(np.finfo(np.float32).max)
"""Numbers beyond it are infinite to the network."""
MOST_EXTRA_COLUMNS = 64
"""A payload with more columns than that beyond its stream's is not looked into."""

Values = tuple[Any, ...]


class Refused(Exception):  # noqa: N818 - a verdict on a reading, caught where it is counted
    """A reading cannot be used; `kind` is the counter that says why."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class StreamColumns:
    """The columns of one stream, and which of them hold categories.

    Parameters
    ----------
    columns : sequence of str
    categorical : set of str
        Those that hold text, whole numbers or truth values as categories.
    """

    def __init__(self, columns: Sequence[str], categorical: frozenset[str]) -> None:
        self.columns = tuple(columns)
        self.categorical = categorical
        self._known = frozenset(columns)
        self._kinds = tuple((column, column in categorical) for column in columns)

    def read(self, values: Any) -> Values:
        """Return the values in the order of the columns.

        Numbers become floats, NaN where missing (None, NaN or NA); categories stay as
        they are, None where missing.

        Raises
        ------
        Refused
            If they are not a mapping of exactly the stream's columns to such values.
        """
        if not isinstance(values, Mapping):
            raise Refused("bad_value")
        if len(values) > len(self.columns) + MOST_EXTRA_COLUMNS:
            raise Refused("oversized")
        if values.keys() != self._known:
            absent = any(column not in values for column in self.columns)
            raise Refused("missing_column" if absent else "unknown_column")
        row = []
        for column, is_category in self._kinds:
            value = values[column]
            if is_category:
                value = _read_category(value)
            else:
                if type(value) is not float:
                    value = _read_number(value)
                if not -LARGEST <= value <= LARGEST and not isnan(value):
                    raise Refused("infinite_value")
            row.append(value)
        return tuple(row)


def is_missing(value: Any) -> bool:
    """Return whether a value that was read is missing."""
    return value is None or (isinstance(value, float) and isnan(value))


def read_device(device: Any) -> str | int:
    """Return the name or number of a device.

    Raises
    ------
    Refused
        If it is neither, or too long.
    """
    if isinstance(device, np.integer):
        device = int(device)
    if isinstance(device, bool) or not isinstance(device, str | int):
        raise Refused("bad_device")
    size = len(device) if isinstance(device, str) else device.bit_length() // 4
    if size > LONGEST_TEXT:
        raise Refused("oversized")
    return str(device) if isinstance(device, str) else device


def _read_number(value: Any) -> float:
    if value is None or value is pd.NA:
        return nan
    if not isinstance(value, int | float | np.number | np.bool_):
        raise Refused("bad_value")
    try:
        return float(value)
    except (OverflowError, TypeError):  # an int beyond all floats, a complex number
        raise Refused("infinite_value" if isinstance(value, int) else "bad_value") from None


def _read_category(value: Any) -> str | int | float | None:
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or is_missing(value):
        return None
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise Refused("oversized")
        return str(value)
    if not isinstance(value, int | float):
        raise Refused("bad_value")
    if isinstance(value, float):
        if abs(value) > LARGEST:
            raise Refused("infinite_value")
        return value
    if value.bit_length() > 64:
        raise Refused("oversized")
    return value
