"""What decisions cost and how often they err: figures of an operating point, with intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from skdualcnn._groups import number_groups
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import OperatingPointError

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

STATES = ("normal", "medical", "cyber", "both")
FALSE_ALARMS = "false_alarms_per_patient_day"
SECONDS_PER_DAY = 86400.0
# Decisions (columns) that count, and rows (states) that they are a share of.
_NORMAL, _MEDICAL, _CYBER, _ILL = ([1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1])
_ALERT, _QUIET = [0, 1, 1, 1, 0], [1, 0, 0, 0, 1]
_SHARES: dict[str, tuple[list[int], list[int]]] = {
    "sensitivity": (_ILL, _ALERT),
    "medical_sensitivity": (_MEDICAL, [0, 1, 0, 1, 0]),
    "cyber_sensitivity": (_CYBER, [0, 0, 1, 1, 0]),
    "specificity": (_NORMAL, _QUIET),
}
AT_LEAST = (*_SHARES, "precision", "accuracy")
AT_MOST = ("uncertain", FALSE_ALARMS)


def read_costs(costs: Any) -> pd.DataFrame:
    """Return the cost of each decision (columns) on each true state (rows).

    Parameters
    ----------
    costs : DataFrame, mapping of state to mapping of decision to cost, or None
        A right decision that is not named costs 0. None: 1 for every wrong decision.

    Raises
    ------
    OperatingPointError
        If a state, a decision or a wrong decision's cost is missing, unknown or no number, or
        a DataFrame has one of them twice.
    """
    table = pd.DataFrame(
        (np.array(STATES)[:, None] != DECISIONS).astype(float), STATES, DECISIONS.tolist()
    )
    if costs is None:
        return table
    if isinstance(costs, pd.DataFrame) and not (costs.index.is_unique and costs.columns.is_unique):
        raise OperatingPointError(
            f"costs has the states {costs.index.tolist()} and the decisions "
            f"{costs.columns.tolist()}, expected each once. Take out what is there twice."
        )
    given = costs.T.to_dict() if isinstance(costs, pd.DataFrame) else costs
    if not isinstance(given, Mapping) or set(given) != set(STATES):
        raise OperatingPointError(
            f"costs has the states {list(given)!r:.200}, expected a DataFrame or mapping with one "
            f"row for each of {list(STATES)}."
        )
    for state, row in given.items():
        wanted = {str(one) for one in DECISIONS}
        if not isinstance(row, Mapping) or not wanted - {state} <= set(row) <= wanted:
            raise OperatingPointError(
                f"costs of the state {state!r} are {row!r:.200}, expected a number for each of "
                f"{sorted(wanted)}; that of {state!r} itself may be left out."
            )
        for decision, cost in row.items():
            if not _is_number(cost) or not math.isfinite(cost):
                raise OperatingPointError(
                    f"The cost of {decision!r} on {state!r} is {cost!r}, expected a finite number."
                )
        table.loc[state] = [float(row.get(one, 0.0)) for one in DECISIONS.tolist()]
    return table


def check_constraints(constraints: Mapping[str, float] | None) -> dict[str, float]:
    """Return the constraints.

    Raises
    ------
    OperatingPointError
        If a figure is unknown, or its limit is out of its range.
    """
    checked = dict(constraints or {})
    for name, limit in checked.items():
        if name not in (*AT_LEAST, *AT_MOST):
            raise OperatingPointError(
                f"constraints has {name!r}, expected at least: {list(AT_LEAST)}, or at most: "
                f"{list(AT_MOST)}."
            )
        top = np.inf if name == FALSE_ALARMS else 1.0
        if not _is_number(limit) or not 0 <= limit <= top:
            raise OperatingPointError(
                f"constraints[{name!r}] is {limit!r}, expected a number from 0 to {top:g}."
            )
    return checked


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def check_shares(name: str, shares: Any) -> None:
    """Refuse candidates of a parameter that a decider does not take.

    Raises
    ------
    OperatingPointError
        If one is no number from 0 to 1.
    """
    for share in np.ravel(np.asarray(shares, dtype=object)):
        if not isinstance(share, Real) or not 0 <= float(share) <= 1:
            raise OperatingPointError(
                f"{name} has {share!r}, expected numbers from 0 to 1. Correct it or leave it out."
            )


@dataclass(frozen=True)
class Rows:
    """Rows for which operating points are compared.

    Attributes
    ----------
    state : ndarray of shape (n,) and dtype intp
        Position of the true state in `STATES`; -1 where a label is missing. Such a row is
        time of its patient, and counts for nothing else.
    group : ndarray of shape (n,) and dtype intp
        Number of the patient; the row's own number where there are no groups.
    before : ndarray of shape (n,) and dtype intp
        Position of the same patient's row before, -1 for none.
    days : float
        Length of a row; NaN if it is not known.
    costs : ndarray of shape (4, 5) and dtype float64
        Cost of each decision on each state.
    """

    state: Codes
    group: Codes
    before: Codes
    days: float
    costs: Floats

    @classmethod
    def of(
        cls, state: Codes, groups: Any, seconds_per_row: float | None, costs: pd.DataFrame
    ) -> "Rows":
        """Return the rows, patients numbered, with the row before each row.

        Raises
        ------
        ValueError
            If a row has no group.
        """
        alone = np.arange(len(state))
        group = alone if groups is None else number_groups(groups)
        order = np.argsort(group, kind="stable")
        before = np.full(len(state), -1, dtype=np.intp)
        same = group[order][1:] == group[order][:-1]
        before[order[1:][same]] = order[:-1][same]
        days = np.nan if seconds_per_row is None else seconds_per_row / SECONDS_PER_DAY
        return cls(state, group, before, days, costs.to_numpy(np.float64))

    def terms(self, name: str, decision: Codes) -> tuple[Floats, Floats]:
        """Return a figure's numerator and denominator on each row."""
        if name == FALSE_ALARMS:
            false = (np.array(_ALERT)[decision] > 0) & (self.state == 0)
            new = false & ~(false[self.before] & (self.before >= 0))
            return new.astype(float), np.full(len(decision), self.days)
        known = self.state >= 0
        numerator, denominator = self._shares(name, decision)
        return numerator * known, denominator * known

    def _shares(self, name: str, decision: Codes) -> tuple[Floats, Floats]:
        """Return the terms of a figure that takes no row's neighbours, of rows with labels."""
        ones = np.ones(len(decision))
        if name == "cost":
            return self.costs[self.state, decision], ones
        if name == "accuracy":
            return (self.state == decision).astype(float), ones
        if name == "uncertain":
            return np.array([0.0, 0, 0, 0, 1])[decision], ones
        alert = np.array(_ALERT, dtype=float)[decision]
        if name == "precision":
            return alert * (self.state > 0), alert
        of, counted = _SHARES[name]
        rows = np.array(of, dtype=float)[self.state]
        return rows * np.array(counted, dtype=float)[decision], rows

    def figure(self, name: str, decision: Codes) -> float:
        """Return a figure; NaN where it is a share of nothing."""
        numerator, denominator = self.terms(name, decision)
        total = float(denominator.sum())
        return float(numerator.sum()) / total if total else float("nan")

    def figures(
        self,
        names: Sequence[str],
        decision: Codes,
        *,
        n_resamples: int,
        confidence_level: float,
        random_state: np.random.RandomState,
    ) -> pd.DataFrame:
        """Return value, low and high of figures: percentiles over patients drawn again.

        NaN with fewer than two patients. The interval of false alarms is at least as wide as
        that of a Poisson count: none of them in a day does not mean none ever.
        """
        n_groups = int(self.group.max()) + 1
        terms = [term for name in names for term in self.terms(name, decision)]
        sums = np.column_stack(
            [np.bincount(self.group, weights=term, minlength=n_groups) for term in terms]
        )
        drawn = np.concatenate(
            [
                random_state.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=50) @ sums
                for _ in range(-(-n_resamples // 50))
            ]
        )[:n_resamples]
        tail = (1 - confidence_level) / 2
        table = {}
        for number, name in enumerate(names):
            top, bottom = drawn[:, 2 * number], drawn[:, 2 * number + 1]
            values = top[bottom > 0] / bottom[bottom > 0]
            if n_groups < 2 or len(values) == 0:
                low = high = np.nan
            else:
                low, high = np.quantile(values, [tail, 1 - tail])
                if name == FALSE_ALARMS:
                    count, days = sums[:, 2 * number].sum(), sums[:, 2 * number + 1].sum()
                    least, most = chi2.ppf([tail, 1 - tail], [2 * count, 2 * count + 2]) / 2 / days
                    low, high = np.fmin(low, least), max(high, most)
            table[name] = {"value": self.figure(name, decision), "low": low, "high": high}
        return pd.DataFrame.from_dict(table, orient="index")


def candidates(score: Floats, ill: NDArray[np.bool_], n: int) -> Floats:
    """Return thresholds between the scores, dense where alerts on normal rows are rare.

    Half of them are at ranks of all rows, evenly; a quarter at ranks of the normal rows,
    spaced by a factor from the highest score down; a quarter at ranks of the others, from
    the lowest up.
    """
    distinct = np.unique(score)
    middles = np.append((distinct[1:] + distinct[:-1]) / 2, 1.0)
    chosen = [middles[-1:], evenly(score, n // 2)]
    for rows, descending in ((~ill, True), (ill, False)):
        ranked = np.sort(score[rows])[::-1] if descending else np.sort(score[rows])
        if len(ranked):
            ranks = np.unique(np.geomspace(1, len(ranked), n // 4 + 1).astype(int)) - 1
            places = np.searchsorted(middles, ranked[ranks], side="left")
            chosen.append(middles[np.minimum(places - (not descending), len(middles) - 1)])
    found = np.unique(np.concatenate(chosen))
    return found[(found > 0) & (found <= 1)]


def evenly(score: Floats, n: int, within: tuple[float, float] = (0.0, 1.0)) -> Floats:
    """Return at most n thresholds inside an interval, between scores at even ranks."""
    distinct = np.unique(score)
    middles = (distinct[1:] + distinct[:-1]) / 2
    inside = middles[(middles > within[0]) & (middles < within[1])]
    ranks = np.linspace(0, len(inside) - 1, min(n, len(inside))).round().astype(int)
    return inside[np.unique(ranks)]
