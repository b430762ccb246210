"""Scores for estimators with several heads, and of their probabilities."""

from numpy.typing import ArrayLike

from skdualcnn._auc_comparison import AucComparison, compare_roc_auc
from skdualcnn._calibration_error import expected_calibration_error, maximum_calibration_error
from skdualcnn._labels import Labels, share_right
from skdualcnn._scorers import make_head_scorer

__all__ = [
    "AucComparison",
    "compare_roc_auc",
    "expected_calibration_error",
    "make_head_scorer",
    "maximum_calibration_error",
    "subset_accuracy",
]


def subset_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Return the share of rows of which every head with a label is right.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_heads)
        True labels; NaN, None or pandas.NA where missing. A row without any label
        does not count.
    y_pred : array-like of shape (n,) or (n, n_heads)
        Predicted labels.
    sample_weight : array-like of shape (n,), default=None
        Weight of each row.

    Returns
    -------
    float
        Accuracy in [0, 1].

    Raises
    ------
    HeadError
        If the two do not have the same shape, or no row has a label.

    Examples
    --------
    >>> from skdualcnn.metrics import subset_accuracy
    >>> subset_accuracy([[0, 1], [0, None], [1, 1]], [[0, 1], [0, 0], [1, 0]])
    0.6666666666666666
    """
    return share_right(Labels.read(y_true, sample_weight), Labels.read(y_pred))
