"""Causal windows over consecutive rows."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags, check_array
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from skdualcnn.preprocessing._gathered import GatheredWindows
from skdualcnn.preprocessing._groups import GroupedRows, column_at, column_position


class SlidingWindow(TransformerMixin, BaseEstimator):
    """Give each row the rows before it: a window that ends at the row itself.

    Every row keeps its place and gets one window. Row t sees the rows t - (length - 1)
    * stride, ..., t - stride, t of its own group, and never a later one or one of
    another group. Before the first row of a group, its first row stands in, or, with
    `add_indicator`, a step that is marked as missing.

    The rows of a group must be in the order of time; groups may be mixed. The windows
    cost next to no memory of their own: they are a view of one array, or gathered when
    they are needed (see Returns).

    Parameters
    ----------
    length : int, default=8
        Rows per window, the row itself included.
    stride : int, default=1
        Distance between neighbouring rows of a window: with 3, every third row before
        this one. It does not thin out the windows.
    by : str, int or None, default=None
        Column that says which patient or device a row belongs to, by name or position;
        it is left out of the windows. None: all rows are of one device.
    add_indicator : bool, default=False
        Let missing values through: they become 0, and each column gets a second channel
        that is 1 where it is missing and 0 elsewhere. All of them are 1 in a step before
        the first row. Without it, NaN is an error.
    changes : sequence of str or int, default=None
        Columns, by name or position, of which the windows hold the change since the step
        before instead of the value; 0 in a window's first step. For readings whose level
        differs from person to person, or drifts, and says nothing by itself. Not together
        with `add_indicator`: between missing values no change is known.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns, that of `by` included.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.
    by_position_ : int or None
        Position of the column `by`.
    changed_channels_ : tuple of int
        Channels of the windows that hold changes.

    See Also
    --------
    DualPathCNNClassifier : Reads windows as signals along time, one channel a column.
    flatten_windows : Flat windows for models that take rows.

    Notes
    -----
    Windows have three dimensions, a DataFrame has two: so there is no `set_output`, here or
    of a pipeline with windows. The steps before may give DataFrames,
    ``pipeline[0].set_output(transform="pandas")``; `by` and `changes` then take the names of
    their columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import SlidingWindow
    >>> SlidingWindow(length=3).fit_transform(np.arange(4.0)[:, None])[:, :, 0]
    array([[0., 0., 0.],
           [0., 0., 1.],
           [0., 1., 2.],
           [1., 2., 3.]], dtype=float32)

    Two patients, whose rows take turns:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"patient": ["a", "b", "a", "b"], "spo2": [97.0, 91.0, 98.0, 90.0]})
    >>> windows = SlidingWindow(length=2, by="patient").fit_transform(X)
    >>> np.asarray(windows)[:, :, 0]
    array([[97., 97.],
           [91., 91.],
           [97., 98.],
           [91., 90.]], dtype=float32)

    What is usual for a patient taken away:

    >>> changes = SlidingWindow(length=2, by="patient", changes=["spo2"]).fit_transform(X)
    >>> changes[:, 1, 0]
    array([ 0.,  0.,  1., -1.], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "by": [str, Integral, None],
        "add_indicator": ["boolean"],
        "changes": ["array-like", None],
    }

    def __init__(
        self,
        length: int = 8,
        stride: int = 1,
        by: str | int | None = None,
        add_indicator: bool = False,
        changes: Sequence[str | int] | None = None,
    ) -> None:
        self.length = length
        self.stride = stride
        self.by = by
        self.add_indicator = add_indicator
        self.changes = changes

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check the rows; there is nothing to learn.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows, those of a group in the order of time.
        y : None
            Ignored.

        Returns
        -------
        SlidingWindow
            The transformer itself.

        Raises
        ------
        ValueError
            If X is not of finite numbers (apart from the column `by`, and from NaN with
            `add_indicator`), has no column `by` or of `changes`, or a row has no group; if
            `changes` come with `add_indicator` or with windows of one row.
        """
        self._read(X, reset=True)
        if self.changes is not None and (self.add_indicator or self.length == 1):
            raise ValueError(
                f"changes={self.changes!r} with add_indicator={self.add_indicator} and "
                f"length={self.length}, expected no indicator and at least 2 rows: a change takes "
                "two values. Fill missing values before, or leave changes=None."
            )
        _ = self.changed_channels_  # which refuses columns that are not there
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32] | GatheredWindows:
        """Return the window of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows, those of a group in the order of time.

        Returns
        -------
        ndarray or GatheredWindows of shape (n, length, n_channels) and dtype float32
            Entry [i, j] is the row (length - 1 - j) * stride before row i. A read-only
            view of one padded array; with `by`, `add_indicator` or `changes` an array-like
            that gathers windows when it is indexed, and all of them in `numpy.asarray`.
        """
        check_is_fitted(self)
        rows, groups = self._read(X, reset=False)
        changed = self.changed_channels_
        if groups is None and not self.add_indicator and not changed:
            span = (self.length - 1) * self.stride + 1
            padded = np.concatenate([np.repeat(rows[:1], span - 1, axis=0), rows])
            windows = np.lib.stride_tricks.sliding_window_view(padded, span, axis=0)
            return windows[:, :, :: self.stride].transpose(0, 2, 1)
        if groups is None:
            groups = GroupedRows.read(None, len(rows))
        places = groups.places()
        return GatheredWindows(
            rows,
            places,
            groups.first[places],
            self.length,
            self.stride,
            self.add_indicator,
            changed,
        )

    @property
    def by_position_(self) -> int | None:
        """Position of the column `by`."""
        check_is_fitted(self)
        return None if self.by is None else self._position(self.by, "by")

    @property
    def changed_channels_(self) -> tuple[int, ...]:
        """Channels of the windows that hold changes."""
        by = self.by_position_
        changes = () if self.changes is None else self.changes
        chosen = {self._position(column, "changes") for column in changes}
        if by in chosen:
            raise ValueError(
                f"changes={self.changes!r} has the column by={self.by!r}, which is not in the "
                "windows; expected other columns."
            )
        return tuple(sorted(one - (by is not None and one > by) for one in chosen))

    def _position(self, column: str | int, parameter: str) -> int:
        """Return where a column was that `fit` saw."""
        seen = np.empty((0, self.n_features_in_))
        names = getattr(self, "feature_names_in_", None)
        columns = seen if names is None else pd.DataFrame(seen, columns=names)
        return column_position(columns, column, parameter)

    def _read(self, X: Any, *, reset: bool) -> tuple[NDArray[np.float32], GroupedRows | None]:
        """Return the rows without the column `by`, those of a group side by side."""
        finite = "allow-nan" if self.add_indicator else True
        if self.by is None:
            return validate_data(
                self, X, dtype=np.float32, ensure_all_finite=finite, reset=reset
            ), None
        if not hasattr(X, "columns"):
            X = check_array(X, dtype=None, ensure_all_finite=False, input_name="X", estimator=self)
        validate_data(self, X, skip_check_array=True, reset=reset)
        position = self._position(self.by, "by")
        groups = GroupedRows.read(column_at(X, position), X.shape[0])
        kept = [column for column in range(X.shape[1]) if column != position]
        # Column by column: no second copy of the data, whatever it comes in.
        rows = np.empty((X.shape[0], len(kept)), dtype=np.float32)
        with np.errstate(over="ignore"):
            for target, column in enumerate(kept):
                values = column_at(X, column)
                if values.dtype.kind in "cmM":
                    raise ValueError(
                        f"The column at position {column} has dtype {values.dtype}, expected "
                        "numbers. Convert it first, for example a time to seconds since the start, "
                        "or leave it out."
                    )
                rows[:, target] = values[groups.order]
        return check_array(rows, ensure_all_finite=finite, input_name="X"), groups

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.allow_nan = self.add_indicator
        return tags


def flatten_windows(X: NDArray[Any] | GatheredWindows) -> NDArray[Any]:
    """Lay the rows of each window side by side, for models that take flat rows.

    Parameters
    ----------
    X : ndarray or GatheredWindows of shape (n, n_features) or (n, length, n_features)
        Rows or windows.

    Returns
    -------
    ndarray of shape (n, n_features) or (n, length * n_features)
        Flat rows.
    """
    return np.asarray(X).reshape(len(X), -1)
