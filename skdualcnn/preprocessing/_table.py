"""A DataFrame of which some columns change, or a plain array of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data

from skdualcnn.preprocessing._groups import GroupedRows, column_at, column_position
from skdualcnn.preprocessing._stamps import read_stamps

# What pandas calls Python objects that are numbers.
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}


def read_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Return a pandas DataFrame as it is, anything else as float64, checked as in fit."""
    if isinstance(X, pd.DataFrame):
        return validate_data(estimator, X, skip_check_array=True, reset=reset)
    return validate_data(estimator, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)


def choose_columns(
    X: Any,
    columns: Sequence[str | int] | None,
    besides: dict[str, str | int | None],
    *,
    numeric: bool,
) -> list[int]:
    """Return positions: of the columns asked for, else of all (numeric) ones `besides` those.

    Raises
    ------
    ValueError
        If a column is not there.
    """
    if columns is not None:
        return [column_position(X, column, "columns") for column in columns]
    left_out = {
        column_position(X, column, parameter)
        for parameter, column in besides.items()
        if column is not None
    }
    return [
        position
        for position in range(X.shape[1])
        if position not in left_out and not (numeric and not _is_number(X, position))
    ]


def group_rows(X: Any, by: str | int | None, time: str | int | None = None) -> GroupedRows:
    """Return the order of the rows by group, and by time if there is such a column."""
    stamps = None if time is None else read_times(X, time)
    labels = None if by is None else column_at(X, column_position(X, by, "by"))
    return GroupedRows.read(labels, len(X), stamps)


def read_times(X: Any, time: str | int) -> NDArray[np.int64]:
    """Return a column of stamps in nanoseconds.

    Raises
    ------
    ValueError
        If one is missing.
    """
    position = column_position(X, time, "time")
    column = X.iloc[:, position] if isinstance(X, pd.DataFrame) else X[:, position]
    _, stamps, there = read_stamps(column, f"in the column time={time!r}")
    if not there.all():
        raise ValueError(
            f"{int((~there).sum())} row(s) have no stamp in the column time={time!r}, such as row "
            f"{int(np.argmin(there))}; expected one in every row. Drop these rows."
        )
    return stamps


def read_numbers(X: Any, position: int) -> NDArray[np.float64]:
    """Return one column as float64, NaN where missing.

    Raises
    ------
    ValueError
        If it holds something other than finite numbers.
    """
    if not isinstance(X, pd.DataFrame):
        column: NDArray[np.float64] = X[:, position]
        return column
    name = X.columns[position]
    try:
        numbers = X.iloc[:, position].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} has dtype {X.dtypes.iloc[position]}, expected numbers. Leave it out "
            "of columns."
        ) from error
    assert_all_finite(numbers, allow_nan=True, input_name=f"column {name!r}")
    return numbers


def with_columns(X: Any, changed: dict[int, Any]) -> Any:
    """Return X with other values at some positions; X itself stays as it is."""
    if not isinstance(X, pd.DataFrame):
        array = X.copy()
        for position, values in changed.items():
            array[:, position] = values
        return array
    columns = [
        pd.Series(changed[i], index=X.index) if i in changed else X.iloc[:, i]
        for i in range(X.shape[1])
    ]
    if not columns:
        return X.copy()
    return pd.concat(columns, axis=1).set_axis(X.columns, axis=1)


def _is_number(X: Any, position: int) -> bool:
    if not isinstance(X, pd.DataFrame):
        return True
    dtype = X.dtypes.iloc[position]
    if pd.api.types.is_object_dtype(dtype):
        return pd.api.types.infer_dtype(X.iloc[:, position], skipna=True) in _NUMBERS
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
