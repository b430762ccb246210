"""The decision layer: two heads in, one answer out, with its reason."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skdualcnn._fusion_rule import FusionRule, distrust_pair, threshold_pair
from skdualcnn._labels import Labels, find_normal
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import HeadError, NormalClassError

MEDICAL_HEAD, CYBER_HEAD = 0, 1


class FusionDecider(MetaEstimatorMixin, BaseEstimator):
    """Fuse the health head and the cyber head into one decision.

    The answer is "normal", "medical", "cyber", "both" or "uncertain". With
    `rule="anomaly"` each head's score is one minus its probability of being normal: a
    score at or above the head's threshold raises that head's alert; when both do, the
    clearly larger one wins. With `rule="confidence"` it is eq. 11 of the paper, on the
    largest probability of each head.

    Parameters
    ----------
    estimator : estimator
        Classifier or pipeline of two heads whose `predict_proba` returns one array per
        head; or of one head, the other then counting as normal.
    rule : {"anomaly", "confidence"}, default="anomaly"
        How the heads are compared.
    delta : float, default=0.1
        Margin by which one head must exceed the other to win.
    thresholds : float or tuple of float, default=0.5
        Anomaly score from which a head raises its alert; a pair is (health, cyber).
    abstention : float, default=0.0
        Width of the band below the thresholds in which the answer is "uncertain".
    distrust : tuple of float, default=None
        With `rule="anomaly"`: from the first, a cyber score, on, the vitals may have been
        tampered with, and a medical alert takes a health score of the second; below it
        the answer is "cyber" or, without a cyber alert, "uncertain". None trusts the
        vitals always.
    normal : label or tuple of labels, default=None
        The class that means normal, or one per head. None takes the class named
        "normal", else the class 0.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    head_names_ : list of str
        Names of the heads, in the order of y's columns.
    heads_ : tuple
        Names of the medical and of the cyber head; None for one that is not there.
    normal_ : tuple
        The normal class of the medical and of the cyber head; None likewise.
    classes_ : ndarray of str
        The decisions.
    n_features_in_ : int
        Columns of X, where the estimator counts them.

    See Also
    --------
    DualPathCNNClassifier : The classifier that this is made for.

    Notes
    -----
    Heads that are columns named "health" and "cyber" of a DataFrame are told apart by
    name; otherwise the first head is the medical one and the second the cyber one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdualcnn import FusionDecider
    >>> X = np.random.default_rng(0).random((300, 2))
    >>> y = (X > 0.7).astype(int)  # one column per head, 0 is normal
    >>> decider = FusionDecider(RandomForestClassifier(random_state=0)).fit(X, y)
    >>> decider.predict([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.9]])
    array(['normal', 'medical', 'cyber', 'both'], dtype='<U9')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "rule": [StrOptions({"anomaly", "confidence"})],
        "delta": [Interval(Real, 0, 1, closed="both")],
        "thresholds": [Interval(Real, 0, 1, closed="right"), tuple, list],
        "abstention": [Interval(Real, 0, 1, closed="both")],
        "distrust": [tuple, list, None],
        "normal": "no_validation",
    }

    def __init__(
        self,
        estimator: Any,
        *,
        rule: str = "anomaly",
        delta: float = 0.1,
        thresholds: float | tuple[float, float] = 0.5,
        abstention: float = 0.0,
        distrust: tuple[float, float] | None = None,
        normal: Any = None,
    ) -> None:
        self.estimator = estimator
        self.rule = rule
        self.delta = delta
        self.thresholds = thresholds
        self.abstention = abstention
        self.distrust = distrust
        self.normal = normal

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the estimator and find out which classes are normal.

        Parameters
        ----------
        X : array-like
            What the estimator takes.
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads.
        **fit_params : dict
            Passed to the estimator's `fit`; with metadata routing enabled, what the
            estimator has requested.

        Returns
        -------
        FusionDecider
            The fitted decider.

        Raises
        ------
        HeadError
            If there are more than two heads, or `thresholds` is not one or two shares, or
            `distrust` not a pair of them.
        NormalClassError
            If a head's normal class is not known.
        """
        distrust_pair(self.distrust, threshold_pair(self.thresholds)[0])
        names = Labels.read(y).names
        if len(names) > 2:
            raise HeadError(
                f"y has {len(names)} heads {list(names)}, expected a medical and a cyber head, or "
                "one of the two. Choose two columns of y."
            )
        if _routing_enabled():
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        classes = self.estimator_.classes_
        found = list(classes) if isinstance(classes, list) else [classes]
        self.head_names_ = list(names)
        self.positions_ = _assign_heads(names)
        self.heads_ = tuple(None if i is None else names[i] for i in self.positions_)
        self.normal_ = tuple(
            None if i is None else find_normal(names[i], found[i], self._wanted_normal(role))
            for role, i in enumerate(self.positions_)
        )
        self.classes_ = np.sort(DECISIONS)
        for attribute in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, attribute):
                setattr(self, attribute, getattr(self.estimator_, attribute))
        return self

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
        """Return the class probabilities of the heads, as the estimator gives them.

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
        return self.estimator_.predict_proba(X)

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
        for role, position in enumerate(self.positions_):
            if position is not None:
                name, classes = self.heads_[role], self._classes(position)
                table[f"{name}_class"] = classes[probabilities[position].argmax(axis=1)]
                for label, column in zip(classes, probabilities[position].T, strict=True):
                    table[f"{name}_probability_{label}"] = column
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
            "normal", "medical", "cyber" or "both"; None where a head's label is missing.
        """
        check_is_fitted(self)
        labels = Labels.read(y).in_order_of(self.head_names_)
        if len(labels.names) != len([p for p in self.positions_ if p is not None]):
            raise HeadError(
                f"y has {len(labels.names)} column(s), expected one for each of the heads "
                f"{[name for name in self.heads_ if name is not None]}."
            )
        ill = np.zeros((2, len(labels.weights)), dtype=bool)
        for role, position in enumerate(self.positions_):
            if position is not None:
                column = np.asarray(labels.columns[position], dtype=object)
                ill[role] = np.asarray(column != self.normal_[role], dtype=bool)
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
        """
        state = self.true_state(y)
        known = np.array([one is not None for one in state])
        if not known.any():
            raise HeadError("No row of y has a label of every head, expected at least one.")
        weight = np.ones(len(state)) if sample_weight is None else np.asarray(sample_weight)
        return float(np.average((self.predict(X) == state)[known], weights=weight[known]))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return where metadata such as `sample_weight` goes.

        Returns
        -------
        MetadataRouter
            Routes what `fit` is given to the `fit` of the estimator.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=type(self).__name__).add(
            estimator=self.estimator, method_mapping=mapping
        )

    def _read(self, X: ArrayLike) -> tuple[FusionRule, list[NDArray[np.float64]]]:
        """Return the rule, and the probabilities of each head, that decide on X."""
        probabilities = self.predict_proba(X)
        listed = probabilities if isinstance(probabilities, list) else [probabilities]
        return FusionRule.of(self), listed

    def _classes(self, position: int) -> NDArray[Any]:
        classes = self.estimator_.classes_
        return classes[position] if isinstance(classes, list) else classes

    def _wanted_normal(self, role: int) -> Any:
        if isinstance(self.normal, tuple | list):
            if len(self.normal) != 2:
                raise NormalClassError(
                    f"normal={self.normal!r}, expected one label or a pair: (health, cyber)."
                )
            return self.normal[role]
        return self.normal

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags


def _assign_heads(names: tuple[str, ...]) -> tuple[int | None, int | None]:
    """Return the positions of the medical and of the cyber head."""
    if len(names) == 1:
        return (None, 0) if names[0] == "cyber" else (0, None)
    return (1, 0) if names == ("cyber", "health") else (0, 1)
