"""Gaps filled with the last reading, for a while."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skdualcnn.preprocessing._groups import GroupedRows
from skdualcnn.preprocessing._stamps import SECOND, read_duration
from skdualcnn.preprocessing._table import (
    choose_columns,
    group_rows,
    read_table,
    read_times,
    with_columns,
)


class GapImputer(TransformerMixin, BaseEstimator):
    """Carry the last reading forward, but not for longer than a limit.

    A value that was read a minute ago is a good guess; one of yesterday is none, and a
    sensor that fell off must not look as if all were well. What is older than the limit
    stays missing, for :class:`sklearn.impute.SimpleImputer` and its indicator to deal
    with. Nothing is ever filled from a later row or from another group.

    Parameters
    ----------
    limit : str, pandas.Timedelta, numpy.timedelta64, float, int or None, default=None
        Age up to which a reading is carried forward: with `time` a duration, as pandas
        writes it or in seconds; without, a whole number of rows. None: for ever.
    by : str, int or None, default=None
        Column that says which patient or device a row belongs to, by name or position;
        it stays as it is. None: all rows are of one.
    time : str, int or None, default=None
        Column of stamps (times or seconds), by name or position; it stays as it is.
        None: rows are one step apart and in the order of time.
    columns : list of str or int, or None, default=None
        Columns to fill; None: all but `by` and `time`.
    add_age : bool, default=False
        Append a column for each filled one, such as "spo2_age": seconds (without `time`,
        rows) since its value was read, 0 where it was, missing before the first reading.
        It goes on counting beyond the limit. Columns whose names are numbers are then named
        as `get_feature_names_out` has it: x0, x1, ..., x0_age, ...

    Attributes
    ----------
    columns_ : list of int
        Positions of the filled columns.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    align_streams : Does the same for streams that are not in rows yet.

    References
    ----------
    .. [1] Z. Che, S. Purushotham, K. Cho, D. Sontag, Y. Liu, "Recurrent Neural Networks
       for Multivariate Time Series with Missing Values", Scientific Reports 8, 6085,
       2018: the time since a value was seen as a feature.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn.preprocessing import GapImputer
    >>> X = pd.DataFrame({"second": [0, 60, 120, 180], "spo2": [97.0, None, None, 95.0]})
    >>> GapImputer("90s", time="second", add_age=True).fit_transform(X)
       second  spo2  spo2_age
    0       0  97.0       0.0
    1      60  97.0      60.0
    2     120   NaN     120.0
    3     180  95.0       0.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "limit": [
            str,
            pd.Timedelta,
            np.timedelta64,
            Interval(Real, 0, None, closed="neither"),
            None,
        ],
        "by": [str, Integral, None],
        "time": [str, Integral, None],
        "columns": ["array-like", None],
        "add_age": ["boolean"],
    }

    def __init__(
        self,
        limit: Any = None,
        *,
        by: str | int | None = None,
        time: str | int | None = None,
        columns: Sequence[str | int] | None = None,
        add_age: bool = False,
    ) -> None:
        self.limit = limit
        self.by = by
        self.time = time
        self.columns = columns
        self.add_age = add_age

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Find the columns; there is nothing else to learn.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows; missing where nothing was read.
        y : None
            Ignored.

        Returns
        -------
        GapImputer
            The imputer itself.

        Raises
        ------
        ValueError
            If `limit` is a duration without a column `time`, or a column is not there.
        """
        table = read_table(self, X, reset=True)
        self._limit()
        besides = {"by": self.by, "time": self.time}
        self.columns_ = choose_columns(table, self.columns, besides, numeric=False)
        group_rows(table, self.by, self.time)
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Fill the gaps.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows; missing where nothing was read.

        Returns
        -------
        DataFrame or ndarray of shape (n, n_features) or (n, n_features + n_filled)
            A DataFrame for a pandas DataFrame, whose columns keep their dtypes; else an
            ndarray of dtype float64.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False)
        groups = group_rows(table, self.by, self.time)
        clock = np.arange(len(table)) if self.time is None else read_times(table, self.time)
        limit = self._limit()
        changed, ages = {}, {}
        for column in self.columns_:
            framed = isinstance(table, pd.DataFrame)
            values = table.iloc[:, column].array if framed else table[:, column]
            seen = _last_seen(np.asarray(pd.isna(values)), groups)
            age = np.where(seen >= 0, clock - clock[seen], 0)
            recent = (seen >= 0) & (limit is None or age <= limit)
            changed[column] = values.take(np.where(recent, seen, np.arange(len(table))))
            ages[column] = np.where(seen >= 0, age / (1 if self.time is None else SECOND), np.nan)
        filled = with_columns(table, changed)
        if not self.add_age:
            return filled
        columns = np.column_stack([*ages.values()]) if ages else np.empty((len(table), 0))
        if not isinstance(table, pd.DataFrame):
            return np.hstack([filled, columns])
        both = pd.concat([filled, pd.DataFrame(columns, index=table.index)], axis=1)
        return both.set_axis(self.get_feature_names_out(), axis=1)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X; None takes those of `fit`, or x0, x1, ...

        Returns
        -------
        ndarray of shape (n_features_out,) and dtype object
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        ages = [f"{names[column]}_age" for column in self.columns_] if self.add_age else []
        return np.asarray([*names, *ages], dtype=object)

    def _limit(self) -> int | None:
        """Return the limit in nanoseconds, or in rows without a column of stamps."""
        if self.limit is None:
            return None
        if self.time is not None:
            return read_duration(self.limit, "limit")
        if isinstance(self.limit, np.timedelta64) or not isinstance(self.limit, Integral):
            raise ValueError(
                f"limit is {self.limit!r} without a column of stamps, expected a whole number of "
                "rows. Give time, the column with the stamps, for a limit in time."
            )
        return int(self.limit)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _last_seen(missing: NDArray[np.bool_], groups: GroupedRows) -> NDArray[np.int64]:
    """Return for each row the row of its group's latest value, -1 before the first."""
    places = np.arange(len(missing))
    latest = np.maximum.accumulate(np.where(missing[groups.order], -1, places))
    seen = np.empty_like(places)
    seen[groups.order] = np.where(latest >= groups.first, groups.order[latest], -1)
    return seen
