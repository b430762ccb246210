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


def class_limits(
    probabilities: NDArray[np.float64],
    codes: NDArray[np.int64],
    *,
    confidence_level: float,
    class_conditional: bool,
) -> NDArray[np.float64]:
    """Return the limit of each class, from calibration rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Of each class.
    codes : ndarray of shape (n,) and dtype int64
        Position of the true class of each row.
    confidence_level : float
        In (0, 1).
    class_conditional : bool
        Whether each class has a limit from its own rows, or all the same.

    Returns
    -------
    ndarray of shape (n_classes,) and dtype float64
        Infinite where there are too few rows.
    """
    n_classes = probabilities.shape[1]
    scores = 1 - np.asarray(probabilities, np.float64)[np.arange(len(codes)), codes]
    if not class_conditional:
        return np.full(n_classes, score_limit(scores, confidence_level))
    return np.array(
        [score_limit(scores[codes == code], confidence_level) for code in range(n_classes)]
    )


def prediction_set(
    probabilities: NDArray[np.float64], limits: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which classes are in the set of each row, (n, n_classes)."""
    return 1 - np.asarray(probabilities, np.float64) <= limits
