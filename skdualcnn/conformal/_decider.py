"""A decider that abstains where prediction sets do not bear its decision out."""

import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import _routing_enabled, process_routing
from sklearn.utils.validation import _check_method_params, check_is_fitted, has_fit_parameter

from skdualcnn._decider import AroundEstimator
from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._decisions import HoldsDecider
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._labels import Heads, Labels
from skdualcnn._unchanged import unchanged_on_error
from skdualcnn.conformal._calibration_rows import divide_rows
from skdualcnn.conformal._limits import class_limits, fewest_rows, nonconformity
from skdualcnn.conformal._sets import borne_out
from skdualcnn.exceptions import HeadError
from skdualcnn.network import MISSING


class ConformalFusionDecider(HoldsDecider, AroundEstimator):
    """Let a decider abstain where its heads are not sure enough, with a guarantee.

    Each head answers with the set of classes that it cannot rule out at the confidence
    level, by split conformal prediction: the true class of a row is in its set with at
    least that probability, if the row is exchangeable with the calibration rows. The
    decision of the decider stands where the sets leave no other: each head's set holds
    the normal class only, or only classes that are not normal, as the decision says.
    Everywhere else the answer is "uncertain".

    Parameters
    ----------
    decider : FusionDecider
        `fit` fits a clone on some of the rows and calibrates on the others. A fitted one
        is kept as it is and calibrated on all rows given to `fit`, when it is wrapped in
        `sklearn.frozen.FrozenEstimator`; give it rows that it has not seen.
    confidence_level : float, default=0.9
        Of each head's sets. The sets of two heads hold both true classes with at least
        one minus twice the rest.
    class_conditional : bool, default=True
        Whether the guarantee holds within each true class (Mondrian conformal
        prediction), or on average over the rows, where the normal class outweighs the
        others.
    merge_alerts : bool, default=False
        Whether the classes that are not normal count as one. The decision needs no more,
        and a rare class is then not in most sets only because it is hard to tell from
        the others; the guarantee is within normal and within not normal.
    calibration_size : float, default=0.25
        Share of the rows, or of the groups if `fit` is given groups, to calibrate on.
    random_state : int, RandomState instance or None, default=None
        Draws them.

    Attributes
    ----------
    decider_ : FusionDecider
        The fitted decider. Its own fitted attributes, such as `estimator_` and
        `head_names_`, are to be had of the conformal one, too.
    limits_ : list of ndarray of shape (n_classes,) and dtype float64
        Of each head, how large one minus the probability of each class (or of not normal,
        with `merge_alerts`) may be for the class to be in the set. Infinite where there
        were too few calibration rows: the class is in every set.
    calibration_counts_ : list of ndarray of shape (n_classes,) and dtype int64
        Calibration rows of each class of each head.

    See Also
    --------
    FusionDecider : Its `abstention` is a band without a guarantee.
    coverage_table : Whether the sets hold what they promise.

    Notes
    -----
    Rows without a label of a head do not calibrate that head. Rows that depend on each
    other, such as those of one patient, are to be kept together by `groups`; the coverage
    is then that of rows of new patients, up to the differences among the calibration
    patients, of which there should be many. `sample_weight` does not weigh calibration
    rows. For data in the order of time, fit the decider on the earlier rows and calibrate
    it frozen on later ones.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World",
       Springer, 2005.
    .. [2] M. Sadinle, J. Lei, L. Wasserman, "Least Ambiguous Set-Valued Classifiers With
       Bounded Error Levels", Journal of the American Statistical Association 114,
       223-234, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.conformal import ConformalFusionDecider
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((2000, 2))
    >>> y = (X + rng.normal(scale=0.2, size=X.shape) > 0.6).astype(int)  # 0 is normal
    >>> decider = FusionDecider(MultiOutputClassifier(LogisticRegression()))
    >>> careful = ConformalFusionDecider(decider, random_state=0).fit(X, y)
    >>> careful.predict([[0.1, 0.1], [0.9, 0.1], [0.6, 0.1]])
    array(['normal', 'medical', 'uncertain'], dtype='<U9')
    >>> careful.predict_set([[0.6, 0.1]])[0]  # the health head rules out neither class
    array([[ True,  True]])
    """

    _given: ClassVar[str] = "decider"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "decider": [HasMethods(["fit", "predict_proba", "true_state"])],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "class_conditional": ["boolean"],
        "merge_alerts": ["boolean"],
        "calibration_size": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }
    # Whether groups are given is up to the caller, not to a request.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        decider: Any,
        *,
        confidence_level: float = 0.9,
        class_conditional: bool = True,
        merge_alerts: bool = False,
        calibration_size: float = 0.25,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.decider = decider
        self.confidence_level = confidence_level
        self.class_conditional = class_conditional
        self.merge_alerts = merge_alerts
        self.calibration_size = calibration_size
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    @unchanged_on_error
    def fit(
        self, X: Any, y: ArrayLike, *, groups: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the decider, and find out from other rows how sure its heads must be.

        Parameters
        ----------
        X : array-like of n rows
            What the decider takes.
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads; NaN, None or pandas.NA where missing.
        groups : array-like of shape (n,), default=None
            What must not stand on both sides, such as the patient. The decider gets those
            of its rows, if its `fit` takes groups.
        **fit_params : dict
            Passed to the decider's `fit`, values with n entries only for its rows; with
            metadata routing enabled, what the decider has requested.

        Returns
        -------
        ConformalFusionDecider
            The fitted decider.

        Raises
        ------
        HeadError
            If a head has no label in the calibration rows, or one there that it does not
            know.
        ValueError
            If lengths differ, a row has no group, or there are too few rows or groups to
            divide.

        Warns
        -----
        UserWarning
            If a class has too few calibration rows to be ruled out anywhere.
        """
        labels = Labels.read(y)
        X, groups, _ = indexable(X, groups, labels.weights)
        if _routing_enabled():
            fit_params = process_routing(self, "fit", groups=groups, **fit_params).decider.fit
        elif groups is not None and has_fit_parameter(self.decider, "groups"):
            fit_params = {"groups": groups, **fit_params}
        if isinstance(self.decider, FrozenEstimator):
            self.decider_ = self.decider.estimator
            check_is_fitted(self.decider_)
            rows = np.arange(len(labels.weights))
        else:
            train, rows = divide_rows(
                labels, groups, size=self.calibration_size, random_state=self.random_state
            )
            self.decider_ = clone(self.decider).fit(
                _safe_indexing(X, train),
                _safe_indexing(y, train),
                **_check_method_params(X, fit_params, indices=train),
            )
        self._calibrate(_safe_indexing(X, rows), _safe_indexing(y, rows))
        return self

    def predict(self, X: Any) -> NDArray[np.str_]:
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
        probabilities = self.predict_proba(X)
        listed = probabilities if isinstance(probabilities, list) else [probabilities]
        rule = FusionRule.of(self.decider_)
        return self._abstain(rule.decide(rule.scores(listed)), self._sets(listed))

    def predict_set(self, X: Any) -> list[NDArray[np.bool_]] | NDArray[np.bool_]:
        """Return of each row which classes of each head cannot be ruled out.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        list of ndarray of shape (n, n_classes) and dtype bool, or one such ndarray
            As `predict_proba`, one entry per head. A row may have no class at all: it is
            unlike the calibration rows of every class.
        """
        probabilities = self.predict_proba(X)
        if isinstance(probabilities, list):
            return self._sets(probabilities)
        return self._sets([probabilities])[0]

    def explain_decisions(self, X: Any) -> pd.DataFrame:
        """Return what the decider explains, the set of each head, and the decision.

        Parameters
        ----------
        X : array-like
            Rows as in `fit`.

        Returns
        -------
        DataFrame of n rows
            As of the decider, with a column ``NAME_set`` per head that lists its classes,
            and with the sets in the reason.
        """
        check_is_fitted(self)
        table = self.decider_.explain_decisions(X)
        names, heads = self.head_names_, FittedHeads.read(self.decider_)
        sets = self._sets(
            [
                table[[f"{name}_probability_{label}" for label in classes]].to_numpy()
                for name, classes in zip(names, heads.classes, strict=True)
            ]
        )
        texts = {
            name: [", ".join(map(str, classes[row])) or "none" for row in held]
            for name, classes, held in zip(names, heads.classes, sets, strict=True)
        }
        for name, column in texts.items():
            table.insert(table.columns.get_loc("decision"), f"{name}_set", column)
        table["decision"] = self._abstain(table["decision"].to_numpy(dtype=str), sets)
        level = f"at {100 * self.confidence_level:g}% not ruled out"
        said = [
            "; ".join(f"{name} {level}: {one}" for name, one in zip(texts, row, strict=True))
            for row in zip(*texts.values(), strict=True)
        ]
        table["reason"] = [
            f"{one}; {more}" for one, more in zip(table["reason"], said, strict=True)
        ]
        return table

    def _calibrate(self, X: Any, y: Any) -> None:
        """Set the limits of each head from rows that the decider has not seen."""
        labels = Labels.read(y).in_order_of(self.decider_.head_names_)
        found = FittedHeads.read(self.decider_)
        heads = Heads(tuple(self.decider_.head_names_), found.classes, not found.listed)
        codes = heads.encode(labels)
        probabilities = self.decider_.predict_proba(X)
        self.limits_, self.calibration_counts_ = [], []
        for head, (classes, normal) in enumerate(zip(heads.classes, self._normals(), strict=True)):
            known = codes[:, head] != MISSING
            if not known.any():
                raise HeadError(
                    f"Head {heads.names[head]!r} has no label in any of the {len(known)} "
                    "calibration rows, expected labels of each class. Calibrate on more rows, or "
                    "leave the head out of y."
                )
            categories = normal.astype(np.int64) if self.merge_alerts else np.arange(len(classes))
            limits = class_limits(
                self._nonconformity(found.pick(probabilities, head)[known], normal),
                codes[known, head],
                categories if self.class_conditional else np.zeros_like(categories),
                self.confidence_level,
            )
            counts = np.bincount(codes[known, head], minlength=len(classes)).astype(np.int64)
            self.limits_.append(limits)
            self.calibration_counts_.append(counts)
            few = np.isinf(limits)
            self._warn_of_few(heads.names[head], classes[few], counts[few])

    def _warn_of_few(self, name: str, classes: NDArray[Any], counts: NDArray[np.int64]) -> None:
        if len(classes) == 0:
            return
        found = ", ".join(
            f"{label!r} ({count})" for label, count in zip(classes.tolist(), counts, strict=True)
        )
        warnings.warn(
            f"Head {name!r} has too few calibration rows of {found}: to rule a class out at a "
            f"confidence of {self.confidence_level:g} takes {fewest_rows(self.confidence_level)}"
            f"{' of its own' if self.class_conditional else ' in all'}. It is in every set now. "
            "Calibrate on more rows, merge rare classes, or lower confidence_level.",
            UserWarning,
            stacklevel=4,
        )

    def _normals(self) -> list[NDArray[np.bool_]]:
        """Return which class of each head is the normal one."""
        heads = sorted(deciding_heads(self.decider_), key=lambda head: head.position)
        return [head.classes == head.normal for head in heads]

    def _nonconformity(
        self, probabilities: NDArray[np.float64], normal: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        return nonconformity(probabilities, normal if self.merge_alerts else None)

    def _sets(self, probabilities: Sequence[NDArray[np.float64]]) -> list[NDArray[np.bool_]]:
        return [
            self._nonconformity(of_head, normal) <= limits
            for of_head, normal, limits in zip(
                probabilities, self._normals(), self.limits_, strict=True
            )
        ]

    def _abstain(
        self, decisions: NDArray[np.str_], sets: Sequence[NDArray[np.bool_]]
    ) -> NDArray[np.str_]:
        """Return the decisions that the sets bear out, and "uncertain" for the others."""
        stands = borne_out(decisions, sets, self._normals(), self.decider_.positions_)
        return np.where(stands, decisions, "uncertain")
