"""A decider whose thresholds and delta are chosen by what mistakes cost."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import product
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context, clone
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skdualcnn._decider import AroundEstimator, FusionDecider
from skdualcnn._decisions import HoldsDecider
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._operating_points import (
    AT_LEAST,
    AT_MOST,
    FALSE_ALARMS,
    STATES,
    Rows,
    candidates,
    check_constraints,
    check_shares,
    evenly,
    read_costs,
)
from skdualcnn._rules import fuse_anomalies
from skdualcnn._unchanged import unchanged_on_error
from skdualcnn.exceptions import OperatingPointError

COLUMNS = ["threshold_health", "threshold_cyber", "delta", "abstention"]
REFINEMENTS = 4  # passes over the heads, each between thresholds that were tried before


class TunedFusionDecider(HoldsDecider, AroundEstimator):
    """Choose a decider's thresholds, delta and abstention by costs and constraints.

    The scores that points are compared on are those of rows held out in cross-validation,
    of whole groups where there are any, after the decider's own calibration.

    Parameters
    ----------
    estimator : FusionDecider
        The decider, of `rule="anomaly"`.
    costs : DataFrame or mapping of mappings, default=None
        Cost of each decision (column, inner key) on each true state (row, outer key).
        States: "normal", "medical", "cyber", "both"; decisions: these and "uncertain".
        The mean cost of a row is made smallest. None: 1 for every wrong decision,
        "uncertain" included.
    constraints : mapping of str to float, default=None
        What the point must satisfy. At least: "sensitivity" (rows that are not normal
        with any alert), "medical_sensitivity", "cyber_sensitivity" (rows of the state
        with its alert), "specificity" (normal rows without an alert), "precision" (alerts
        that are of rows not normal), "accuracy". At most: "uncertain" (share of rows),
        "false_alarms_per_patient_day": consecutive alerts of a patient whose state is
        normal are one alarm, and the time is that of all held-out rows, labelled or not;
        an alert on a row without a label is no false alarm. This figure takes groups and
        `seconds_per_row`.
    seconds_per_row : float, default=None
        Time from one row of a patient to the next.
    thresholds : int, default=16
        Candidates per head that are compared with all of the other's. Around the best pair
        up to seven times as many are then tried, of one head at a time.
    deltas, abstentions : array-like of float
        Candidates, each in [0, 1].
    cv : int, cross-validation generator, iterable or "prefit", default=None
        Folds as of the decider, whose own `cv` is not used. "prefit" takes `estimator` as
        it is, fitted; X and y are then rows that it was not trained on.
    n_resamples : int, default=500
        Draws of the patients for intervals.
    confidence_level : float, default=0.95
        Of the intervals.
    store_cv_results : bool, default=False
        Whether every point that was compared is kept.
    n_jobs : int, default=None
        Folds that are fitted at the same time.
    random_state : int, RandomState instance or None, default=None
        Draws the patients.

    Attributes
    ----------
    decider_ : FusionDecider
        Fitted on all rows, with the chosen parameters. Its own fitted attributes, such as
        `estimator_` and `head_names_`, are to be had of the tuned one, too.
    best_params_ : dict
        The chosen `thresholds`, `delta` and `abstention`.
    best_cost_ : float
        Mean cost of a held-out row there.
    costs_ : dict of dict
        The costs, completed.
    operating_point_ : dict of dict
        Per figure: its `value` on the held-out rows at the chosen point, and the
        `low` and `high` end of its interval, over patients drawn again; NaN with fewer
        than two, too narrow with few. That of false alarms is at least as wide as that of
        a Poisson count. The choice itself is not drawn again, so the values flatter, and
        new rows have the figure in its interval less often than stated: state figures of
        rows never used.
    curve_ : DataFrame
        Mean cost, its interval and the figures of the constraints along each head's
        threshold, all else as chosen.
    cv_results_ : DataFrame
        Every point with its cost and figures; only with `store_cv_results`.

    See Also
    --------
    FusionDecider : The decider.
    sklearn.model_selection.TunedThresholdClassifierCV : The same for one head.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdualcnn import FusionDecider, TunedFusionDecider
    >>> X = np.random.default_rng(0).random((300, 2))
    >>> y = (X > 0.7).astype(int)
    >>> decider = FusionDecider(RandomForestClassifier(20, random_state=0))
    >>> tuned = TunedFusionDecider(decider, constraints={"sensitivity": 0.95}, cv=3).fit(X, y)
    >>> bool(tuned.operating_point_["sensitivity"]["value"] >= 0.95)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba", "true_state"])],
        "costs": [pd.DataFrame, Mapping, None],
        "constraints": [Mapping, None],
        "seconds_per_row": [Interval(Real, 0, None, closed="neither"), None],
        "thresholds": [Interval(Integral, 2, None, closed="left")],
        "deltas": ["array-like"],
        "abstentions": ["array-like"],
        "cv": ["cv_object", StrOptions({"prefit"})],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "store_cv_results": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        estimator: Any,
        *,
        costs: Any = None,
        constraints: Mapping[str, float] | None = None,
        seconds_per_row: float | None = None,
        thresholds: int = 16,
        deltas: Any = (0.0, 0.1, 0.2, 0.4),
        abstentions: Any = (0.0, 0.1, 0.2),
        cv: Any = None,
        n_resamples: int = 500,
        confidence_level: float = 0.95,
        store_cv_results: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.costs = costs
        self.constraints = constraints
        self.seconds_per_row = seconds_per_row
        self.thresholds = thresholds
        self.deltas = deltas
        self.abstentions = abstentions
        self.cv = cv
        self.n_resamples = n_resamples
        self.confidence_level = confidence_level
        self.store_cv_results = store_cv_results
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    @unchanged_on_error
    def fit(
        self, X: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the decider, and choose its parameters on rows held out.

        Parameters
        ----------
        X : array-like
            What the decider takes; the rows of a patient in the order of time.
        y : array-like of shape (n, 2) or (n,)
            Labels of the heads; a row with a missing label is time of its patient, and
            otherwise not compared.
        groups : array-like of shape (n,), default=None
            The patient of each row.
        **fit_params : dict
            As of `FusionDecider.fit`; with `cv="prefit"` nothing is fitted, and they are not
            used. A `sample_weight` is for the fits: in costs and figures each row counts once.

        Returns
        -------
        TunedFusionDecider
            The fitted decider.

        Raises
        ------
        OperatingPointError
            If costs, constraints or candidates are malformed, or no point satisfies them; the
            nearest one is then named.
        ValueError
            If lengths differ, or a row has no group.
        """
        costs = read_costs(self.costs)
        self.costs_ = {state: costs.loc[state].to_dict() for state in STATES}
        constraints = check_constraints(self.constraints)
        for name in ("deltas", "abstentions"):
            check_shares(name, getattr(self, name))
        if not isinstance(self.estimator, FusionDecider) or self.estimator.rule != "anomaly":
            raise OperatingPointError(
                f"estimator is {self.estimator!r:.200}, expected a FusionDecider of "
                'rule="anomaly", the one that has thresholds.'
            )
        groups, scores = self._held_out_scores(X, y, groups, fit_params)
        if FALSE_ALARMS in constraints and (groups is None or self.seconds_per_row is None):
            raise OperatingPointError(
                f"{FALSE_ALARMS} takes the patient of each row and the time between rows; "
                f"groups are {'missing' if groups is None else 'there'} and seconds_per_row is "
                f"{self.seconds_per_row!r}. Give fit(X, y, groups=...) and seconds_per_row=60."
            )
        states = self.decider_.true_state(y)
        scored = ~np.isnan(scores).any(axis=1)
        codes = [-1 if one is None else STATES.index(one) for one in states[scored]]
        if max(codes, default=-1) < 0:
            raise OperatingPointError(
                f"None of {scored.sum()} held-out rows has a label of every head, expected some to "
                "compare points on. Label rows for every head, or fit the decider of one head."
            )
        groups = None if groups is None else np.asarray(groups)[scored]
        rows = Rows.of(np.array(codes, dtype=np.intp), groups, self.seconds_per_row, costs)
        self._choose(rows, scores[scored], constraints)
        return self

    def _held_out_scores(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None, fit_params: dict[str, Any]
    ) -> tuple[ArrayLike | None, NDArray[np.float64]]:
        """Return the groups and the scores of rows held out; NaN where none did."""
        check_consistent_length(X, y, groups)
        if isinstance(self.cv, str):
            check_is_fitted(self.estimator)
            self.decider_ = copy(self.estimator)
            return groups, self.decider_.decision_function(X)
        decider = clone(self.estimator)
        groups, fit_params = decider._read_metadata(groups, fit_params)
        decider._fit_estimator(X, y, fit_params)
        held_out = decider._cross_fit(X, y, groups, fit_params, cv=self.cv, n_jobs=self.n_jobs)
        probabilities, decider.calibrators_ = held_out.probabilities, None
        if decider.calibration is not None:
            decider.calibrators_ = held_out.fit_calibrators(decider.calibration)
            probabilities = held_out.calibrated(decider.calibration)
        self.decider_ = decider
        return groups, FusionRule.of(decider).scores(probabilities)

    def _choose(
        self, rows: Rows, scores: NDArray[np.float64], constraints: dict[str, float]
    ) -> None:
        """Compare all points, and keep the best."""
        rule = FusionRule.of(self.decider_)
        thresholds = []
        for role, position in enumerate(rule.heads):
            own = np.array([rule.thresholds[role]])
            known = rows.state >= 0
            ill = np.isin(rows.state[known], [1 + role, 3])
            found = candidates(scores[known, role], ill, self.thresholds)
            thresholds.append(own if position is None else np.union1d(own, found))
        deltas = np.union1d(np.asarray(self.deltas, dtype=float), [rule.delta])
        abstentions = np.union1d(np.asarray(self.abstentions, dtype=float), [rule.abstention])
        table = _compare(rule, rows, scores, constraints, [*thresholds, deltas, abstentions])
        # One head at a time: where its alerts or its band may begin, ever closer to the best.
        edges = [np.add.outer(abstentions, column) for column in scores.T]
        roles = [role for role, position in enumerate(rule.heads) if position is not None]
        for step, role in product(range(REFINEMENTS), roles):
            best, name = _best(table, constraints), COLUMNS[role]
            within = _around(best[name], table[name]) if step else (0.0, 1.0)
            n = self.thresholds if step else 4 * self.thresholds
            pair = [np.array([value]) for value in best[COLUMNS[:2]].iloc[0]]
            pair[role] = evenly(edges[role], n, within)
            finer = _compare(rule, rows, scores, constraints, [*pair, deltas, abstentions])
            table = pd.concat([table, finer], ignore_index=True)
        best = _best(table, constraints)
        chosen = best.iloc[0]
        if _missed(best, constraints)[0].round(12) > 0:
            reached = chosen[["cost", *constraints]].round(4).to_dict()
            tried = " and ".join(str(table[name].nunique()) for name in COLUMNS[:2])
            raise OperatingPointError(
                f"No operating point satisfies {constraints}, of {len(table)} with {tried} "
                f"thresholds of the health and the cyber head. The nearest one has {reached}, at "
                f"{chosen[COLUMNS].round(4).to_dict()}. Loosen a limit, or improve the model."
            )
        self.best_params_ = {
            "thresholds": (float(chosen["threshold_health"]), float(chosen["threshold_cyber"])),
            "delta": float(chosen["delta"]),
            "abstention": float(chosen["abstention"]),
        }
        self.best_cost_ = float(chosen["cost"])
        self.decider_.set_params(**self.best_params_)
        if self.store_cv_results:
            self.cv_results_ = table.drop(columns="moved")
        along = [np.union1d(*one) for one in zip(thresholds, chosen[COLUMNS[:2]], strict=True)]
        self._describe(rows, scores, constraints, along)

    def _describe(
        self,
        rows: Rows,
        scores: NDArray[np.float64],
        constraints: dict[str, float],
        thresholds: list[NDArray[np.float64]],
    ) -> None:
        """Keep the figures of the chosen point, and the cost along each threshold."""
        random = check_random_state(self.random_state)
        interval: dict[str, Any] = {
            "n_resamples": self.n_resamples,
            "confidence_level": self.confidence_level,
            "random_state": random,
        }
        best_rule = FusionRule.of(self.decider_)
        shown = [name for name in (*AT_LEAST, *AT_MOST) if name != FALSE_ALARMS or rows.days > 0]
        decision = _decide(best_rule, scores)
        point = rows.figures(["cost", *shown], decision, **interval)
        self.operating_point_ = point.to_dict(orient="index")
        curve = []
        for role, head in enumerate(("health", "cyber")):
            for threshold in thresholds[role] if len(thresholds[role]) > 1 else ():
                pair = [*best_rule.thresholds]
                pair[role] = float(threshold)
                if best_rule.distrust is not None and best_rule.distrust[1] < pair[0]:
                    continue
                decision = _decide(replace(best_rule, thresholds=(pair[0], pair[1])), scores)
                cost = rows.figures(["cost"], decision, **interval).loc["cost"]
                others = {name: rows.figure(name, decision) for name in constraints}
                along = {"head": head, "threshold": float(threshold), "cost": cost["value"]}
                curve.append({**along, "low": cost["low"], "high": cost["high"], **others})
        self.curve_ = pd.DataFrame(curve)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_params_")


def _decide(rule: FusionRule, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the positions of the decisions: the rule itself, without its words."""
    found = fuse_anomalies(
        *scores.T,
        thresholds=rule.thresholds,
        abstention=rule.abstention,
        delta=rule.delta,
        distrust=rule.distrust,
    )
    return np.asarray(found, dtype=np.intp)


def _compare(
    rule: FusionRule,
    rows: Rows,
    scores: NDArray[np.float64],
    constraints: Mapping[str, float],
    values: Sequence[NDArray[np.float64]],
) -> pd.DataFrame:
    """Return every combination of values of `COLUMNS`, with its cost and figures."""
    names = ("cost", *constraints)
    compared = []
    for health, cyber, delta, abstention in product(*values):
        if rule.distrust is not None and rule.distrust[1] < health:
            continue
        point = replace(rule, thresholds=(health, cyber), delta=delta, abstention=abstention)
        decision = _decide(point, scores)
        figures = [rows.figure(name, decision) for name in names]
        moved = abs(health - rule.thresholds[0]) + abs(cyber - rule.thresholds[1])
        moved += abs(delta - rule.delta) + abs(abstention - rule.abstention)
        compared.append((health, cyber, delta, abstention, moved, *figures))
    return pd.DataFrame(compared, columns=[*COLUMNS, "moved", *names], dtype=float)


def _best(table: pd.DataFrame, constraints: Mapping[str, float]) -> pd.DataFrame:
    """Return the cheapest points that satisfy, or else all that miss least, by cost and change."""
    share = table["cost"] / (table["cost"].abs().max() or 1.0)  # costs are in any unit
    ranked = table.assign(cost=share, missed=_missed(table, constraints)).round(12)
    ranked = ranked[ranked["missed"] == ranked["missed"].min()]
    if (ranked["missed"] == 0).all():
        ranked = ranked[ranked["cost"] == ranked["cost"].min()]
    return table.loc[ranked.sort_values(["cost", "moved"]).index]


def _around(best: "pd.Series[float]", tried: "pd.Series[float]") -> tuple[float, float]:
    """Return the thresholds next to the best ones that were tried, below and above."""
    below, above = tried[tried < best.min()], tried[tried > best.max()]
    return float(below.max()) if len(below) else 0.0, float(above.min()) if len(above) else 1.0


def _missed(table: pd.DataFrame, constraints: Mapping[str, float]) -> NDArray[np.float64]:
    """Return by how much each point misses its limits, all together, relative to them."""
    missed = np.zeros(len(table))
    for name, limit in constraints.items():
        short = limit - table[name] if name in AT_LEAST else table[name] - limit
        # A share of nothing, such as precision without an alert, satisfies no limit.
        missed += short.fillna(np.inf).clip(lower=0).to_numpy() / max(limit, 1e-9)
    return missed
