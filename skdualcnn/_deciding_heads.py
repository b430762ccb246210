"""The one or two heads that a decider decides on, and labels of them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._labels import Labels
from skdualcnn.exceptions import HeadError


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


def read_labels(decider: Any, y: ArrayLike) -> Labels:
    """Return the labels of a fitted decider's heads, in their order.

    Raises
    ------
    HeadError
        If y has not a column for each head, or texts for a head that has numbers, or the other
        way round. A class that a head does not know is no error: attacks come in new types.
    """
    labels, heads = Labels.read(y).in_order_of(decider.head_names_), deciding_heads(decider)
    if len(labels.names) != len(heads):
        raise HeadError(
            f"y has {len(labels.names)} column(s) {list(labels.names)}, expected one for each of "
            f"the heads {list(decider.head_names_)}; a head whose labels are not known has a "
            "column of missing ones."
        )
    for head in heads:
        column = labels.columns[head.position][labels.weights[:, head.position] > 0]
        found, known = pd.unique(column).tolist(), head.classes.tolist()
        if found and _kinds(found).isdisjoint(_kinds(known)):
            raise HeadError(
                f"The labels of the {head.name} head are {found!r:.200}, expected its classes, "
                f"{known!r:.200}. Give the column that holds them, as training had it."
            )
    return labels


def _kinds(labels: list[Any]) -> set[str]:
    return {"text" if isinstance(label, str) else "number" for label in labels}
