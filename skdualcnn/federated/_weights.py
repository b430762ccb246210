"""The weights of a classifier as one list of arrays, and which head each belongs to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._nets import assign_heads
from skdualcnn.exceptions import FederationError
from skdualcnn.network._exchange import read_weights, replace_weights

Arrays = list[NDArray[np.float32]]

_OF_A_HEAD = re.compile(r"heads\.(\d+)\.")


@dataclass(frozen=True)
class ArrayOnTheWire:
    """One array that sites and server exchange.

    Attributes
    ----------
    name : str
        The net, and torch's name of the array in it.
    shape : tuple of int
        Its shape; the dtype is float32.
    head : str or None
        The head that it belongs to; None for the trunk that all heads share.
    """

    name: str
    shape: tuple[int, ...]
    head: str | None


def list_arrays(classifier: DualPathCNNClassifier) -> list[ArrayOnTheWire]:
    """Return what is exchanged of a fitted classifier, in order."""
    listed = []
    for number, path in enumerate(_paths(classifier)):
        heads = [classifier.head_names_[position] for position in path]
        for name, array in read_weights(classifier.nets_[number]).items():
            found = _OF_A_HEAD.match(name)
            of_head = heads[int(found[1])] if found else heads[0] if len(heads) == 1 else None
            listed.append(ArrayOnTheWire(f"net {number}: {name}", array.shape, of_head))
    return listed


def read_arrays(classifier: DualPathCNNClassifier) -> Arrays:
    """Return the weights of a fitted classifier in the order of :func:`list_arrays`."""
    return [array for net in classifier.nets_ for array in read_weights(net).values()]


def replace_arrays(
    classifier: DualPathCNNClassifier, arrays: Sequence[NDArray[np.float32]]
) -> None:
    """Give a fitted classifier these weights, in place.

    Raises
    ------
    FederationError
        If they are not those of its network.
    """
    check_arrays(list_arrays(classifier), arrays, "The server")
    rest = iter(arrays)
    for net in classifier.nets_:
        replace_weights(net, {name: next(rest) for name in read_weights(net)})


def check_arrays(
    expected: Sequence[ArrayOnTheWire], arrays: Sequence[NDArray[np.float32]], sender: str
) -> None:
    """Refuse arrays that cannot be averaged with the others.

    Raises
    ------
    FederationError
        If there are too many or too few, or one has another shape, another dtype or a
        value that is not finite.
    """
    if len(arrays) != len(expected):
        raise FederationError(
            f"{sender} sent {len(arrays)} arrays of weights, expected {len(expected)}. Run the "
            "same version of skdualcnn everywhere."
        )
    for one, array in zip(expected, arrays, strict=True):
        if array.shape != one.shape or array.dtype != np.float32:
            raise FederationError(
                f"{sender} sent {one.name} as {array.dtype} of shape {array.shape}, expected "
                f"float32 of shape {one.shape}. Run the same version of skdualcnn everywhere."
            )
        if not np.isfinite(array).all():
            raise FederationError(
                f"{sender} sent values in {one.name} that are not finite, expected weights. Lower "
                "the learning rate, and look for values far out of range in the rows."
            )


def _paths(classifier: DualPathCNNClassifier) -> list[list[int]]:
    return assign_heads(classifier.n_heads_, classifier.sharing)
