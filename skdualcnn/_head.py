"""One head of an estimator with several, as an ordinary classifier."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    _fit_context,
    clone,
)
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags, check_consistent_length, column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skdualcnn._fitted_heads import FittedHeads, column_names, find_position
from skdualcnn._labels import Labels
from skdualcnn._unchanged import unchanged_on_error
from skdualcnn.exceptions import HeadError


class HeadClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Show one head of a multi-head estimator as an ordinary classifier.

    It goes wherever scikit-learn takes a classifier of one output: scorers, displays,
    calibration, threshold tuning.

    Parameters
    ----------
    estimator : estimator
        A `DualPathCNNClassifier`, a pipeline that ends in one, or any other classifier
        whose `predict_proba` is a list with one array per head. `fit` fits a clone of
        it. A fitted one is shown as it is, without being fitted again, when it is
        wrapped in `sklearn.frozen.FrozenEstimator`; the view then needs no `fit`.
    head : str or int, default=0
        Name of the head, which is the name of its column in the DataFrame y that the
        estimator is fitted on; or its position.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator, with all its heads.
    position_ : int
        Position of the head among those of `estimator_`.
    classes_ : ndarray of shape (n_classes,)
        Class labels of the head.
    n_features_in_ : int
        Columns of X, where the estimator counts them.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where the estimator keeps them.

    See Also
    --------
    DualPathCNNClassifier : A classifier with one head per column of y.
    make_head_scorer : Scores one head of an estimator without a view.
    sklearn.frozen.FrozenEstimator : Keeps a fitted estimator from being fitted again.

    Notes
    -----
    `fit` takes y with one column per head, and trains all heads to show one, or y with
    one column, and trains a classifier of that head alone. `CalibratedClassifierCV` and
    `cross_val_predict` hand over the latter. Rows without a label are theirs to see too:
    leave them out before.

    scikit-learn's own scorers, such as ``scoring="accuracy"``, compare the predictions with
    the whole y that they are given, and fail on one with a column per head. Give them the
    labels of this head, or score with ``make_head_scorer("accuracy", head=...)``.

    To calibrate a fitted estimator on all rows of a calibration set, freeze the view:
    ``CalibratedClassifierCV(FrozenEstimator(HeadClassifier(FrozenEstimator(fitted))))``.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.frozen import FrozenEstimator
    >>> from skdualcnn import HeadClassifier
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> y = pd.DataFrame(np.where(X > 0.7, "alert", "normal"), columns=["health", "cyber"])
    >>> view = HeadClassifier(RandomForestClassifier(random_state=0), head="cyber").fit(X, y)
    >>> view.predict([[0.9, 0.1], [0.1, 0.9]])
    array(['normal', 'alert'], dtype=object)

    The other head of the same forest, without fitting it again:

    >>> other = HeadClassifier(FrozenEstimator(view.estimator_), head=0)
    >>> other.predict([[0.9, 0.1], [0.1, 0.9]])
    array(['alert', 'normal'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "head": [str, Interval(Integral, 0, None, closed="left")],
    }
    # The weights of fit are the estimator's, which says itself whether it wants them.
    __metadata_request__fit: ClassVar[dict[str, str]] = {"sample_weight": UNUSED}

    def __init__(self, estimator: Any, head: str | int = 0) -> None:
        self.estimator = estimator
        self.head = head

    @_fit_context(prefer_skip_nested_validation=False)
    @unchanged_on_error
    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the estimator and find the head in it.

        Parameters
        ----------
        X : array-like
            What the estimator takes.
        y : array-like of shape (n,) or (n, n_heads)
            Labels of this head, or of all heads. An estimator that is frozen is left as
            it is; y is only compared with its classes.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row, or what else the estimator takes.
        **fit_params : dict
            Passed to the estimator's `fit`; where metadata routing is enabled, as the
            estimator requests.

        Returns
        -------
        HeadClassifier
            The fitted view.

        Raises
        ------
        HeadError
            If there is no such head, or y has labels that a frozen head does not know.
        """
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        if _routing_enabled():
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        estimator = clone(self.estimator)
        came_fitted = _is_fitted(estimator)
        n_columns, names = len(Labels.read(y).names), column_names(y)
        if n_columns == 1:
            column = y if np.asarray(y).ndim == 1 else column_or_1d(y, warn=names is None)
            self.estimator_ = estimator.fit(X, column, **fit_params)
        else:
            if not came_fitted:
                find_position(self.head, names, n_columns)  # an error before the training
            self.estimator_ = estimator.fit(X, y, **fit_params)
        heads = FittedHeads.read(self.estimator_)
        if came_fitted:
            self.position_ = heads.position(self.head, names)
            self._check_labels(heads, y)
        elif len(heads.classes) != n_columns:
            raise HeadError(
                f"{type(self.estimator).__name__} was fitted on a y of {n_columns} columns and "
                f"has {len(heads.classes)} array(s) of classes, expected one per column. Wrap it "
                "in sklearn.multioutput.MultiOutputClassifier."
            )
        else:
            self.position_ = 0 if n_columns == 1 else heads.position(self.head, names)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class of the head.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64
            One column per class, in the order of `classes_`.
        """
        estimator, heads, position = self._fitted()
        return heads.pick(estimator.predict_proba(X), position)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of the head.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Class labels, as the estimator predicts them; the most probable class where
            it predicts something else, as `FusionDecider` does.
        """
        estimator, heads, position = self._fitted()
        classes = heads.classes[position]
        if not heads.predicted:
            return classes[heads.pick(estimator.predict_proba(X), position).argmax(axis=1)]
        predicted = np.asarray(estimator.predict(X))
        # Heads of different types share one array of objects.
        return (predicted[:, position] if heads.listed else predicted).astype(classes.dtype)

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the head on the rows that carry its label.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.
        y : array-like of shape (n,) or (n, n_heads)
            True labels of this head, or of all heads; missing ones do not count.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        float
            Accuracy in [0, 1].

        Raises
        ------
        HeadError
            If y has no label of this head.
        ValueError
            If the lengths differ or the weights are negative.
        """
        _, heads, position = self._fitted()
        known, labels, weights = heads.labels(y, self.head, position, sample_weight)
        predicted = self.predict(X)
        check_consistent_length(predicted, known)
        return float(accuracy_score(labels, predicted[known], sample_weight=weights))

    @property
    def classes_(self) -> NDArray[Any]:
        """Class labels of the head."""
        _, heads, position = self._fitted()
        return heads.classes[position]

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return self._fitted()[0].n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of the columns of X."""
        return self._fitted()[0].feature_names_in_

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what metadata goes where.

        Returns
        -------
        MetadataRouter
            `fit` hands everything to the estimator; `score` takes sample_weight itself.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
        )

    def _fitted(self) -> tuple[Any, FittedHeads, int]:
        """Return the estimator that answers, its heads and the position of this one."""
        if not self.__sklearn_is_fitted__() and _is_fitted(self.estimator):
            raise NotFittedError(
                "This HeadClassifier is not fitted, but the estimator in it is. Call fit to fit a "
                "clone of it, or show it as it is: HeadClassifier(FrozenEstimator(estimator), "
                f"head={self.head!r})."
            )
        check_is_fitted(self)
        if hasattr(self, "estimator_"):
            return self.estimator_, FittedHeads.read(self.estimator_), self.position_
        heads = FittedHeads.read(self.estimator)
        return self.estimator, heads, heads.position(self.head)

    def _check_labels(self, heads: FittedHeads, y: ArrayLike) -> None:
        """Compare y with the classes of a head that was fitted before."""
        _, labels, _ = heads.labels(y, self.head, self.position_)
        found, classes = set(labels.tolist()), heads.classes[self.position_].tolist()
        # cross_val_predict replaces labels by their positions before it fits.
        if not (found <= set(classes) or found <= set(range(len(classes)))):
            raise HeadError(
                f"y has the label(s) {sorted(found - set(classes))}, expected those of the frozen "
                f"head {self.head!r}: {classes}. Give the labels of this head, or thaw the "
                "estimator to fit it again."
            )

    def __sklearn_is_fitted__(self) -> bool:
        frozen = isinstance(self.estimator, FrozenEstimator) and _is_fitted(self.estimator)
        return hasattr(self, "estimator_") or frozen

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags


def _is_fitted(estimator: Any) -> bool:
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):  # TypeError: not an estimator at all
        return False
    return True
