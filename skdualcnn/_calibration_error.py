"""How far predicted probabilities are from what came true, in bins."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d

STRATEGIES = ("uniform", "quantile")
N_DRAWS = 50  # of the labels for a floor


def expected_calibration_error(
    y_true: ArrayLike, y_prob: ArrayLike, *, n_bins: int = 10, strategy: str = "uniform"
) -> float:
    """Return the expected calibration error (ECE) of the probabilities of an event.

    Rows are put into bins by their probability. Of each bin, the mean probability is set
    against the share of rows in which the event came true; the error is the mean of the
    absolute differences, each weighted with the share of rows in its bin.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        1 or True where the event came true, such as "not normal"; else 0 or False.
    y_prob : array-like of shape (n,)
        Probability of the event, in [0, 1].
    n_bins : int, default=10
        Number of bins. The error depends on it, so state it with the figure.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width, or of about equally many rows. Empty bins do not count.

    Returns
    -------
    float
        The error in [0, 1]; 0 is perfect.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, a label is neither 0 nor 1, a probability is
        outside [0, 1], or `n_bins` or `strategy` is none of those above.

    See Also
    --------
    maximum_calibration_error : The worst bin instead of the mean.
    sklearn.metrics.brier_score_loss : Needs no bins.

    References
    ----------
    .. [1] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated
       Probabilities Using Bayesian Binning", AAAI 2015, 2901-2907.

    Examples
    --------
    >>> from skdualcnn.metrics import expected_calibration_error
    >>> expected_calibration_error([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75])
    0.25
    """
    gaps, counts = calibration_gaps(y_true, y_prob, n_bins=n_bins, strategy=strategy)
    return float(np.average(gaps, weights=counts))


def maximum_calibration_error(
    y_true: ArrayLike, y_prob: ArrayLike, *, n_bins: int = 10, strategy: str = "uniform"
) -> float:
    """Return the maximum calibration error (MCE) of the probabilities of an event.

    It is the largest difference of any bin, however few rows the bin has, so it is noisy
    where bins are small.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        1 or True where the event came true, such as "not normal"; else 0 or False.
    y_prob : array-like of shape (n,)
        Probability of the event, in [0, 1].
    n_bins : int, default=10
        Number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width, or of about equally many rows. Empty bins do not count.

    Returns
    -------
    float
        The error in [0, 1]; 0 is perfect.

    Raises
    ------
    ValueError
        As `expected_calibration_error` does.

    See Also
    --------
    expected_calibration_error : The mean over the bins.

    Examples
    --------
    >>> from skdualcnn.metrics import maximum_calibration_error
    >>> maximum_calibration_error([0, 0, 0, 1], [0.25, 0.25, 0.25, 0.875])
    0.25
    """
    gaps, _ = calibration_gaps(y_true, y_prob, n_bins=n_bins, strategy=strategy)
    return float(gaps.max())


def calibration_floor(probability: NDArray[np.float64], seed: int = 0) -> float:
    """Return the mean ECE of labels that are drawn from their own probabilities.

    It is what a model that is right in every probability has on as many independent rows.
    """
    rng = np.random.default_rng(seed)
    draws = [rng.random(len(probability)) < probability for _ in range(N_DRAWS)]
    return float(np.mean([expected_calibration_error(one, probability) for one in draws]))


def calibration_gaps(
    y_true: ArrayLike, y_prob: ArrayLike, *, n_bins: int, strategy: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return of each bin that holds rows the absolute difference, and how many they are.

    Raises
    ------
    ValueError
        As `expected_calibration_error` does.
    """
    event, probability = _check(y_true, y_prob)
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy={strategy!r}, expected one of {list(STRATEGIES)}.")
    if not isinstance(n_bins, int | np.integer) or n_bins < 1:
        raise ValueError(f"n_bins={n_bins!r}, expected a whole number of at least 1.")
    inner = np.linspace(0, 1, n_bins + 1)[1:-1]
    edges = inner if strategy == "uniform" else np.percentile(probability, 100 * inner)
    # As scikit-learn's calibration_curve: a probability on an edge is of the bin below.
    bins = np.searchsorted(edges, probability)
    counts = np.bincount(bins, minlength=n_bins)
    here = counts > 0
    difference = np.bincount(bins, weights=probability - event, minlength=n_bins)
    return np.abs(difference[here]) / counts[here], counts[here]


def _check(y_true: ArrayLike, y_prob: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    event = np.asarray(column_or_1d(y_true))
    probability = np.asarray(column_or_1d(y_prob), dtype=np.float64)
    check_consistent_length(event, probability)
    if len(event) == 0:
        raise ValueError("y_true has no row, expected at least one.")
    if not np.isin(event, (0, 1)).all():
        raise ValueError(
            "y_true has labels other than 0 and 1, expected 1 where the event came true. Compare "
            'labels first, such as y != "normal".'
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("y_prob has a value outside [0, 1], expected probabilities.")
    return event.astype(np.float64), probability
