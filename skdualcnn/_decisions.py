"""What a fitted decider answers: decisions, scores, probabilities, reasons."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skdualcnn._calibrators import Calibrator
from skdualcnn._deciding_heads import deciding_heads, read_labels
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._labels import Labels
from skdualcnn.exceptions import HeadError

MEDICAL_HEAD, CYBER_HEAD = 0, 1


class DecisionsMixin:
    """Answers for whoever has a fitted estimator of two heads and a rule.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    calibrators_ : list of Calibrator or None
        One per head.
    head_names_ : list of str
        Names of the heads, in the order of y's columns.
    positions_ : tuple of int or None
        Positions of the medical and of the cyber head.
    heads_ : tuple of str or None
        Their names.
    normal_ : tuple
        Their normal classes.
    """

    estimator_: Any
    calibrators_: list[Calibrator] | None
    head_names_: list[str]
    positions_: tuple[int | None, int | None]
    heads_: tuple[str | None, ...]
    normal_: tuple[Any, ...]

    def predict(self, X: ArrayLike) -> NDArray[np.str_]:
        """Return the decision on each row.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n,) and dtype str
            "normal", "medical", "cyber", "both" or "uncertain".
        """
        rule, probabilities = self._read(X)
        return rule.decide(rule.scores(probabilities))

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the score of each head that the rule compares.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n, 2) and dtype float64
            Health and cyber column: one minus the probability of normal with
            `rule="anomaly"`, the largest probability with "confidence". A head that is
            not there scores 0.
        """
        rule, probabilities = self._read(X)
        return rule.scores(probabilities)

    def predict_proba(self, X: ArrayLike) -> list[NDArray[np.float64]] | NDArray[np.float64]:
        """Return the class probabilities of the heads, calibrated where that was asked for.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        list of ndarray of shape (n, n_classes), or one such ndarray
            One entry per head.
        """
        check_is_fitted(self)
        answer = self.estimator_.predict_proba(X)
        return self.calibrate(answer) if isinstance(answer, list) else self.calibrate([answer])[0]

    def calibrate(self, probabilities: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """Return the calibrated probabilities for those that the estimator gives.

        Parameters
        ----------
        probabilities : list of ndarray of shape (n, n_classes)
            One entry per head, as the estimator's `predict_proba` gives them.

        Returns
        -------
        list of ndarray of shape (n, n_classes) and dtype float64
            One entry per head; as given where the decider has no calibration.
        """
        check_is_fitted(self)
        if self.calibrators_ is None:
            return probabilities
        return [one.apply(head) for one, head in zip(self.calibrators_, probabilities, strict=True)]

    def explain_decisions(self, X: ArrayLike) -> pd.DataFrame:
        """Return probabilities, classes, scores, decision and its reason for each row.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        DataFrame of n rows
            Per head its class and the probability of each of its classes; then the two
            scores, the decision and a sentence that gives the reason. The index is that
            of X, if X has one.
        """
        rule, probabilities = self._read(X)
        scores = rule.scores(probabilities)
        table: dict[str, Any] = {}
        for head in deciding_heads(self):
            of_head = probabilities[head.position]
            table[f"{head.name}_class"] = head.classes[of_head.argmax(axis=1)]
            for label, column in zip(head.classes, of_head.T, strict=True):
                table[f"{head.name}_probability_{label}"] = column
        table["health_score"], table["cyber_score"] = scores.T
        table["decision"] = rule.decide(scores)
        table["reason"] = [rule.reason(*row) for row in scores]
        return pd.DataFrame(table, index=X.index if isinstance(X, pd.DataFrame) else None)

    def true_state(self, y: ArrayLike) -> NDArray[np.object_]:
        """Return what the decision should have been, from the labels.

        Parameters
        ----------
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads.

        Returns
        -------
        ndarray of shape (n,) and dtype object
            "normal", "medical", "cyber" or "both"; None where a head's label is missing. A
            class that training did not know is not normal.

        Raises
        ------
        HeadError
            If y has not a column for each head, or texts for a head that has numbers.
        """
        check_is_fitted(self)
        labels = read_labels(self, y)
        ill = np.zeros((2, len(labels.weights)), dtype=bool)
        for head in deciding_heads(self):
            column = np.asarray(labels.columns[head.position], dtype=object)
            ill[head.role] = np.asarray(column != head.normal, dtype=bool)
        names = np.array([["normal", "cyber"], ["medical", "both"]], dtype=object)
        state = names[ill[MEDICAL_HEAD].astype(int), ill[CYBER_HEAD].astype(int)]
        state[(labels.weights == 0).any(axis=1)] = None
        return state

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the decisions against the true states.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads; a row with a missing label does not count.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        float
            Accuracy in [0, 1]; "uncertain" counts as wrong.

        Raises
        ------
        ValueError
            If the lengths differ, the weights are negative, or no row has a label of every
            head and a weight.
        """
        state, decided = self.true_state(y), self.predict(X)
        check_consistent_length(decided, state)
        weight = Labels.read(y, sample_weight).weights.max(axis=1)
        counted = np.array([one is not None for one in state]) & (weight > 0)
        if not counted.any():
            raise HeadError(
                "No row of y has a label of every head and a weight above zero, expected at least "
                "one. Give rows that are labelled for every head."
            )
        return float(np.average((decided == state)[counted], weights=weight[counted]))

    def _read(self, X: ArrayLike) -> tuple[FusionRule, list[NDArray[np.float64]]]:
        """Return the rule, and the probabilities of each head, that decide on X."""
        probabilities = self.predict_proba(X)
        listed = probabilities if isinstance(probabilities, list) else [probabilities]
        return FusionRule.of(self), listed


class HoldsDecider(DecisionsMixin):
    """Answers of a fitted decider, for whoever holds one.

    Attributes
    ----------
    decider_ : FusionDecider
        Fitted.
    """

    decider_: Any

    # Read off the decider, where the mixin has attributes that can be set: mypy refuses that a
    # property without a setter stands for one, though nothing sets these.
    @property
    def estimator_(self) -> Any:
        """The fitted estimator of the heads."""
        return self.decider_.estimator_

    @property
    def calibrators_(self) -> list[Calibrator] | None:  # type: ignore[override]  # read-only, as said above
        """What calibrates each head; None without calibration."""
        return self.decider_.calibrators_

    @property
    def head_names_(self) -> list[str]:  # type: ignore[override]  # read-only, as said above
        """Names of the heads, in the order of y's columns."""
        return self.decider_.head_names_

    @property
    def positions_(self) -> tuple[int | None, int | None]:  # type: ignore[override]  # read-only, as said above
        """Positions of the medical and of the cyber head; None for one that is not there."""
        return self.decider_.positions_

    @property
    def heads_(self) -> tuple[str | None, ...]:  # type: ignore[override]  # read-only, as said above
        """Their names; None likewise."""
        return self.decider_.heads_

    @property
    def normal_(self) -> tuple[Any, ...]:  # type: ignore[override]  # read-only, as said above
        """Their normal classes; None likewise."""
        return self.decider_.normal_

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The decisions."""
        return self.decider_.classes_

    @property
    def n_features_in_(self) -> int:
        """Columns of X, where the estimator counts them."""
        return self.decider_.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of the columns of X, where the estimator keeps them."""
        return self.decider_.feature_names_in_

    def _read(self, X: ArrayLike) -> tuple[FusionRule, list[NDArray[np.float64]]]:
        check_is_fitted(self)
        return self.decider_._read(X)
