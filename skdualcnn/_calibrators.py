"""Maps from a head's probabilities to calibrated ones, learnt on rows that it did not see."""

import warnings
from abc import abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from skdualcnn._softmax import softmax

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# Models that count votes answer with zeros, of which no logarithm is taken.
SMALLEST = float(np.finfo(np.float64).eps)
_LOG_TEMPERATURES = (-3.0, 3.0)


class Calibrator(BaseEstimator):
    """Learns of one head what its probabilities are worth."""

    @abstractmethod
    def fit(self, probability: Floats, code: Codes, weight: Floats) -> Self:
        """Learn from the probabilities of rows and their true classes.

        Parameters
        ----------
        probability : ndarray of shape (n, n_classes) and dtype float64
            Given by a model that was not trained on these rows.
        code : ndarray of shape (n,) and dtype int64
            Column of each row's true class.
        weight : ndarray of shape (n,) and dtype float64
            Weight of each row.
        """

    @abstractmethod
    def apply(self, probability: Floats) -> Floats:
        """Return calibrated probabilities (n, n_classes); rows add up to one."""

    def on_logits(self, n_classes: int) -> tuple[Floats, Floats] | None:
        """Return what to multiply logits with, and what to add; None if that is not enough.

        Parameters
        ----------
        n_classes : int
            Classes of the head.

        Returns
        -------
        tuple of ndarray or None
            Of shapes (n_classes, n_classes) and (n_classes,), dtype float64: the
            softmax of ``matrix @ logits + shift`` is the calibrated probability.
        """
        return None


class TemperatureCalibrator(Calibrator):
    """Divide the logits of all classes by one number (Guo et al., ICML 2017).

    The order of the classes stays, so no predicted class changes. scikit-learn has it
    from 1.8 only.

    Attributes
    ----------
    temperature_ : float
        Above 1, the head was surer than it was right.
    """

    def fit(self, probability: Floats, code: Codes, weight: Floats) -> Self:
        """Find the temperature that makes the true classes most likely, from 0.05 to 20.

        Warns
        -----
        UserWarning
            If it ends at either bound.
        """
        logits, rows = _logits(probability), np.arange(len(code))

        def surprise(log_temperature: float) -> float:
            likely = log_softmax(logits / np.exp(log_temperature), axis=1)
            return -float(np.average(likely[rows, code], weights=weight))

        found = minimize_scalar(surprise, bounds=_LOG_TEMPERATURES, method="bounded")
        self.temperature_ = float(np.exp(found.x))
        if abs(found.x) > _LOG_TEMPERATURES[1] - 1e-3:
            meaning = (
                "a head that is right on all held-out rows, or nearly, whose scores now jump "
                "between 0 and 1"
                if found.x < 0
                else "a head that is surely wrong on held-out rows, whose scores now hardly differ"
            )
            warnings.warn(
                f"A temperature ended at the bound of its search, {self.temperature_:.3g}: "
                f'{meaning}. Calibrate on more or harder rows, or use calibration="sigmoid".',
                UserWarning,
                stacklevel=2,
            )
        return self

    def apply(self, probability: Floats) -> Floats:
        """Return calibrated probabilities."""
        return softmax(_logits(probability) / self.temperature_)

    def on_logits(self, n_classes: int) -> tuple[Floats, Floats] | None:
        """Return what to multiply logits with, and what to add."""
        return np.eye(n_classes) / self.temperature_, np.zeros(n_classes)


class SigmoidCalibrator(Calibrator):
    """Platt's logistic regression on the logit; of more than two classes, one for each.

    Attributes
    ----------
    slopes_, intercepts_ : ndarray of shape (n_classes,) or (1,), dtype float64
        Of the logit of each class; of two classes, of the second.
    """

    def fit(self, probability: Floats, code: Codes, weight: Floats) -> Self:
        """Fit the regressions."""
        lines = [
            _fit_sigmoid(_logit(probability[:, column]), code == column, weight)
            for column in _columns(probability)
        ]
        self.slopes_, self.intercepts_ = np.array(lines).T
        return self

    def apply(self, probability: Floats) -> Floats:
        """Return calibrated probabilities."""
        columns = list(_columns(probability))
        scaled = expit(self.slopes_ * _logit(probability[:, columns]) + self.intercepts_)
        return _complete(scaled)

    def on_logits(self, n_classes: int) -> tuple[Floats, Floats] | None:
        """Return what to multiply logits with, and what to add; None of several classes."""
        if n_classes > 2:
            return None
        half = np.array([-0.5, 0.5])
        return np.outer(half, 2 * half) * self.slopes_[0], half * self.intercepts_[0]


class IsotonicCalibrator(Calibrator):
    """A step-wise rising curve of each class; of two classes, of the second.

    Attributes
    ----------
    knots_, values_ : list of ndarray of dtype float64
        Points of each curve: probability before and after.
    """

    def fit(self, probability: Floats, code: Codes, weight: Floats) -> Self:
        """Fit the curves."""
        curves = [
            IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
                probability[:, column], code == column, sample_weight=weight
            )
            for column in _columns(probability)
        ]
        self.knots_ = [np.asarray(one.X_thresholds_, dtype=np.float64) for one in curves]
        self.values_ = [np.asarray(one.y_thresholds_, dtype=np.float64) for one in curves]
        return self

    def apply(self, probability: Floats) -> Floats:
        """Return calibrated probabilities."""
        curves = zip(_columns(probability), self.knots_, self.values_, strict=True)
        risen = [np.interp(probability[:, column], x, y) for column, x, y in curves]
        return _complete(np.column_stack(risen))


CALIBRATORS: dict[str, type[Calibrator]] = {
    "temperature": TemperatureCalibrator,
    "sigmoid": SigmoidCalibrator,
    "isotonic": IsotonicCalibrator,
}


def _logits(probability: Floats) -> Floats:
    return np.log(np.maximum(probability, SMALLEST))


def _logit(probability: Floats) -> Floats:
    return _logits(probability) - _logits(1 - probability)


def _columns(probability: Floats) -> range:
    """Return the classes that have a curve: of two, the second says it all."""
    n_classes = probability.shape[1]
    return range(1, 2) if n_classes == 2 else range(n_classes)


def _complete(probability: Floats) -> Floats:
    """Return rows that add up to one, from one column or from one of each class."""
    if probability.shape[1] == 1:
        return np.column_stack([1 - probability, probability])
    total = probability.sum(axis=1, keepdims=True)
    share = np.full_like(probability, 1 / probability.shape[1])
    return np.divide(probability, total, out=share, where=total > 0)


def _fit_sigmoid(logit: Floats, event: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Return slope and intercept, with Platt's targets short of 0 and 1.

    A target between two classes is a row of both, weighted.
    """
    positive, negative = weight[event].sum(), weight[~event].sum()
    share = np.where(event, (positive + 1) / (positive + 2), 1 / (negative + 2))
    line = LogisticRegression(C=np.inf).fit(
        np.tile(logit, 2)[:, None],
        np.repeat([1, 0], len(logit)),
        sample_weight=np.concatenate([weight * share, weight * (1 - share)]),
    )
    return float(line.coef_[0, 0]), float(line.intercept_[0])
