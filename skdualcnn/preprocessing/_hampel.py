"""Spikes judged by the readings around them."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skdualcnn.preprocessing._groups import GroupedRows
from skdualcnn.preprocessing._table import (
    choose_columns,
    group_rows,
    read_numbers,
    read_table,
    with_columns,
)

# The median absolute deviation of a normal distribution is its sigma over this.
SIGMA_PER_MAD = 1.4826
FEWEST = 3  # readings to judge by
_VALUES_AT_ONCE = 2**20


class HampelFilter(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replace spikes by the median of the readings before them.

    A reading is a spike if it lies more than `n_sigmas` robust standard deviations from
    the median of its window: the reading itself and the `window` - 1 before it, of its
    own group. Missing readings stay missing and are not counted.

    A sudden lasting change looks like a spike at first: it passes once it fills half of
    the window, so the filter delays it by about `window` / 2 rows.

    Parameters
    ----------
    window : int, default=7
        Rows looked at, the row itself included; at least 3.
    n_sigmas : float, default=3.0
        Distance from the median beyond which a reading is a spike.
    by : str, int or None, default=None
        Column that says which patient or device a row belongs to, by name or position;
        it stays as it is. None: all rows are of one.
    columns : list of str or int, or None, default=None
        Columns to filter; None: all columns of numbers (not of booleans) but `by`.
    causal : bool, default=True
        Look back only. With False the window is centred on the row: **it looks into the
        future**, and a model trained on it has seen what a live one will not have.
    replace_with : {"median", "missing"}, default="median"
        What takes the place of a spike.

    Attributes
    ----------
    columns_ : list of int
        Positions of the filtered columns.
    noise_ : ndarray of shape (n_filtered,) and dtype float64
        Robust standard deviation of each column's steps from reading to reading in
        training, over the square root of 2; steps of zero do not count. That of a window
        is taken to be no smaller: a monitor that repeats its last value has none, and
        its next reading would be a spike.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    OutlierClipper : Clips to the range of the training data, whatever came before.
    PlausibilityLimiter : Removes what no body can show.

    Notes
    -----
    Rows of a group must be in the order of time. With fewer than three readings in the
    window nothing is changed.

    References
    ----------
    .. [1] F. R. Hampel, "The influence curve and its role in robust estimation",
       Journal of the American Statistical Association 69, 383-393, 1974.
    .. [2] H. Liu, S. Shah, W. Jiang, "On-line outlier detection and data cleaning",
       Computers and Chemical Engineering 28, 1635-1647, 2004.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn.preprocessing import HampelFilter
    >>> X = pd.DataFrame({"patient": ["a"] * 6, "heart_rate": [71, 70, 72, 190, 71, 73]})
    >>> HampelFilter(window=5, by="patient").fit_transform(X)["heart_rate"].tolist()
    [71.0, 70.0, 72.0, 71.5, 71.0, 73.0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "window": [Interval(Integral, FEWEST, None, closed="left")],
        "n_sigmas": [Interval(Real, 0, None, closed="neither")],
        "by": [str, Integral, None],
        "columns": ["array-like", None],
        "causal": ["boolean"],
        "replace_with": [StrOptions({"median", "missing"})],
    }

    def __init__(
        self,
        window: int = 7,
        n_sigmas: float = 3.0,
        *,
        by: str | int | None = None,
        columns: Sequence[str | int] | None = None,
        causal: bool = True,
        replace_with: str = "median",
    ) -> None:
        self.window = window
        self.n_sigmas = n_sigmas
        self.by = by
        self.columns = columns
        self.causal = causal
        self.replace_with = replace_with

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn the usual noise of each column.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows, those of a group in the order of time; NaN where missing.
        y : None
            Ignored.

        Returns
        -------
        HampelFilter
            The fitted filter.
        """
        table = read_table(self, X, reset=True)
        self.columns_ = choose_columns(table, self.columns, {"by": self.by}, numeric=True)
        groups = group_rows(table, self.by)
        self.noise_ = np.array(
            [_usual_noise(read_numbers(table, column), groups) for column in self.columns_]
        )
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Replace the spikes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows, those of a group in the order of time; NaN where missing.

        Returns
        -------
        DataFrame or ndarray of shape (n, n_features)
            A DataFrame for a pandas DataFrame, with filtered columns of dtype float64
            and the others as they are; else an ndarray of dtype float64.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False)
        groups = group_rows(table, self.by)
        changed = {
            column: self._filter(read_numbers(table, column), groups, noise)
            for column, noise in zip(self.columns_, self.noise_, strict=True)
        }
        return with_columns(table, changed)

    def _filter(
        self, values: NDArray[np.float64], groups: GroupedRows, noise: float
    ) -> NDArray[np.float64]:
        ordered = values[groups.order]
        ahead = 0 if self.causal else (self.window - 1) // 2
        steps = np.arange(ahead + 1 - self.window, ahead + 1)
        filtered = np.empty_like(values)
        step = max(1, _VALUES_AT_ONCE // self.window)
        for start in range(0, len(values), step):
            rows = np.arange(start, min(start + step, len(values)))
            wanted = rows[:, None] + steps
            inside = (wanted >= groups.first[rows, None]) & (wanted <= groups.last[rows, None])
            windows = np.where(inside, ordered[np.where(inside, wanted, 0)], np.nan)
            median = _median(windows)
            sigma = np.fmax(SIGMA_PER_MAD * _median(np.abs(windows - median[:, None])), noise)
            enough = np.isfinite(windows).sum(axis=1) >= FEWEST
            spike = enough & (np.abs(ordered[rows] - median) > self.n_sigmas * sigma)
            instead = median if self.replace_with == "median" else np.nan
            filtered[groups.order[rows]] = np.where(spike, instead, ordered[rows])
        return filtered

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _median(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each row without its NaN; much faster than nanmedian."""
    ordered = np.sort(windows, axis=1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(windows))
    middle: NDArray[np.float64] = (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2
    return middle


def _usual_noise(values: NDArray[np.float64], groups: GroupedRows) -> float:
    """Return the robust deviation of a reading as its group's steps show it, 0 without any."""
    ordered = values[groups.order]
    there = ~np.isnan(ordered)
    steps = np.abs(np.diff(ordered[there]))[np.diff(groups.first[there]) == 0]
    steps = steps[steps > 0]
    return float(SIGMA_PER_MAD * np.median(steps) / np.sqrt(2)) if len(steps) else 0.0
