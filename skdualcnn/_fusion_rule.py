"""A decider's rule with its settings: from the heads' probabilities to a reasoned answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

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
    """

    rule: str
    delta: float
    thresholds: tuple[float, float]
    abstention: float
    heads: tuple[int | None, int | None]
    normal: tuple[int, int]

    @classmethod
    def of(cls, decider: Any) -> Self:
        """Read the rule off a fitted decider, as its parameters are now."""
        classes = decider.estimator_.classes_
        listed = classes if isinstance(classes, list) else [classes]
        health, cyber = (
            0 if position is None else listed[position].tolist().index(label)
            for position, label in zip(decider.positions_, decider.normal_, strict=True)
        )
        return cls(
            decider.rule,
            decider.delta,
            threshold_pair(decider.thresholds),
            decider.abstention,
            decider.positions_,
            (health, cyber),
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
            if score >= threshold:
                parts.append(f"{role} anomaly {score:.2f} at or above {threshold:g}")
            elif score >= threshold - self.abstention:
                parts.append(
                    f"{role} anomaly {score:.2f} within {self.abstention:g} below {threshold:g}"
                )
            else:
                parts.append(f"{role} anomaly {score:.2f} below {threshold:g}")
        if health >= self.thresholds[0] and cyber >= self.thresholds[1]:
            parts.append(f"difference {abs(health - cyber):.2f} against delta {self.delta:g}")
        return "; ".join(parts)


def threshold_pair(thresholds: Any) -> tuple[float, float]:
    """Return the health and the cyber threshold of one share or a pair of them.

    Raises
    ------
    HeadError
        If they are something else.
    """
    pair = thresholds if isinstance(thresholds, tuple | list) else (thresholds, thresholds)
    if len(pair) != 2 or not all(0 < float(threshold) <= 1 for threshold in pair):
        raise HeadError(
            f"thresholds={thresholds!r}, expected a share in (0, 1] or a pair of them: "
            "(health, cyber)."
        )
    return float(pair[0]), float(pair[1])
