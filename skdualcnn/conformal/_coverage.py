"""Whether prediction sets hold what they promise."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from skdualcnn._deciding_heads import read_labels
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn.conformal._decider import ConformalFusionDecider


def coverage_table(decider: ConformalFusionDecider, X: Any, y: ArrayLike) -> pd.DataFrame:
    """Return how often the sets of each head hold the true class.

    Parameters
    ----------
    decider : ConformalFusionDecider
        Fitted.
    X : array-like of n rows
        Rows that it has not seen.
    y : array-like of shape (n, 2) or (n,)
        Their labels; a missing one does not count.

    Returns
    -------
    DataFrame of columns head, class, rows, coverage, set_size, empty
        One row for all labelled rows of a head (its class is "all"), then one for each
        class among them, those that training did not know last. Coverage is the share of
        the rows whose set holds their class, which a class that training did not know
        cannot have; set_size is the mean number of classes in a set; empty the share of
        sets without any.

    Raises
    ------
    HeadError
        If y does not have one column for each head, or texts for a head that has numbers.
    ValueError
        If lengths differ.

    See Also
    --------
    ConformalFusionDecider : Whose sets they are.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.conformal import ConformalFusionDecider, coverage_table
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(20000, 1))
    >>> y = (X[:, 0] + rng.normal(size=20000) > 0).astype(int)
    >>> decider = FusionDecider(LogisticRegression()).fit(X[:1000], y[:1000])
    >>> decider = ConformalFusionDecider(FrozenEstimator(decider)).fit(X[1000:10000], y[1000:10000])
    >>> coverage_table(decider, X[10000:], y[10000:]).round(2)
         head class   rows  coverage  set_size  empty
    0  head_0   all  10000      0.90      1.35    0.0
    1  head_0     0   4976      0.90      1.35    0.0
    2  head_0     1   5024      0.89      1.36    0.0
    """
    labels, names = read_labels(decider, y), decider.head_names_
    check_consistent_length(X, labels.weights)
    sets = decider.predict_set(X)
    listed = sets if isinstance(sets, list) else [sets]
    rows: list[dict[str, Any]] = []
    for head, (name, classes) in enumerate(
        zip(names, FittedHeads.read(decider).classes, strict=True)
    ):
        known = labels.weights[:, head] > 0
        true = np.asarray(labels.columns[head][known], dtype=object)
        held = listed[head][known]
        covered = (held & (true[:, None] == classes.astype(object))).any(axis=1)
        unknown = sorted(set(true.tolist()) - set(classes.tolist()), key=str)
        of_class = [("all", np.ones(len(true), dtype=bool))]
        of_class += [(str(label), true == label) for label in [*classes.tolist(), *unknown]]
        rows += [
            {
                "head": name,
                "class": label,
                "rows": int(mask.sum()),
                "coverage": float(covered[mask].mean()) if mask.any() else np.nan,
                "set_size": float(held[mask].sum(axis=1).mean()) if mask.any() else np.nan,
                "empty": float((~held[mask].any(axis=1)).mean()) if mask.any() else np.nan,
            }
            for place, (label, mask) in enumerate(of_class)
            if place == 0 or mask.any()
        ]
    return pd.DataFrame(rows)
