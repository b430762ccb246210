"""What one fitted model says about rows it has not seen: thresholds and figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_curve, roc_curve

from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._evaluation import HeadResult
from skdualcnn.metrics import expected_calibration_error


def thresholds(held: HeadResult) -> dict[str, float]:
    """Return the score from which a row is flagged, by what it makes highest.

    Parameters
    ----------
    held : HeadResult
        Of training rows that the model was not fitted on.

    Returns
    -------
    dict of str to float
        For "accuracy", "f1" and "challenge", as `at_thresholds` has them.
    """
    false_alarms, found, cuts = roc_curve(held.abnormal, held.score, drop_intermediate=False)
    share = held.abnormal.mean()
    accuracy = found * share + (1 - false_alarms) * (1 - share)
    precision, recall, steps = precision_recall_curve(held.abnormal, held.score)
    precision, recall = precision[:-1], recall[:-1]
    both = np.maximum(precision + recall, 1e-12)
    return {
        # The first cut of a ROC curve is infinite: nothing is flagged.
        "accuracy": float(cuts[accuracy.argmax()]),
        "f1": float(steps[(precision * recall / both).argmax()]),
        "challenge": float(steps[np.minimum(precision, recall).argmax()]),
    }


def at_thresholds(result: HeadResult, cuts: dict[str, float]) -> dict[str, float]:
    """Return accuracy, F1 and min(sensitivity, positive predictivity), each at its own cut."""
    true = result.abnormal
    flagged = {name: result.score >= cut for name, cut in cuts.items()}
    right = (flagged["challenge"] & true).sum()
    most = max(true.sum(), flagged["challenge"].sum(), 1)  # the larger of the denominators
    return {
        "accuracy_at": accuracy_score(true, flagged["accuracy"]),
        "f1_at": f1_score(true, flagged["f1"], zero_division=0.0),
        "challenge_at": float(right / most),
    }


def figures(result: HeadResult, cuts: dict[str, float]) -> dict[str, float]:
    """Return every figure of a head on test rows."""
    scores = result.metrics()
    known, said = np.array(result.y_true.tolist()), np.array(result.y_pred.tolist())
    return {
        **{name: scores[name] for name in ("roc_auc", "average_precision", "brier")},
        "ece": expected_calibration_error(result.abnormal, result.score.clip(0, 1)),
        **at_thresholds(result, cuts),
        "macro_f1": f1_score(known, said, average="macro", zero_division=0.0),
    }


def recalls(result: HeadResult, cut: float, unseen: NDArray[Any] | None) -> dict[str, float]:
    """Return the share flagged of each class, and of attack types unseen in training.

    Parameters
    ----------
    result : HeadResult
    cut : float
        Score from which a row is flagged.
    unseen : ndarray of shape (n,) and dtype bool, or None
        Rows of types that training has not.
    """
    flagged = result.score >= cut
    parts = {str(label): result.y_true == label for label in result.classes}
    if unseen is not None and unseen.any():
        parts["types unseen in training"] = unseen
        parts["types seen in training"] = result.abnormal & ~unseen
    return {name: float(flagged[rows].mean()) for name, rows in parts.items() if rows.any()}


def calibrated_score(
    method: str, held: Sequence[HeadResult], tested: HeadResult
) -> NDArray[np.float64]:
    """Return the anomaly scores of test rows, calibrated on rows held out of training.

    The score is taken as the probability of two classes: normal, and anything else.
    """
    score = np.concatenate([one.score for one in held])
    event = np.concatenate([one.abnormal for one in held]).astype(np.int64)
    calibrator = CALIBRATORS[method]().fit(_pair(score), event, np.ones(len(score)))
    return np.asarray(calibrator.apply(_pair(tested.score))[:, 1]).clip(0, 1)


def _pair(score: NDArray[np.float64]) -> NDArray[np.float64]:
    event = score.clip(0, 1)
    return np.column_stack([1 - event, event])
