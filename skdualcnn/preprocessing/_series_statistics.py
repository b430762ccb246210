"""What was read in a series, as one row."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from skdualcnn.preprocessing._series import check_channels

PARTS = 3  # values, gaps and ages


class SeriesStatistics(TransformerMixin, BaseEstimator):
    """Describe what was read in each channel of a series: seven numbers instead of each step.

    For models that take rows, such as trees: they find more in a few statistics than in
    every step of a long series. In front of a network's teacher it gives the network of a
    long series something worth learning from.

    Parameters
    ----------
    n_steps : int or None, default=None
        Steps of a series, for X whose rows are series laid flat, steps first, as a
        classifier's teacher and :func:`flatten_windows` have them. None: X has three
        dimensions.

    Attributes
    ----------
    n_channels_ : int
        Channels that were read.
    n_features_in_ : int
        Columns of a 2-D X, steps of a 3-D X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    SeriesScaler : Makes the series that this reads.
    DualPathCNNClassifier : Reads the steps themselves, and takes a teacher.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import SeriesScaler, SeriesStatistics
    >>> lactate = np.array([[[1.0], [np.nan], [3.0]], [[np.nan], [2.0], [np.nan]]])
    >>> series = SeriesScaler().fit_transform(lactate)
    >>> SeriesStatistics().fit_transform(series)[:, -1]  # readings of each series
    array([2., 1.], dtype=float32)

    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skdualcnn import DualPathCNNClassifier
    >>> trees = make_pipeline(SeriesStatistics(n_steps=48), HistGradientBoostingClassifier())
    >>> network = DualPathCNNClassifier(
    ...     global_pooling=True, teacher=trees, recombined_rows=4
    ... )
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_steps": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, n_steps: int | None = None) -> None:
        self.n_steps = n_steps

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check the series; there is nothing to learn.

        Parameters
        ----------
        X : array-like of shape (n, n_steps, 3 * n_channels) or (n, n_steps * 3 * n_channels)
            Values, gaps and ages, as `SeriesScaler` makes them.
        y : None
            Ignored.

        Returns
        -------
        SeriesStatistics
            The transformer itself.

        Raises
        ------
        ValueError
            If X has not three parts for each channel, is not of `n_steps`, or a value is
            missing or infinite.
        """
        self.n_channels_ = self._read(X, reset=True).shape[2] // PARTS
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the statistics of each series.

        Parameters
        ----------
        X : array-like of shape (n, n_steps, 3 * n_channels) or (n, n_steps * 3 * n_channels)
            Series as in `fit`.

        Returns
        -------
        ndarray of shape (n, 7 * n_channels) and dtype float32
            Of what was read: the mean of each channel, then the standard deviation of each,
            min, max, first and last, and the number of readings. Of a channel that was never
            read, what stands in for it, and 0 readings.
        """
        check_is_fitted(self)
        values, gaps, _ = np.split(self._read(X, reset=False), PARTS, axis=2)
        read = gaps == 0
        used = read | ~read.any(axis=1, keepdims=True)
        weights = used / used.sum(axis=1, keepdims=True)
        mean = (weights * values).sum(axis=1)
        variance = (weights * (values - mean[:, None]) ** 2).sum(axis=1)
        first = np.take_along_axis(values, used.argmax(axis=1)[:, None], axis=1)[:, 0]
        parts = [
            mean,
            np.sqrt(variance),
            values.min(axis=1, where=used, initial=np.inf),
            values.max(axis=1, where=used, initial=-np.inf),
            first,
            values[:, -1],
            read.sum(axis=1),
        ]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def _read(self, X: ArrayLike, *, reset: bool) -> NDArray[np.float32]:
        """Return the series with three axes."""
        given: NDArray[np.float32] = validate_data(
            self, X, dtype=np.float32, allow_nd=True, reset=reset
        )
        shape = given.shape
        if given.ndim == 2 and self.n_steps is not None and shape[1] % self.n_steps == 0:
            given = given.reshape(len(given), self.n_steps, -1)
        n_steps = given.shape[1] if self.n_steps is None else self.n_steps
        if given.ndim != 3 or given.shape[1] != n_steps or given.shape[2] % PARTS:
            raise ValueError(
                f"X has shape {shape}, expected (n, n_steps, 3 * n_channels) with values, gaps "
                f"and ages, or that laid flat, and n_steps={self.n_steps}. Give what SeriesScaler "
                "makes, and n_steps for rows that are laid flat."
            )
        if not reset:
            check_channels(given.shape[2], PARTS * self.n_channels_)
        return given

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.n_steps is not None
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
