"""Whether contributions say what a network looks at: columns are taken away in their order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import HeadError
from skdualcnn.explanation._attributions import Attributions
from skdualcnn.explanation._explained_network import ExplainedNetwork


@dataclass(frozen=True)
class DeletionCurve:
    """How a score falls as columns are replaced by the reference's.

    Attributes
    ----------
    scores : DataFrame
        A row per number of columns taken away, from none to all; the mean score of the
        rows when they go `by_attribution`, largest first, and `at_random`; `in_order`, if
        an order was given.
    advantage : float
        Mean over the numbers of columns of `at_random` less `by_attribution`, in units
        of probability: positive if the contributions find the columns that matter.
    """

    scores: pd.DataFrame
    advantage: float


def deletion_curve(
    decider: FusionDecider,
    X: ArrayLike,
    attributions: Attributions,
    *,
    reference: ArrayLike,
    head: str,
    rows: ArrayLike | None = None,
    order: Sequence[str] | None = None,
    n_orders: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> DeletionCurve:
    """Measure how faithful contributions are.

    Raw columns, all their steps and features together, are replaced by the mean of the
    reference, one more at a time, and the score is taken again (after Samek et al.,
    "Evaluating the visualization of what a deep neural network has learned", 2017).

    Parameters
    ----------
    decider : FusionDecider
        Fitted decider.
    X : array-like of n rows
        Rows that the head has raised an alert on; with windows, those before them, too.
    attributions : Attributions
        What :func:`attribute_scores` returned for these rows.
    reference : array-like
        The rows that it was given.
    head : str
        Name of the head.
    rows : array-like of int or None, default=None
        Positions in X of the rows that count; None is all.
    order : sequence of str or None, default=None
        Raw columns, all of them, in an order that is the same for every row, such as that
        of a permutation importance: another one to compare with.
    n_orders : int, default=5
        Random orders to compare with.
    random_state : int, RandomState instance or None, default=None
        Seed of the random orders.

    Returns
    -------
    DeletionCurve
        The curves, and the distance between them.

    Raises
    ------
    HeadError
        If there is no such head.
    ValueError
        If `order` is not an order of the raw columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.explanation import attribute_scores, deletion_curve
    >>> X = np.random.default_rng(0).random((200, 8)).astype("float32")
    >>> y = (X[:, [1, 6]] > 0.6).astype(int)
    >>> network = DualPathCNNClassifier(lr=0.01, max_epochs=10, random_state=0)
    >>> decider = FusionDecider(network).fit(X, y)
    >>> rows, normal = X[y[:, 0] == 1], X[(y == 0).all(axis=1)]
    >>> found = attribute_scores(decider, rows, reference=normal)
    >>> curve = deletion_curve(
    ...     decider, rows, found, reference=normal, head="head_0", random_state=0
    ... )
    >>> bool(curve.advantage > 0.1)
    True
    """
    if head not in attributions.values:
        raise HeadError(f"head={head!r}, expected one of {list(attributions.values)}.")
    network, rng = ExplainedNetwork.of(decider), check_random_state(random_state)
    counted = np.arange(len(attributions.scores))[slice(None) if rows is None else np.ravel(rows)]
    present, rest = np.asarray(network.read(X))[counted], network.rest(reference)
    shares = attributions.by_column(head).iloc[counted]
    names = pd.Index(attributions.features["column"])
    column_of = shares.columns.get_indexer(names)  # of each feature
    ranked = (-shares.to_numpy()).argsort(axis=1, kind="stable").argsort(axis=1)

    def fall(ranks: NDArray[np.intp]) -> list[float]:
        """Return the mean score with 0, 1, ... of the first-ranked columns taken away."""
        means = []
        for gone in range(shares.shape[1] + 1):
            away = (ranks < gone)[:, column_of]
            away = away.reshape(len(away), *[1] * (present.ndim - 2), -1)
            means.append(float(network.scores(np.where(away, rest, present))[head].mean()))
        return means

    at_random = [fall(rng.random_sample(ranked.shape).argsort(axis=1)) for _ in range(n_orders)]
    scores = pd.DataFrame({"by_attribution": fall(ranked), "at_random": np.mean(at_random, axis=0)})
    if order is not None:
        scores["in_order"] = fall(_ranks(order, shares.columns)[None])
    return DeletionCurve(scores, float((scores["at_random"] - scores["by_attribution"]).mean()))


def _ranks(order: Sequence[str], columns: pd.Index) -> NDArray[np.intp]:
    """Return the place of each column in an order of all of them."""
    if sorted(order) != sorted(columns):
        raise ValueError(
            f"order has {len(order)} columns, expected each of the {len(columns)} that have "
            f"contributions once; missing are {sorted(set(columns) - set(order))}."
        )
    return np.asarray(pd.Index(order).get_indexer(columns), dtype=np.intp)
