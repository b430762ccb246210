"""What is decided on one device at one tick."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided on one device at one tick.

    Attributes
    ----------
    device : str or int
    time : float or pandas.Timestamp
        The tick, of the kind that readings have.
    decision : str or None
        "normal", "medical", "cyber", "both" or "uncertain"; None if the row was refused.
    health_score, cyber_score : float or None
        What the decider's rule compares.
    probabilities : dict of str to dict
        By head the probability of each class; empty if the row was refused.
    reason : str
        The decision explained in a sentence.
    status : str
        "ok", or why the row was refused: "missing", "range", "infinite" or "refused".
    """

    device: str | int
    time: Any
    decision: str | None
    health_score: float | None
    cyber_score: float | None
    probabilities: dict[str, dict[Any, float]]
    reason: str
    status: str

    def record(self) -> dict[str, Any]:
        """Return the decision as what JSON can hold.

        Returns
        -------
        dict
            One entry a field; a time that is no number is text in ISO 8601.
        """
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        if not isinstance(self.time, float):
            record["time"] = self.time.isoformat()
        record["probabilities"] = {
            head: {str(label): share for label, share in shares.items()}
            for head, shares in self.probabilities.items()
        }
        return record
