"""What is asked of a model in a stream, and what it answers."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from skdualcnn._fusion_rule import FusionRule

OK = "ok"


class Answer(NamedTuple):
    """What an engine says of one row.

    Attributes
    ----------
    status : str
        "ok", or why the row was refused; the rest is then None or empty.
    decision : str or None
    scores : tuple of float
        What the rule compares: health and cyber.
    probabilities : tuple of ndarray of shape (n_classes,) and dtype float64
        One per head.
    """

    status: str
    decision: str | None
    scores: tuple[float, float] | None
    probabilities: tuple[NDArray[np.float64], ...]


class Engine(Protocol):
    """Answers rows; windows are kept in a state per device.

    Attributes
    ----------
    name : str
    reading_names : tuple of str
        The values of a row, in order.
    categorical : frozenset of str
        Those that are categories.
    rule : FusionRule
    heads : tuple of (str, tuple of labels)
        Name and classes of each head.
    digest : str
        Differs for models that differ.
    """

    name: str
    reading_names: tuple[str, ...]
    categorical: frozenset[str]
    rule: FusionRule
    heads: tuple[tuple[str, tuple[Any, ...]], ...]
    digest: str

    def new_state(self) -> Any:
        """Return the state of a device that has sent nothing yet."""
        ...

    def answer(self, rows: Sequence[tuple[Sequence[Any], Any]]) -> list[Answer]:
        """Answer rows in order, each with the state of its device, which it brings up to date."""
        ...

    def pack(self, states: Sequence[Any]) -> NDArray[Any]:
        """Return states as one array of numbers."""
        ...

    def unpack(self, packed: NDArray[Any], n: int) -> list[Any]:
        """Return the states of an array that :meth:`pack` made.

        Raises
        ------
        ValueError
            If it is of another shape or type.
        """
        ...


def answers_of(rule: FusionRule, probabilities: Sequence[NDArray[np.float64]]) -> list[Answer]:
    """Return an answer for each row of the heads' probabilities; NaN is none to decide on."""
    scores = rule.scores(probabilities)
    overflown: NDArray[np.bool_] = np.asarray(np.isnan(scores).any(axis=1))
    if overflown.any():
        decided = iter(answers_of(rule, [head[~overflown] for head in probabilities]))
        refused = Answer("infinite", None, None, ())
        return [refused if bad else next(decided) for bad in overflown.tolist()]
    decisions = rule.decide(scores).tolist()
    return [
        Answer(OK, decision, (pair[0], pair[1]), tuple(head[i] for head in probabilities))
        for i, (decision, pair) in enumerate(zip(decisions, scores.tolist(), strict=True))
    ]
