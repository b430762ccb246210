"""Tests of two classifiers on the same rows, and of several such tests together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.utils import check_consistent_length, column_or_1d

from skdualcnn._groups import number_groups


@dataclass(frozen=True)
class McNemarResult:
    """What two classifiers got right that the other did not, and the tests on it.

    Attributes
    ----------
    only_first, only_second : int
        Rows that only the first, or only the second, got right.
    p_exact : float
        p-value by the binomial distribution.
    statistic : float
        Chi-squared with one degree of freedom, corrected for continuity.
    p_corrected : float
        p-value of that statistic.
    p_groups : float or None
        p-value that takes groups, not rows, as independent; None without groups.
    """

    only_first: int
    only_second: int
    p_exact: float
    statistic: float
    p_corrected: float
    p_groups: float | None


def mcnemar_test(
    y_true: ArrayLike, first: ArrayLike, second: ArrayLike, *, groups: ArrayLike | None = None
) -> McNemarResult:
    """Test whether two classifiers are right equally often on the same rows.

    Only rows on which one is right and the other wrong tell them apart. All p-values are
    two-sided.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    first, second : array-like of shape (n,)
        Predicted labels.
    groups : array-like of shape (n,), default=None
        What belongs together: patients, episodes. The exact and the corrected p-value
        take rows as independent, which neighbours in time are not; `p_groups` does not.

    Returns
    -------
    McNemarResult
        Counts, statistic and p-values; 1 where no row tells the two apart.

    Raises
    ------
    ValueError
        If lengths differ, or a row has no group.

    See Also
    --------
    skdualcnn.metrics.compare_roc_auc : The same for scores.
    holm_adjust : For several tests at a time.

    Notes
    -----
    The corrected statistic is (abs(b - c) - 1)^2 / (b + c) for the two counts b and c
    [1]_. With groups, d_k is b - c within a group, and the sum of d_k over the root of
    the sum of d_k^2 is taken as normal [2]_.

    References
    ----------
    .. [1] A. L. Edwards, "Note on the Correction for Continuity in Testing the
       Significance of the Difference between Correlated Proportions", Psychometrika 13,
       185-187, 1948.
    .. [2] N. A. Obuchowski, "On the Comparison of Correlated Proportions for Clustered
       Data", Statistics in Medicine 17, 1495-1507, 1998.

    Examples
    --------
    >>> from skdualcnn.model_selection import mcnemar_test
    >>> test = mcnemar_test([1] * 10, [1] * 9 + [0], [0] * 6 + [1] * 4)
    >>> test.only_first, test.only_second, round(test.p_exact, 3)
    (6, 1, 0.125)
    """
    true, one, other = (
        np.asarray(column_or_1d(labels), dtype=object) for labels in (y_true, first, second)
    )
    check_consistent_length(true, one, other)
    right = [np.asarray(labels == true, dtype=bool) for labels in (one, other)]
    lead = right[0].astype(int) - right[1].astype(int)
    only_first, only_second = int((lead > 0).sum()), int((lead < 0).sum())
    differing = only_first + only_second
    statistic = 0.0
    if differing:
        statistic = max(abs(only_first - only_second) - 1, 0) ** 2 / differing
    return McNemarResult(
        only_first=only_first,
        only_second=only_second,
        p_exact=float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0,
        statistic=statistic,
        p_corrected=float(stats.chi2.sf(statistic, 1)),
        p_groups=None if groups is None else _p_groups(lead, groups),
    )


def holm_adjust(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for their number by Holm's method.

    An adjusted value below 0.05 keeps the chance of any false finding among all of them
    below 0.05, however the tests depend on each other.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Numbers in [0, 1].

    Returns
    -------
    ndarray of shape (n,) and dtype float64
        Adjusted ones in the same order.

    Raises
    ------
    ValueError
        If a value is outside [0, 1].

    References
    ----------
    .. [1] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
       Scandinavian Journal of Statistics 6, 65-70, 1979.

    Examples
    --------
    >>> from skdualcnn.model_selection import holm_adjust
    >>> holm_adjust([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = _check_p_values(p_values)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.maximum.accumulate(np.minimum(factors * values[order], 1.0))
    return adjusted


def combine_dependent_p_values(p_values: ArrayLike) -> float:
    """Return one p-value for several tests of the same question on dependent data.

    Models trained with several seeds and scored on the same rows give such tests. Twice
    the median is a valid p-value whatever the dependence; it is no smaller than a single
    test would give on average, so more seeds do not make a result look surer.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Numbers in [0, 1], at least one.

    Returns
    -------
    float
        The p-value itself if there is one, else twice the median, at most 1.

    Raises
    ------
    ValueError
        If there is none, or a value is outside [0, 1].

    References
    ----------
    .. [1] N. Meinshausen, L. Meier, P. Bühlmann, "p-Values for High-Dimensional
       Regression", Journal of the American Statistical Association 104, 1671-1681, 2009.

    Examples
    --------
    >>> from skdualcnn.model_selection import combine_dependent_p_values
    >>> combine_dependent_p_values([0.01, 0.02, 0.5])
    0.04
    """
    values = _check_p_values(p_values)
    if len(values) == 0:
        raise ValueError("p_values is empty, expected at least one.")
    return float(values[0]) if len(values) == 1 else float(min(2 * np.median(values), 1.0))


def _p_groups(lead: NDArray[np.int_], groups: ArrayLike) -> float:
    check_consistent_length(lead, groups)
    codes = number_groups(groups)
    leads = np.bincount(codes, weights=lead)
    spread = float(np.sqrt((leads**2).sum()))
    return float(2 * stats.norm.sf(abs(leads.sum()) / spread)) if spread else 1.0


def _check_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    values = np.array(column_or_1d(p_values), dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p_values are {values.tolist()}, expected numbers in [0, 1].")
    return values
