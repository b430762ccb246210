"""The fusion rules on plain arrays; the chip repeats them in integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

DECISIONS = np.array(["normal", "medical", "cyber", "both", "uncertain"])
NORMAL, MEDICAL, CYBER, BOTH, UNCERTAIN = range(5)


def fuse_anomalies(
    health: NDArray[Any],
    cyber: NDArray[Any],
    *,
    thresholds: tuple[float, float],
    abstention: float,
    delta: float,
    distrust: tuple[float, float] | None = None,
) -> NDArray[np.int64]:
    """Decide on the anomaly scores, one minus the probability of the normal class.

    Parameters
    ----------
    health, cyber : ndarray of shape (n,)
        Anomaly score of each head, in [0, 1].
    thresholds : tuple of float
        Score from which each head raises an alert.
    abstention : float
        Width of the band below each threshold in which the answer is "uncertain".
    delta : float
        By how much one score must exceed the other, when both raise an alert, for the
        alert to be that head's alone.
    distrust : tuple of float, default=None
        From the first, a cyber score, on, the vitals are not trusted: a medical alert then
        takes a health score of the second. None trusts them always.

    Returns
    -------
    ndarray of shape (n,) and dtype int64
        Positions in `DECISIONS`.
    """
    health_alert, cyber_alert = find_alerts(health, cyber, thresholds=thresholds, distrust=distrust)
    in_band = (health >= thresholds[0] - abstention) | (cyber >= thresholds[1] - abstention)
    return np.select(
        [
            health_alert & cyber_alert & (health > cyber + delta),
            health_alert & cyber_alert & (cyber > health + delta),
            health_alert & cyber_alert,
            health_alert,
            cyber_alert,
            in_band,
        ],
        [MEDICAL, CYBER, BOTH, MEDICAL, CYBER, UNCERTAIN],
        default=NORMAL,
    )


def find_alerts(
    health: NDArray[Any],
    cyber: NDArray[Any],
    *,
    thresholds: tuple[float, float],
    distrust: tuple[float, float] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each row whether the health head raises its alert, and whether the cyber head does.

    Parameters
    ----------
    health, cyber : ndarray of shape (n,)
        Anomaly score of each head, in [0, 1].
    thresholds, distrust : tuple of float
        As `fuse_anomalies` takes them.
    """
    evidence: Any = thresholds[0]
    if distrust is not None:
        evidence = np.where(cyber >= distrust[0], distrust[1], evidence)
    return health >= evidence, cyber >= thresholds[1]


def fuse_confidences(
    health: NDArray[Any], cyber: NDArray[Any], *, delta: float
) -> NDArray[np.int64]:
    """Decide on the largest probability of each head: eq. 11 as the paper prints it.

    A head that is confidently normal raises its alert too; that is what the equation
    says, and why it is not the default.

    Parameters
    ----------
    health, cyber : ndarray of shape (n,)
        Largest class probability of each head, in [0, 1].
    delta : float
        By how much one must exceed the other.

    Returns
    -------
    ndarray of shape (n,) and dtype int64
        Positions in `DECISIONS`.
    """
    return np.select(
        [health > cyber + delta, cyber > health + delta], [MEDICAL, CYBER], default=UNCERTAIN
    )
