"""Scaling by rank, with few enough knots for a microcontroller."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data


class QuantileScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Map each column to [0, 1] by its distribution in training, piece by piece.

    Bytes, packet rates and intervals span orders of magnitude, and scaling them by
    their largest value leaves a network nothing to see. Here equal shares of the
    training rows get equal shares of [0, 1]: a straight line between quantiles, the
    nearest end outside of them, so that no spike reaches the network. Values tied
    over several quantiles get the middle of their share.

    Parameters
    ----------
    n_quantiles : int, default=33
        Quantiles per column, the smallest and the largest value included. The table
        goes into the firmware, so more of them cost flash.

    Attributes
    ----------
    knots_ : list of ndarray of dtype float64
        Distinct quantiles of each column, increasing, in single precision.
    levels_ : list of ndarray of dtype float64
        What each knot is mapped to, increasing from 0 to 1.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    OutlierClipper : The alternative that keeps distances as they are.
    sklearn.preprocessing.QuantileTransformer : Not limited to a few knots.

    References
    ----------
    Bolstad, B. M. et al. (2003). A comparison of normalization methods for high
    density oligonucleotide array data. Bioinformatics 19(2): quantile normalisation.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import QuantileScaler
    >>> sizes = np.array([[1.0], [10.0], [100.0], [1000.0], [10000.0]])
    >>> scaler = QuantileScaler(n_quantiles=5).fit(sizes)
    >>> scaler.transform([[0.0], [10.0], [550.0], [1e9]]).ravel()
    array([0.   , 0.25 , 0.625, 1.   ])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_quantiles": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, n_quantiles: int = 33) -> None:
        self.n_quantiles = n_quantiles

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn the quantiles.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers, NaN where missing.
        y : None
            Ignored.

        Returns
        -------
        QuantileScaler
            The fitted scaler.
        """
        rows = self._read(X, reset=True)
        fitted = [_learn(column[~np.isnan(column)], self.n_quantiles) for column in rows.T]
        self.knots_ = [knots for knots, _ in fitted]
        self.levels_ = [levels for _, levels in fitted]
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Map every column to [0, 1].

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers, NaN where missing.

        Returns
        -------
        ndarray of shape (n, n_features) and dtype float64
            The levels; NaN stays NaN.
        """
        check_is_fitted(self)
        rows = self._read(X, reset=False)
        scaled = np.empty(rows.shape)
        for column, (knots, levels) in enumerate(zip(self.knots_, self.levels_, strict=True)):
            scaled[:, column] = np.interp(rows[:, column], knots, levels)
        scaled[np.isnan(rows)] = np.nan  # a single knot would give its level
        return scaled

    def _read(self, X: ArrayLike, *, reset: bool) -> NDArray[np.float32]:
        """Return the rows in single precision, a number that is too large for it as its largest."""
        rows = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=reset
        )
        largest = np.finfo(np.float32).max
        return np.clip(rows, -largest, largest).astype(np.float32, copy=False)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _learn(
    values: NDArray[np.float32], n_quantiles: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return increasing knots and their levels, from 0 to 1; one knot for a constant."""
    if len(values) == 0:
        return np.zeros(1), np.zeros(1)
    shares = np.linspace(0, 1, n_quantiles)
    # Rounded to single precision, as the chip will have them: closer knots are one knot.
    quantiles = np.quantile(values, shares).astype(np.float32)
    knots, first = np.unique(quantiles, return_index=True)
    last = np.append(first[1:], n_quantiles) - 1
    levels = (shares[first] + shares[last]) / 2
    if len(knots) > 1:
        levels = (levels - levels[0]) / (levels[-1] - levels[0])
    return knots.astype(np.float64), levels
