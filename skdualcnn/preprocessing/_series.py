"""Series with gaps, made ready for a network."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skdualcnn.preprocessing._filters import OutlierClipper

HALF_AGE = 6
"""Steps after which a reading counts as half old."""


class SeriesScaler(TransformerMixin, BaseEstimator):
    """Fill and scale series that are read now and then, and say what was read and when.

    A reading stands until the next one of its channel; before the first one stands the
    channel's median. After the channels of values, as many follow that are 1 at a gap, a
    step without a reading, and as many that say how old the reading is that stands there:
    so a network can tell a value of this hour from one of yesterday.

    Values are clipped to the middle 98 % of the channel's, and scaled to a mean of 0 and a
    standard deviation of 1: along a series, small differences would be learned too slowly.

    Attributes
    ----------
    scaling_ : Pipeline
        What fills, clips and scales the channels, each step of each series a row.
    n_channels_ : int
        Channels that are read.
    n_features_in_ : int
        Steps of a series.
    feature_names_in_ : ndarray of str
        Names of the steps, if X had any.

    See Also
    --------
    GapImputer : Carries readings forward in a table of rows.
    SeriesStatistics : Describes these series for models that take rows.

    Notes
    -----
    The age of a reading of this step is 0, of one s steps before it s / (s + 6), and 1
    before the first one.

    References
    ----------
    .. [1] Z. Che, S. Purushotham, K. Cho, D. Sontag, Y. Liu, "Recurrent Neural Networks
       for Multivariate Time Series with Missing Values", Scientific Reports 8, 6085,
       2018: the last value, a mask and the time since as inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import SeriesScaler
    >>> lactate = np.array([[[1.0], [np.nan], [3.0]], [[np.nan], [2.0], [np.nan]]])
    >>> SeriesScaler().fit_transform(lactate)[1].round(2)  # value, gap and age of each hour
    array([[0.26, 1.  , 1.  ],
           [0.26, 0.  , 0.  ],
           [0.26, 1.  , 0.14]], dtype=float32)
    """

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Learn the medians and the scaling of each channel.

        Parameters
        ----------
        X : array-like of shape (n, n_steps, n_channels) or (n, n_steps)
            Series, of one channel if X has two dimensions; NaN where nothing was read.
        y : None
            Ignored.

        Returns
        -------
        SeriesScaler
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has more than three dimensions, or a value is infinite.
        """
        series = self._read(X, reset=True)
        self.n_channels_ = series.shape[2]
        self.scaling_ = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            OutlierClipper(margin=0.0),
            StandardScaler(),
        )
        self.scaling_.fit(carry_forward(series)[0].reshape(-1, self.n_channels_))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Fill the gaps and scale.

        Parameters
        ----------
        X : array-like of shape (n, n_steps, n_channels) or (n, n_steps)
            Series of as many steps and channels as in `fit`.

        Returns
        -------
        ndarray of shape (n, n_steps, 3 * n_channels) and dtype float32
            Values, gaps and ages.
        """
        check_is_fitted(self)
        series = self._read(X, reset=False)
        return self._put_together(*carry_forward(series))

    def _put_together(
        self, values: NDArray[np.float32], ages: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return values, gaps and ages side by side."""
        scaled = self.scaling_.transform(values.reshape(-1, self.n_channels_))
        parts = [scaled.reshape(values.shape), ages > 0, share_of_age(ages)]
        return np.concatenate(parts, axis=2, dtype=np.float32)

    def _read(self, X: ArrayLike, *, reset: bool) -> NDArray[np.float32]:
        """Return X with three axes, of as many steps and channels as in `fit`."""
        given: NDArray[np.float32] = validate_data(
            self,
            X,
            dtype=np.float32,
            ensure_all_finite="allow-nan",
            allow_nd=True,
            reset=reset,
        )
        if given.ndim > 3:
            raise ValueError(
                f"X has shape {given.shape}, expected (n, n_steps, n_channels), or (n, n_steps) "
                "with one channel. Put what belongs together into channels: X.reshape(n, n_steps, "
                "-1)."
            )
        series = given[:, :, None] if given.ndim == 2 else given
        if not reset:
            check_channels(series.shape[2], self.n_channels_)
        return series

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def check_channels(found: int, fitted: int) -> None:
    """Refuse series of another number of channels than in `fit`."""
    if found != fitted:
        raise ValueError(
            f"X has {found} channel(s), expected {fitted} as in fit. Give the same channels in "
            "the same order."
        )


def carry_forward(
    series: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what was read last at each step, and how many steps ago.

    Parameters
    ----------
    series : ndarray of shape (n, n_steps, n_channels) and dtype float32
        NaN where nothing was read.

    Returns
    -------
    values, ages : ndarray of shape (n, n_steps, n_channels) and dtype float32
        Before the first reading, NaN and infinity.
    """
    latest = find_latest(np.isnan(series))
    values = np.take_along_axis(series, np.maximum(latest, 0), axis=1)
    steps = np.arange(series.shape[1], dtype=np.int64)[None, :, None]
    ages = np.where(latest < 0, np.inf, steps - latest).astype(np.float32)
    return values, ages


def find_latest(gaps: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the step of the last reading at each step; before the first one, -1.

    Parameters
    ----------
    gaps : ndarray of shape (n, n_steps, n_channels) and dtype bool
        Whether nothing was read.

    Examples
    --------
    >>> import numpy as np
    >>> find_latest(np.array([[[True], [False], [True]]]))[0, :, 0]
    array([-1,  1,  1])
    """
    steps = np.arange(gaps.shape[1], dtype=np.int64)[None, :, None]
    return np.maximum.accumulate(np.where(gaps, -1, steps), axis=1)


def share_of_age(ages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what stands for ages in steps: 0 for this step's, 1 for an infinite one.

    Examples
    --------
    >>> import numpy as np
    >>> share_of_age(np.float32([0, 6, np.inf]))
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return np.asarray(1 - HALF_AGE / (ages + HALF_AGE), dtype=np.float32)
