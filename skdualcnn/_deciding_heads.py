"""The one or two heads that a decider decides on."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from skdualcnn._fitted_heads import FittedHeads


@dataclass(frozen=True)
class DecidingHead:
    """A head with its part in the decision.

    Attributes
    ----------
    role : {0, 1}
        0 for the medical head, 1 for the cyber head.
    position : int
        Position among the heads of the estimator.
    name : str
        Its name.
    classes : ndarray of shape (n_classes,)
        Its class labels.
    normal : object
        The one of them that means normal.
    """

    role: int
    position: int
    name: str
    classes: NDArray[Any]
    normal: Any


def deciding_heads(decider: Any) -> list[DecidingHead]:
    """Return the heads that a fitted decider has, the medical one first."""
    classes = FittedHeads.read(decider).classes
    roles = zip(decider.positions_, decider.heads_, decider.normal_, strict=True)
    return [
        DecidingHead(role, position, name, classes[position], normal)
        for role, (position, name, normal) in enumerate(roles)
        if position is not None
    ]
