"""Noise filters that look at one row at a time."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data


class OutlierClipper(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Clip spikes to a range learned from the bulk of the readings.

    A sensor fault or a burst of traffic can be a thousand times larger than any usual
    value, and min-max scaling would then press all the others together. The fence
    lies `margin` times the distance between two quantiles outside of them. A column
    whose two quantiles are equal, such as a rare flag, is left as it is.

    Parameters
    ----------
    quantile : float, default=0.01
        The lower quantile; the upper one is 1 - quantile.
    margin : float, default=1.0
        Width of the tolerated range outside the quantiles, in units of their distance.

    Attributes
    ----------
    lower_, upper_ : ndarray of shape (n_features,) and dtype float64
        The fences; infinite where a column is not clipped.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    make_fusion_preprocessor : Uses this filter for its numeric columns.

    References
    ----------
    Tukey, J. W. (1977). Exploratory Data Analysis. Addison-Wesley: fences at a
    multiple of the distance between quantiles.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import OutlierClipper
    >>> heart_rate = np.append(np.linspace(60, 100, 500), 9999.0)[:, None]
    >>> OutlierClipper().fit_transform(heart_rate).max().round()
    np.float64(139.0)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "quantile": [Interval(Real, 0, 0.5, closed="left")],
        "margin": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, quantile: float = 0.01, margin: float = 1.0) -> None:
        self.quantile = quantile
        self.margin = margin

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn the fences.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers, NaN where missing.
        y : None
            Ignored.

        Returns
        -------
        OutlierClipper
            The fitted filter.
        """
        rows: NDArray[np.float64] = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        low, high = np.full(rows.shape[1], np.nan), np.full(rows.shape[1], np.nan)
        for i, column in enumerate(rows.T):
            # Vectors sort faster than what finds the quantiles of unsorted numbers.
            numbers = np.sort(column)
            known = numbers[: np.searchsorted(numbers, np.nan)]  # NaN comes last
            if len(known):
                low[i] = _quantile_of_sorted(known, self.quantile)
                high[i] = _quantile_of_sorted(known, 1 - self.quantile)
        spread = high - low
        clipped = spread > 0
        self.lower_ = np.where(clipped, low - self.margin * spread, -np.inf)
        self.upper_ = np.where(clipped, high + self.margin * spread, np.inf)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Clip every column to its fences.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers, NaN where missing.

        Returns
        -------
        ndarray of shape (n, n_features) and dtype float64
            The clipped values; NaN stays NaN.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return np.clip(X, self.lower_, self.upper_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _quantile_of_sorted(numbers: NDArray[np.float64], quantile: float) -> float:
    """Return what `numpy.quantile` does, which would sort again."""
    place = quantile * (len(numbers) - 1)
    below = int(place)
    above = min(below + 1, len(numbers) - 1)
    return float(numbers[below] + (place - below) * (numbers[above] - numbers[below]))
