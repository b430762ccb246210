"""The decision layer: two heads in, one answer out, with its reason."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._cross_fitting import HeldOut, cross_fit, make_splits
from skdualcnn._decisions import DecisionsMixin
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._fusion_rule import distrust_pair, threshold_pair
from skdualcnn._labels import Heads, Labels, find_normal
from skdualcnn._rules import DECISIONS
from skdualcnn._unchanged import unchanged_on_error
from skdualcnn.exceptions import HeadError, NormalClassError


class AroundEstimator(MetaEstimatorMixin, BaseEstimator):
    """Metadata and tags of an estimator whose `fit` fits the one that it is given."""

    _given: ClassVar[str] = "estimator"  # the parameter that holds it

    def get_metadata_routing(self) -> MetadataRouter:
        """Return where metadata such as `sample_weight` goes.

        Returns
        -------
        MetadataRouter
            `fit` uses groups itself, and hands on what the estimator inside requests.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        inner = {self._given: getattr(self, self._given)}
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(method_mapping=mapping, **inner)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, self._given))
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags


class FusionDecider(DecisionsMixin, AroundEstimator):
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
    calibration : {"temperature", "sigmoid", "isotonic"}, default=None
        How each head's probabilities are calibrated, on rows that clones of the
        estimator were not trained on: by one temperature for all its classes, by Platt's
        logistic regression or by a rising curve of each class. None leaves them as the
        estimator gives them.
    cv : int, cross-validation generator or iterable, default=None
        Folds of the calibration: a number of stratified folds, of whole groups where
        `fit` is given groups; or one of scikit-learn's splitters. None is 5.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator, on all rows.
    calibrators_ : list of estimator or None
        What turns the probabilities of each head, in the order of `head_names_`, into
        calibrated ones; None without calibration.
    head_names_ : list of str
        Names of the heads, in the order of y's columns.
    positions_ : tuple of int or None
        Positions of the medical and of the cyber head among them; None for one that is not
        there.
    heads_ : tuple of str or None
        Names of the medical and of the cyber head; None likewise.
    normal_ : tuple
        The normal class of the medical and of the cyber head; None likewise.
    classes_ : ndarray of str
        The decisions.
    n_features_in_ : int
        Columns of X, where the estimator counts them.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where the estimator keeps them.

    See Also
    --------
    DualPathCNNClassifier : The classifier that this is made for.

    Notes
    -----
    Calibration takes one fit more for each fold. Where y lacks a label of a head, the row
    does not count for that head.

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
        "calibration": [StrOptions(set(CALIBRATORS)), None],
        "cv": ["cv_object"],
    }
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

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
        calibration: str | None = None,
        cv: Any = None,
    ) -> None:
        self.estimator = estimator
        self.rule = rule
        self.delta = delta
        self.thresholds = thresholds
        self.abstention = abstention
        self.distrust = distrust
        self.normal = normal
        self.calibration = calibration
        self.cv = cv

    @_fit_context(prefer_skip_nested_validation=False)
    @unchanged_on_error
    def fit(
        self, X: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator, find out which classes are normal, and calibrate the heads.

        Parameters
        ----------
        X : array-like
            What the estimator takes.
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads.
        groups : array-like of shape (n,), default=None
            What belongs together, such as the patient: cross-fitting holds groups out
            whole. None takes a fit parameter whose name ends in "__groups". An
            estimator, or last step of a pipeline, whose `fit` takes groups gets them too.
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
        groups, fit_params = self._read_metadata(groups, fit_params)
        self._fit_estimator(X, y, fit_params)
        self.calibrators_ = None
        if self.calibration is not None:
            held_out = self._cross_fit(X, y, groups, fit_params, cv=self.cv)
            self.calibrators_ = held_out.fit_calibrators(self.calibration)
        return self

    def _read_metadata(
        self, groups: ArrayLike | None, fit_params: dict[str, Any]
    ) -> tuple[ArrayLike | None, dict[str, Any]]:
        """Return the groups, and what the estimator's `fit` is given."""
        if _routing_enabled():
            given = {} if groups is None else {"groups": groups}
            return groups, process_routing(self, "fit", **given, **fit_params).estimator.fit
        if groups is None:
            named = (value for name, value in fit_params.items() if name.endswith("__groups"))
            return next(named, None), fit_params
        name, last = "groups", self.estimator
        if isinstance(last, Pipeline):
            step, last = last.steps[-1]
            name = f"{step}__groups"
        if has_fit_parameter(last, "groups"):
            fit_params = {name: groups, **fit_params}
        return groups, fit_params

    def _fit_estimator(self, X: ArrayLike, y: ArrayLike, fit_params: dict[str, Any]) -> None:
        """Fit the estimator, and find the heads and their normal classes in it."""
        distrust_pair(self.distrust, threshold_pair(self.thresholds)[0])
        names = Labels.read(y).names
        if len(names) > 2:
            raise HeadError(
                f"y has {len(names)} heads {list(names)}, expected a medical and a cyber head, or "
                "one of the two. Choose two columns of y."
            )
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        classes = FittedHeads.read(self.estimator_).classes
        self.head_names_ = list(names)
        self.positions_ = _assign_heads(names)
        self.heads_ = tuple(None if i is None else names[i] for i in self.positions_)
        self.normal_ = tuple(
            None if i is None else find_normal(names[i], classes[i], self._wanted_normal(role))
            for role, i in enumerate(self.positions_)
        )
        self.classes_ = np.sort(DECISIONS)
        for attribute in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, attribute):
                setattr(self, attribute, getattr(self.estimator_, attribute))

    def _cross_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None,
        fit_params: dict[str, Any],
        *,
        cv: Any,
        n_jobs: int | None = None,
    ) -> HeldOut:
        """Return the heads' probabilities of rows held out, from clones of the estimator."""
        weighted = (
            value
            for name, value in fit_params.items()
            if name == "sample_weight" or name.endswith("__sample_weight")
        )
        labels = Labels.read(y, next(weighted, None))
        heads = Heads.from_classes(labels, self.estimator_.classes_)
        return cross_fit(
            self.estimator,
            X,
            y,
            splits=make_splits(cv, X, labels, heads, groups),
            labels=labels,
            heads=heads,
            fit_params=fit_params,
            n_jobs=n_jobs,
        )

    def _wanted_normal(self, role: int) -> Any:
        if isinstance(self.normal, tuple | list):
            if len(self.normal) != 2:
                raise NormalClassError(
                    f"normal={self.normal!r}, expected one label or a pair: (health, cyber)."
                )
            return self.normal[role]
        return self.normal


def _assign_heads(names: tuple[str, ...]) -> tuple[int | None, int | None]:
    """Return the positions of the medical and of the cyber head."""
    if len(names) == 1:
        return (None, 0) if names[0] == "cyber" else (0, None)
    return (1, 0) if names == ("cyber", "health") else (0, 1)
