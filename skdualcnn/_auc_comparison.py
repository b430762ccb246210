"""Whether two scores of the same rows differ in ROC-AUC: DeLong's test, and groups."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.utils import check_consistent_length, column_or_1d

from skdualcnn._groups import number_groups


@dataclass(frozen=True)
class AucComparison:
    """Two areas under the ROC curve on the same rows, and the test of their difference.

    Attributes
    ----------
    first, second : float
        Area of each score, in [0, 1].
    difference : float
        First minus second.
    standard_error : float
        Of the difference.
    interval : tuple of float
        95 % confidence interval of the difference.
    p_value : float
        Two-sided, of no difference.
    """

    first: float
    second: float
    difference: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float


def compare_roc_auc(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    groups: ArrayLike | None = None,
) -> AucComparison:
    """Test whether two scores of the same rows have the same ROC-AUC.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        1 or True for what is to be found, such as "not normal"; else 0 or False.
    first, second : array-like of shape (n,)
        The scores; higher means more likely 1.
    groups : array-like of shape (n,), default=None
        What belongs together: patients, episodes. Rows of a group may depend on each
        other, groups may not. None takes every row as independent, which windows that
        overlap and rows of one patient are not: the p-value is then too small.

    Returns
    -------
    AucComparison
        Areas, difference, its standard error and interval, p-value.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, a score is not finite, a group is missing, the
        labels are not 0 and 1, or fewer than two rows, or groups with such rows, are there
        of each.

    See Also
    --------
    skdualcnn.model_selection.mcnemar_test : The same for right and wrong answers.

    Notes
    -----
    Without groups it is DeLong's test [1]_, from the placements of each row among those
    of the other label. With groups the placements are summed by group, as Obuchowski
    does [2]_; groups of one row each give DeLong's test.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under
       Two or More Correlated Receiver Operating Characteristic Curves", Biometrics 44,
       837-845, 1988.
    .. [2] N. A. Obuchowski, "Nonparametric Analysis of Clustered ROC Curve Data",
       Biometrics 53, 567-578, 1997.

    Examples
    --------
    >>> from skdualcnn.metrics import compare_roc_auc
    >>> y = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> test = compare_roc_auc(y, [1, 2, 3, 5, 4, 6, 7, 8], [3, 1, 6, 4, 2, 5, 8, 7])
    >>> test.first, test.second
    (0.9375, 0.75)
    >>> round(test.p_value, 3)
    0.268
    """
    event, scores = _check(y_true, first, second)
    placed = [_placements(event, score) for score in scores]
    areas = [float(values[event].mean()) for values in placed]
    difference = areas[0] - areas[1]
    codes = np.arange(len(event)) if groups is None else _codes(groups, event)
    error = _standard_error(event, placed[0] - placed[1], difference, codes)
    reach = float(stats.norm.ppf(0.975)) * error
    if error == 0:  # the same ranking, or none to tell them apart by
        p_value = float(difference == 0)
    else:
        p_value = float(2 * stats.norm.sf(abs(difference) / error))
    return AucComparison(
        areas[0], areas[1], difference, error, (difference - reach, difference + reach), p_value
    )


def _placements(event: NDArray[np.bool_], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of rows of the other label that each row is on the right side of."""
    among_all = stats.rankdata(score)
    placed = np.empty(len(score))
    for label in (True, False):
        mine = event == label
        beaten = (among_all[mine] - stats.rankdata(score[mine])) / (~mine).sum()
        placed[mine] = beaten if label else 1 - beaten
    return placed


def _standard_error(
    event: NDArray[np.bool_],
    placed: NDArray[np.float64],
    area: float,
    codes: NDArray[np.intp],
) -> float:
    """Return the standard error of an area, or of a difference, from its placements."""
    n_groups = int(codes.max()) + 1
    sums, sizes, with_label = {}, {}, {}
    for label in (True, False):
        mine = event == label
        size = np.bincount(codes[mine], minlength=n_groups)
        total = np.bincount(codes[mine], weights=placed[mine], minlength=n_groups)
        sums[label], sizes[label] = total - area * size, int(size.sum())
        with_label[label] = int((size > 0).sum())
        if with_label[label] < 2:
            raise ValueError(
                f"{with_label[label]} row or group has the label {int(label)}, expected at least "
                "2 of each label to tell how much an area varies."
            )
    variance = sum(
        with_label[label] / (with_label[label] - 1) * (sums[label] ** 2).sum() / sizes[label] ** 2
        for label in (True, False)
    )
    both = n_groups / (n_groups - 1) * (sums[True] * sums[False]).sum()
    return float(np.sqrt(max(variance + 2 * both / (sizes[True] * sizes[False]), 0.0)))


def _check(
    y_true: ArrayLike, *scores: ArrayLike
) -> tuple[NDArray[np.bool_], list[NDArray[np.float64]]]:
    labels = np.asarray(column_or_1d(y_true))
    columns = [np.asarray(column_or_1d(score), dtype=np.float64) for score in scores]
    check_consistent_length(labels, *columns)
    if len(labels) == 0:
        raise ValueError("y_true has no row, expected at least two of each label.")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(
            "y_true has labels other than 0 and 1, expected 1 for what is to be found. Compare "
            'labels first, such as y != "normal".'
        )
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError("A score is infinite or not a number, expected a finite one of each row.")
    return labels.astype(bool), columns


def _codes(groups: ArrayLike, event: NDArray[np.bool_]) -> NDArray[np.intp]:
    check_consistent_length(groups, event)
    return number_groups(groups)
