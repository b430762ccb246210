"""What would have to be otherwise for the decision to be another."""

from dataclasses import dataclass

import numpy as np

from skdualcnn._fusion_rule import FusionRule

_GRID = np.linspace(0, 1, 1001)  # scores are told apart to a thousandth


@dataclass(frozen=True)
class Counterfactual:
    """The nearest change of one head's score that changes the decision.

    Attributes
    ----------
    role : {"health", "cyber"}
        The head whose score changes, the other's staying as it is.
    quantity : {"score", "confidence"}
        What the rule compares of it: its anomaly score, or its largest probability.
    direction : {"rose", "fell"}
        Which way it changes.
    score : float
        The score from which the decision is another one, to a thousandth.
    decision : str
        What it is then.
    """

    role: str
    quantity: str
    direction: str
    score: float
    decision: str

    def __str__(self) -> str:
        reached = "rose to" if self.direction == "rose" else "fell to"
        changed = f"the {self.role} {self.quantity} {reached} {self.score:.3f}"
        return f"would be {self.decision} if {changed}"


def nearest_changes(rule: FusionRule, health: float, cyber: float) -> list[Counterfactual]:
    """Return the changes of a single score that would change the decision, nearest first.

    Parameters
    ----------
    rule : FusionRule
        The rule that decided.
    health, cyber : float
        The scores that it decided on.

    Returns
    -------
    list of Counterfactual
        At most one for each head and direction.
    """
    now = rule.decide(np.array([[health, cyber]]))[0]
    quantity = "score" if rule.rule == "anomaly" else "confidence"
    found = []
    for role, (name, present) in enumerate((("health", health), ("cyber", cyber))):
        if rule.heads[role] is None:
            continue
        possible = _GRID[rule.lowest[role] <= _GRID]
        scores = np.tile([health, cyber], (len(possible), 1))
        scores[:, role] = possible
        decisions = rule.decide(scores)
        for direction, beyond in (("rose", present < possible), ("fell", present > possible)):
            others = np.flatnonzero(beyond & (decisions != now))
            if len(others):
                place = others[0] if direction == "rose" else others[-1]
                score, decision = float(possible[place]), str(decisions[place])
                found.append(Counterfactual(name, quantity, direction, score, decision))
    scores_now = {"health": health, "cyber": cyber}
    return sorted(found, key=lambda change: abs(change.score - scores_now[change.role]))
