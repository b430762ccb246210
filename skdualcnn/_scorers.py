"""Scorers of one head, for estimators with several."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import get_scorer, log_loss, make_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import MetadataRequest, _routing_enabled

from skdualcnn._fitted_heads import FittedHeads, column_names
from skdualcnn._head import HeadClassifier
from skdualcnn._labels import find_normal
from skdualcnn.exceptions import HeadError


def make_head_scorer(
    scoring: str | Callable[..., float], *, head: str | int = 0, normal: Any = None, **kwargs: Any
) -> "HeadScorer":
    """Make a scorer of one head that scikit-learn's searches and validations take.

    Parameters
    ----------
    scoring : str or callable
        Name of a scikit-learn scorer, such as "roc_auc"; a scorer, called as
        ``scoring(estimator, X, y)``; or a metric, called as ``scoring(y_true, y_pred)``.
    head : str or int, default=0
        Name or position of the head. A name is looked up among the heads of the
        estimator, or else among the columns of y.
    normal : label, default=None
        The class that means normal. If given, the head is scored as a detector of what
        is not normal: 1 stands for every other class, with the probability 1 - P(normal),
        and 0 for the normal one. None scores the classes of the head as they are.
    **kwargs : dict
        If `scoring` is a metric: passed to `sklearn.metrics.make_scorer`, such as
        `response_method`, `greater_is_better`, or what the metric itself takes.

    Returns
    -------
    HeadScorer
        A callable ``scorer(estimator, X, y, sample_weight=None)``; greater is better.

    Raises
    ------
    ValueError
        If `scoring` is no scorer and no metric, or `kwargs` come with a scorer.

    See Also
    --------
    HeadClassifier : One head as a classifier, for what is not a scorer.
    sklearn.metrics.make_scorer : The scorers of ordinary classifiers.

    Notes
    -----
    - y may have one column per head or be the labels of the head alone. Rows without a
      label of the head do not count; if no row has one, the scorer raises `HeadError`.
    - The estimator may be any with a `predict_proba` of one array per head: a
      classifier, a pipeline, a search, a `FusionDecider` (whose heads are scored, not
      its decisions).
    - With `normal`, metrics of predicted classes count a row as not normal if the head
      predicts any other class than the normal one.
    - Without it, "roc_auc" of a head of more than two classes is "roc_auc_ovr", and
      metrics of two classes need their `pos_label`: text labels have no natural
      positive class. "neg_log_loss" knows the classes that do not occur in y.
    - With metadata routing enabled, ask for weights with
      ``scorer.set_score_request(sample_weight=True)``.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdualcnn.metrics import make_head_scorer
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> y = pd.DataFrame(np.where(X > 0.7, "alert", "normal"), columns=["health", "cyber"])
    >>> scoring = {
    ...     "health": make_head_scorer("roc_auc", head="health", normal="normal"),
    ...     "cyber": make_head_scorer("neg_log_loss", head="cyber"),
    ... }
    >>> search = GridSearchCV(
    ...     RandomForestClassifier(n_estimators=20, random_state=0),
    ...     {"max_depth": [1, 4]},
    ...     scoring=scoring,
    ...     refit="cyber",
    ...     cv=3,
    ... ).fit(X, y)
    >>> search.best_params_
    {'max_depth': 4}
    >>> make_head_scorer("roc_auc", head="health", normal="normal")(search, X, y)
    1.0
    """
    if isinstance(scoring, str):
        get_scorer(scoring)  # an error now if there is no such scorer
        is_metric = False
    else:
        is_metric = _is_metric(scoring)
    if kwargs and not is_metric:
        raise ValueError(
            f"make_head_scorer got {sorted(kwargs)} for the scorer {scoring!r}, expected them only "
            "with a metric. Give the metric function itself, such as sklearn.metrics.fbeta_score."
        )
    return HeadScorer(
        make_scorer(scoring, **kwargs) if is_metric else scoring, head=head, normal=normal
    )


class HeadScorer:
    """A scorer of one head, as `make_head_scorer` makes it.

    Parameters
    ----------
    scoring : str or callable
        Name of a scorer, or a scorer, of ordinary classifiers.
    head : str or int
        Name or position of the head.
    normal : label, default=None
        The class that means normal.
    """

    def __init__(
        self, scoring: str | Callable[..., float], *, head: str | int, normal: Any = None
    ) -> None:
        self.scoring = scoring
        self.head = head
        self.normal = normal
        self._weight_request: bool | str | None = None

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score one head of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with a `predict_proba` of one array per head.
        X : array-like
            Rows to score.
        y : array-like of shape (n,) or (n, n_heads)
            True labels of the head, or of all heads.
        sample_weight : array-like of shape (n,) or (n, n_heads), default=None
            Weight of each row, or of each label.

        Returns
        -------
        float
            The score; greater is better.

        Raises
        ------
        HeadError
            If there is no such head, or no row has its label.
        NormalClassError
            If `normal` is not a class of the head.
        """
        heads = FittedHeads.read(estimator)
        position = heads.position(self.head, column_names(y))
        known, labels, weights = heads.labels(y, self.head, position, sample_weight)
        if not known.all():
            X = _safe_indexing(X, np.flatnonzero(known))
        view: Any = HeadClassifier(FrozenEstimator(estimator), head=position)
        if self.normal is not None:
            labels = (labels != find_normal(self.head, view.classes_, self.normal)).astype(int)
            view = AnomalyDetectorView(view, self.normal)
        weighted = {} if weights is None else {"sample_weight": weights}
        try:
            return float(self._scorer(view.classes_)(view, X, labels, **weighted))
        except ValueError as error:
            if self.normal is None:
                error.add_note(
                    f"While scoring head {self.head!r} of the classes {view.classes_.tolist()}. "
                    "make_head_scorer(..., normal=...) scores it as normal or not, which every "
                    "metric of two classes takes."
                )
            raise

    def set_score_request(self, *, sample_weight: bool | str | None = None) -> Self:
        """Say whether the scorer wants weights, where metadata routing is enabled.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None
            True and False ask for and decline them, a str asks for them under another
            name, None makes it an error to pass them.

        Returns
        -------
        HeadScorer
            The scorer itself.

        Raises
        ------
        RuntimeError
            If metadata routing is not enabled.
        """
        if not _routing_enabled():
            raise RuntimeError(
                "set_score_request was called while metadata routing is not enabled. Enable it "
                "with sklearn.set_config(enable_metadata_routing=True)."
            )
        self._weight_request = sample_weight
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Return what metadata the scorer wants.

        Returns
        -------
        MetadataRequest
            The request of `sample_weight`.
        """
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=self._weight_request)
        return request

    def _scorer(self, classes: NDArray[Any]) -> Callable[..., float]:
        if not isinstance(self.scoring, str):
            return self.scoring
        if self.scoring == "neg_log_loss":
            # Without its labels it fails on a fold in which a class does not occur.
            return make_scorer(
                log_loss, response_method="predict_proba", greater_is_better=False, labels=classes
            )
        return get_scorer(
            "roc_auc_ovr" if self.scoring == "roc_auc" and len(classes) > 2 else self.scoring
        )

    def _accept_sample_weight(self) -> bool:
        # scikit-learn asks its own scorers this where several are called together.
        return True

    def __repr__(self) -> str:
        normal = "" if self.normal is None else f", normal={self.normal!r}"
        return f"make_head_scorer({self.scoring!r}, head={self.head!r}{normal})"


class AnomalyDetectorView(ClassifierMixin, BaseEstimator):
    """A fitted classifier of many classes as one of two: normal (0) or not (1).

    Parameters
    ----------
    classifier : classifier
        Fitted, of one output.
    normal : label
        Its class that means normal.
    """

    classes_ = np.array([0, 1])

    def __init__(self, classifier: Any, normal: Any) -> None:
        self.classifier = classifier
        self.normal = normal

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return 1 for each row that is predicted any class but the normal one."""
        return (self.classifier.predict(X) != self.normal).astype(np.int64)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return P(normal) and 1 - P(normal)."""
        probabilities = self.classifier.predict_proba(X)
        normal = probabilities[:, self.classifier.classes_ == self.normal].sum(axis=1)
        # Float32 probabilities may sum to a little more than one.
        normal = np.clip(normal, 0.0, 1.0)
        return np.column_stack([normal, 1.0 - normal])

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _is_metric(scoring: Any) -> bool:
    """Return whether a callable takes (y_true, y_pred) rather than (estimator, X, y).

    Raises
    ------
    HeadError
        If it takes neither.
    """
    if callable(scoring):
        kinds = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}
        positional = [one for one in signature(scoring).parameters.values() if one.kind in kinds]
        needed = [one for one in positional if one.default is Parameter.empty]
        if len(needed) == 3 or (positional and positional[0].name == "estimator"):
            return False
        if len(needed) <= 2 <= len(positional):
            return True
    raise HeadError(
        f"scoring={scoring!r}, expected the name of a scorer, a scorer called as "
        "(estimator, X, y) or a metric called as (y_true, y_pred)."
    )
