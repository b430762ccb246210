"""The front end of a model on one row at a time, without the cost of arrays."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import isnan, nan
from typing import Any

from firmware_export._curve import Curve
from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
from skdualcnn.streaming._readings import is_missing


class RowScaler:
    """One row of raw values -> the row's inputs to the network.

    It computes what the fitted preprocessing does, in double precision; an input that
    is NaN says that a reading is missing for which nothing is imputed.

    Parameters
    ----------
    front_end : FrontEnd

    Examples
    --------
    >>> from firmware_export._graph import CategoricalColumn, FrontEnd, NumericColumn
    >>> columns = (NumericColumn("rate", 0, 0), CategoricalColumn("port", 1, 1, ("a", "b")))
    >>> scale = RowScaler(FrontEnd(("rate", "port"), (0, 1), columns, 3, 1))
    >>> scale([2.5, "b"])
    [2.5, 0.0, 1.0]
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._width = front_end.row_inputs
        columns = front_end.columns
        self._numeric = [
            (one.reading, one.output, _curve(one.curve), one.missing)
            for one in columns
            if isinstance(one, NumericColumn) and one.output is not None
        ]
        self._indicators = [
            (one.reading, one.indicator, *one.indicator_values)
            for one in columns
            if isinstance(one, NumericColumn) and one.indicator is not None
        ]
        self._categories = [
            (one.reading, one.output, {label: i for i, label in enumerate(one.categories)}, one)
            for one in columns
            if isinstance(one, CategoricalColumn)
        ]

    def __call__(self, row: Sequence[Any]) -> list[float]:
        """Return the inputs; missing numbers are NaN, missing categories None or NaN."""
        inputs = [0.0] * self._width
        for reading, output, curve, missing in self._numeric:
            value = row[reading]
            if isnan(value):
                inputs[output] = nan if missing is None else missing
            else:
                inputs[output] = curve(value)
        for reading, output, present, absent in self._indicators:
            inputs[output] = absent if isnan(row[reading]) else present
        for reading, output, codes, column in self._categories:
            value = row[reading]
            code = column.missing if is_missing(value) else codes.get(value)
            if code is not None:
                inputs[output + code] = 1.0
        return inputs


def _curve(curve: Curve) -> Callable[[float], float]:
    """Return a curve for single numbers; the arithmetic is that of `numpy.interp`."""
    knots, levels = curve.knots.tolist(), curve.levels.tolist()
    if curve.unlimited:
        slope = (levels[1] - levels[0]) / (knots[1] - knots[0])
        return lambda value: levels[0] + (value - knots[0]) * slope
    lowest, highest = knots[0], knots[-1]

    def interpolate(value: float) -> float:
        if value >= highest:
            return levels[-1]
        if value <= lowest:
            return levels[0]
        after = bisect_right(knots, value)
        left = knots[after - 1]
        slope = (levels[after] - levels[after - 1]) / (knots[after] - left)
        return slope * (value - left) + levels[after - 1]

    return interpolate
