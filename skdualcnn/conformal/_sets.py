"""Which decisions the prediction sets of the heads bear out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def borne_out(
    decisions: NDArray[np.str_],
    sets: Sequence[NDArray[np.bool_]],
    normals: Sequence[NDArray[np.bool_]],
    positions: tuple[int | None, int | None],
) -> NDArray[np.bool_]:
    """Return whether the sets leave no other decision than the one of each row.

    Parameters
    ----------
    decisions : ndarray of shape (n,) and dtype str
        What the decider says.
    sets : sequence of ndarray of shape (n, n_classes) and dtype bool
        Classes that each head does not rule out.
    normals : sequence of ndarray of shape (n_classes,) and dtype bool
        The normal class of each head.
    positions : tuple of int or None
        Of the medical and of the cyber head; one that is not there counts as normal.

    Returns
    -------
    ndarray of shape (n,) and dtype bool
        Never for "uncertain", nor where a head has an empty set, or one with normal and
        other classes.
    """
    alert, sure = np.zeros((2, len(decisions)), dtype=bool), np.ones(len(decisions), dtype=bool)
    for role, position in enumerate(positions):
        if position is not None:
            held, normal = sets[position], normals[position]
            alert[role] = held[:, ~normal].any(axis=1)
            sure &= held[:, normal].any(axis=1) != alert[role]
    medical, cyber = alert
    # Where both heads are alert, the decider may say that the larger one is it.
    agrees = np.select(
        [decisions == one for one in ("normal", "medical", "cyber", "both")],
        [~medical & ~cyber, medical, cyber, medical & cyber],
        default=False,
    )
    return np.asarray(sure & agrees, dtype=bool)
