"""From raw readings to the network's first signal: the front end's arithmetic, in NumPy."""

import numpy as np
from numpy.typing import NDArray

from firmware_export._integer import Integers, round_shift
from firmware_export._integer_graph import IntegerCategorical, IntegerGraph, IntegerNumeric


def quantise_numeric(values: NDArray[np.float32], column: IntegerNumeric) -> NDArray[np.int32]:
    """Turn raw readings that are present into network inputs.

    The reading is limited to the column's range and its segment looked up. Then one
    subtraction and one multiplication in single precision, a truncating conversion, and
    integers again: factors and bases yield twice the input, so that the last bit rounds
    it. Nothing here can be contracted into a fused multiply-add, so every compiler
    agrees. As all knots are whole, the input never decreases while the reading grows.

    Parameters
    ----------
    values : ndarray of dtype float32
        Finite readings.
    column : IntegerNumeric

    Examples
    --------
    >>> import numpy as np
    >>> from firmware_export._integer_graph import IntegerNumeric
    >>> column = IntegerNumeric(
    ...     "x",
    ...     reading=0,
    ...     output=0,
    ...     starts=np.float32([0, 10]),
    ...     factors=np.float32([10, 1]),
    ...     bases=np.int32([0, 100]),
    ...     high=110.0,
    ...     missing=None,
    ...     indicator=None,
    ...     indicator_values=(0, 0),
    ... )
    >>> quantise_numeric(np.float32([-5, 5, 10, 30, 999]), column)
    array([  0,  25,  50,  60, 100], dtype=int32)
    """
    limited = np.minimum(np.maximum(values, column.starts[0]), np.float32(column.high))
    segment = np.searchsorted(column.starts[1:], limited, side="right")
    product = (limited - column.starts[segment]) * column.factors[segment]
    return round_shift(column.bases[segment] + product.astype(np.int32), 1).astype(np.int32)


def check_readings(graph: IntegerGraph, readings: NDArray[np.float32]) -> None:
    """Refuse the rows that the firmware refuses.

    Raises
    ------
    ValueError
        If a reading is infinite, or missing where the estimator imputes nothing.
    """
    infinite = np.isinf(readings).any(axis=0)
    if infinite.any():
        raise ValueError(
            f"Reading {graph.readings[int(infinite.argmax())]!r} is infinite (in single "
            "precision), expected a finite number, or NaN where it is missing."
        )
    for column in graph.numeric:
        missing = np.isnan(readings[:, column.reading])
        if column.missing is None and missing.any():
            raise ValueError(
                f"Reading {column.name!r} is missing in row {int(missing.argmax())}, but the "
                "exported estimator imputes nothing. Put a SimpleImputer in front of the "
                "classifier, or fill the gaps before."
            )


def quantise_readings(graph: IntegerGraph, readings: NDArray[np.float32]) -> Integers:
    """Turn raw readings into the network's input signal.

    Parameters
    ----------
    graph : IntegerGraph
    readings : ndarray of shape (n, window, n_readings), or (n, n_readings) without window
        In single precision, checked by :func:`check_readings`. NaN is a missing reading;
        a category is its position in the list, any other number an unknown category.

    Returns
    -------
    signal : ndarray of shape (n, steps, channels) and dtype int32
    """
    tensor = graph.tensors[0]
    rows = readings.reshape(-1, len(graph.readings))
    inputs = np.zeros((len(rows), graph.row_inputs), dtype=np.int32)
    for column in graph.numeric:
        values = rows[:, column.reading]
        missing = np.isnan(values)
        if column.output is not None:
            present = quantise_numeric(np.where(missing, np.float32(0), values), column)
            inputs[:, column.output] = np.where(missing, column.missing or 0, present)
        if column.indicator is not None:
            inputs[:, column.indicator] = np.where(missing, *column.indicator_values[::-1])
    for category in graph.categorical:
        _one_hot(rows[:, category.reading], category, inputs)
    return inputs.reshape(-1, tensor.steps, tensor.channels)


def _one_hot(
    values: NDArray[np.float32], column: IntegerCategorical, inputs: NDArray[np.int32]
) -> None:
    missing = np.isnan(values)
    for position in range(len(column.categories)):
        chosen = missing if position == column.missing else np.zeros_like(missing)
        chosen = chosen | (values == np.float32(position))
        inputs[chosen, column.output + position] = column.one
