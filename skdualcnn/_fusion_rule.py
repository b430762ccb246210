"""A decider's rule with its settings: from the heads' probabilities to a reasoned answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._rules import DECISIONS, fuse_anomalies, fuse_confidences
from skdualcnn.exceptions import HeadError


@dataclass(frozen=True)
class FusionRule:
    """How two heads become one decision.

    Attributes
    ----------
    rule : {"anomaly", "confidence"}
    delta : float
        Margin by which one head must exceed the other.
    thresholds : tuple of float
        Anomaly scores from which the health and the cyber head raise an alert.
    abstention : float
        Width of the uncertain band below each threshold.
    heads : tuple of int or None
        Positions of the health and the cyber head; None for one that is not there.
    normal : tuple of int
        Position of the normal class in each of the two; 0 for one not there.
    distrust : tuple of float or None
        Cyber score from which the vitals are not trusted, and the health score that a
        medical alert then takes.
    lowest : tuple of float
        The least score that each head can have: of a confidence, an equal share of all classes.
    """

    rule: str
    delta: float
    thresholds: tuple[float, float]
    abstention: float
    heads: tuple[int | None, int | None]
    normal: tuple[int, int]
    distrust: tuple[float, float] | None = None
    lowest: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, decider: Any) -> Self:
        """Read the rule off a fitted decider, or whatever holds one, as its parameters are now."""
        while hasattr(decider, "decider_"):
            decider = decider.decider_
        normal, lowest = [0, 0], [0.0, 0.0]
        for head in deciding_heads(decider):
            normal[head.role] = head.classes.tolist().index(head.normal)
            if decider.rule == "confidence":
                lowest[head.role] = 1 / len(head.classes)
        return cls(
            decider.rule,
            decider.delta,
            threshold_pair(decider.thresholds),
            decider.abstention,
            decider.positions_,
            (normal[0], normal[1]),
            distrust_pair(decider.distrust, threshold_pair(decider.thresholds)[0]),
            (lowest[0], lowest[1]),
        )

    def scores(self, probabilities: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return what the rule compares, (n, 2), for (n, n_classes) of each head."""
        scores = np.zeros((len(probabilities[0]), 2))
        for role, position in enumerate(self.heads):
            if position is None:
                continue
            if self.rule == "confidence":
                scores[:, role] = probabilities[position].max(axis=1)
            else:
                scores[:, role] = 1 - probabilities[position][:, self.normal[role]]
        return scores

    def decide(self, scores: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the decision on each row of scores.

        Raises
        ------
        HeadError
            If a score is not a number.
        """
        if np.isnan(scores).any():
            raise HeadError(
                f"The estimator's probabilities give {int(np.isnan(scores).any(axis=1).sum())} "
                "row(s) a score that is not a number, and no decision is safe to make on that; "
                "expected probabilities in [0, 1]. Check the estimator and its input."
            )
        if self.rule == "confidence":
            return DECISIONS[fuse_confidences(*scores.T, delta=self.delta)]
        return DECISIONS[
            fuse_anomalies(
                *scores.T,
                thresholds=self.thresholds,
                abstention=self.abstention,
                delta=self.delta,
                distrust=self.distrust,
            )
        ]

    def reason(self, health: float, cyber: float) -> str:
        """Return the sentence that explains the decision on two scores."""
        if self.rule == "confidence":
            return (
                f"confidence of the health head {health:.2f}, of the cyber head {cyber:.2f}, "
                f"delta {self.delta:g}"
            )
        parts = []
        for role, score, threshold in zip(
            ("health", "cyber"), (health, cyber), self.thresholds, strict=True
        ):
            band = threshold - self.abstention
            shown = f"{role} anomaly {_told_from(score, (band, threshold))}"
            if score >= threshold:
                parts.append(f"{shown} at or above {threshold:g}")
            elif score >= band:
                parts.append(f"{shown} within {self.abstention:g} below {threshold:g}")
            else:
                parts.append(f"{shown} below {threshold:g}")
        evidence = self.thresholds[0]
        if self.distrust is not None and cyber >= self.distrust[0]:
            evidence = self.distrust[1]
            if health >= self.thresholds[0]:
                parts.append(
                    f"vitals not trusted at a cyber anomaly of {self.distrust[0]:g} or more: a "
                    f"medical alert takes {evidence:g}"
                )
        if health >= evidence and cyber >= self.thresholds[1]:
            parts.append(f"difference {abs(health - cyber):.2f} against delta {self.delta:g}")
        return "; ".join(parts)


def _told_from(score: float, limits: Sequence[float]) -> str:
    """Return a score with the decimals, two at least, that keep it on its side of the limits."""
    sides = [score >= limit for limit in limits]
    for decimals in range(2, 17):
        shown = f"{score:.{decimals}f}"
        if [float(shown) >= limit for limit in limits] == sides:
            return shown
    return repr(float(score))


def threshold_pair(thresholds: Any) -> tuple[float, float]:
    """Return the health and the cyber threshold of one share or a pair of them.

    Raises
    ------
    HeadError
        If they are something else.
    """
    pair = thresholds if isinstance(thresholds, tuple | list) else (thresholds, thresholds)
    if len(pair) != 2 or not all(map(_is_share, pair)):
        raise HeadError(
            f"thresholds={thresholds!r}, expected a share in (0, 1] or a pair of them: "
            "(health, cyber)."
        )
    return float(pair[0]), float(pair[1])


def distrust_pair(distrust: Any, threshold: float) -> tuple[float, float] | None:
    """Return from which cyber score on a medical alert takes which health score, or None.

    Parameters
    ----------
    distrust : tuple of float or None
    threshold : float
        Health score that a medical alert takes otherwise.

    Raises
    ------
    HeadError
        If it is not a pair of shares, the second at least the threshold.
    """
    if distrust is None:
        return None
    pair = tuple(distrust) if isinstance(distrust, tuple | list) else (distrust,)
    if len(pair) != 2 or not all(map(_is_share, pair)) or pair[1] < threshold:
        raise HeadError(
            f"distrust={distrust!r}, expected None or a pair of shares in (0, 1]: the cyber score "
            "from which vitals are not trusted, and the health score that a medical alert then "
            f"takes, which is at least the health threshold, {threshold:g}."
        )
    return float(pair[0]), float(pair[1])


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and 0 < float(value) <= 1
