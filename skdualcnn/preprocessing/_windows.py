"""Causal windows over consecutive rows."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data


class SlidingWindow(TransformerMixin, BaseEstimator):
    """Give each row the rows before it: a window that ends at the row itself.

    Rows must be in the order of time and come from one device. No row is lost: before
    the first row the window is filled with copies of the first row. The windows are a
    view of one array, so they cost no memory of their own.

    Parameters
    ----------
    length : int, default=8
        Rows per window, the row itself included.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    DualPathCNNClassifier : Reads windows as signals along time, one channel a column.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import SlidingWindow
    >>> SlidingWindow(length=3).fit_transform(np.arange(4.0)[:, None])[:, :, 0]
    array([[0., 0., 0.],
           [0., 0., 1.],
           [0., 1., 2.],
           [1., 2., 3.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "length": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, length: int = 8) -> None:
        self.length = length

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check the rows; there is nothing to learn.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows in the order of time.
        y : None
            Ignored.

        Returns
        -------
        SlidingWindow
            The transformer itself.
        """
        validate_data(self, X, dtype=np.float32)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the window of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows in the order of time.

        Returns
        -------
        ndarray of shape (n, length, n_features) and dtype float32
            Entry [i, j] is row i - (length - 1) + j, read-only.
        """
        check_is_fitted(self)
        rows: NDArray[np.float32] = validate_data(self, X, dtype=np.float32, reset=False)
        padded = np.concatenate([np.repeat(rows[:1], self.length - 1, axis=0), rows])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.length, axis=0)
        return windows.transpose(0, 2, 1)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def flatten_windows(X: NDArray[Any]) -> NDArray[Any]:
    """Lay the rows of each window side by side, for models that take flat rows.

    Parameters
    ----------
    X : ndarray of shape (n, n_features) or (n, length, n_features)
        Rows or windows.

    Returns
    -------
    ndarray of shape (n, n_features) or (n, length * n_features)
        Flat rows.
    """
    return X.reshape(len(X), -1)
