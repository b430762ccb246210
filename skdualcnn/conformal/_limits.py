"""Split conformal prediction of classes, on plain arrays.

The score of a row and a class is one minus the probability of the class. A class stays in
the set of a row while its score is at most a limit, which calibration rows have set: the
order statistic of rank ceil((n + 1) * confidence_level) of the scores of their true
classes. A new row that is exchangeable with them has its true class in its set with at
least that probability [1]_, and within each class if the limit is set class by class [2]_.

References
----------
.. [1] V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World",
   Springer, 2005, propositions 2.3 and 4.5.
.. [2] M. Sadinle, J. Lei, L. Wasserman, "Least Ambiguous Set-Valued Classifiers With
   Bounded Error Levels", Journal of the American Statistical Association 114, 223-234,
   2019.
"""

import math

import numpy as np
from numpy.typing import NDArray


def rank(n_rows: int, confidence_level: float) -> int:
    """Return which of the ascending scores is the limit; beyond the last, there is none."""
    # Rounded, as 10 * 0.7 and the like may come out a hair above a whole number.
    return math.ceil(round((n_rows + 1) * confidence_level, 9))


def fewest_rows(confidence_level: float) -> int:
    """Return how many calibration rows it takes to leave a class out of any set."""
    return math.ceil(round(confidence_level / (1 - confidence_level), 9))


def score_limit(scores: NDArray[np.float64], confidence_level: float) -> float:
    """Return the largest score that stays in a set; infinite with too few scores.

    Parameters
    ----------
    scores : ndarray of shape (n,) and dtype float64
        Of the true classes of the calibration rows.
    confidence_level : float
        In (0, 1).
    """
    k = rank(len(scores), confidence_level)
    return math.inf if k > len(scores) else float(np.partition(scores, k - 1)[k - 1])


def nonconformity(
    probabilities: NDArray[np.float64], normal: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return how little each class suits each row: one minus its probability.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Of each class.
    normal : ndarray of shape (n_classes,) and dtype bool, or None
        The normal class; all others then count as one class, whose probability is the
        sum of theirs. None takes each class by itself.

    Returns
    -------
    ndarray of shape (n, n_classes) and dtype float64
    """
    scores = 1 - np.asarray(probabilities, dtype=np.float64)
    if normal is None:
        return scores
    return np.where(normal, scores[:, normal], 1 - scores[:, normal])


def class_limits(
    scores: NDArray[np.float64],
    codes: NDArray[np.int64],
    categories: NDArray[np.int64],
    confidence_level: float,
) -> NDArray[np.float64]:
    """Return the limit of each class, from calibration rows.

    Parameters
    ----------
    scores : ndarray of shape (n, n_classes) and dtype float64
        Nonconformity of each class.
    codes : ndarray of shape (n,) and dtype int64
        Position of the true class of each row.
    categories : ndarray of shape (n_classes,) and dtype int64
        Classes of the same category have one limit, from all rows of theirs.
    confidence_level : float
        In (0, 1).

    Returns
    -------
    ndarray of shape (n_classes,) and dtype float64
        Infinite where a category has too few rows.
    """
    of_true = scores[np.arange(len(codes)), codes]
    limits = np.empty(len(categories))
    for category in np.unique(categories):
        mine = of_true[categories[codes] == category]
        limits[categories == category] = score_limit(mine, confidence_level)
    return limits
