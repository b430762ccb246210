"""What displays need from estimators and labels: scores, classes, the right column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skdualcnn._fitted_heads import FittedHeads, column_names
from skdualcnn._labels import Labels, find_normal
from skdualcnn.exceptions import HeadError


def find_history(estimator: Any) -> Any:
    """Return the `history_` of an estimator, or of the one inside it that has it.

    Raises
    ------
    TypeError
        If no estimator inside has it.
    """
    inner = estimator
    while inner is not None:
        if hasattr(inner, "history_"):
            return inner.history_
        if hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        else:
            inner = getattr(inner, "best_estimator_", getattr(inner, "estimator_", None))
    raise TypeError(
        f"{type(estimator).__name__} has no history_, expected a fitted estimator that has, or "
        "a pipeline, search or decider around one. Call fit first."
    )


def find_decider(estimator: Any) -> Any:
    """Return the decider that is given, be it inside a search.

    Raises
    ------
    TypeError
        If it is no decider.
    """
    decider = getattr(estimator, "best_estimator_", estimator)
    if not hasattr(decider, "true_state"):
        raise TypeError(
            f"Got a {type(decider).__name__}, expected a fitted FusionDecider. Fit "
            "FusionDecider(estimator), or use from_predictions."
        )
    return decider


def read_head(y: ArrayLike, head: Any) -> tuple[int, str | None, NDArray[Any]]:
    """Return position, name and labels of one head of y, which may be all y has.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_heads)
    head : int, str or None
        Position or column name; None where y has one column.

    Raises
    ------
    HeadError
        If y has no such head, or several and none is named.
    """
    labels = Labels.read(y)
    names = labels.names
    position = 0 if head is None and len(names) == 1 else head
    if head in names:
        position = names.index(head)
    if isinstance(position, int) and 0 <= position < len(names):
        of_columns = column_names(y)
        name = None if of_columns is None else of_columns[position]
        return position, name, labels.columns[position]
    raise HeadError(
        f"head={head!r}, but y has the head(s) {list(names)}. Give one of these names, or a "
        f"position from 0 to {len(names) - 1}."
    )


def find_head(heads: FittedHeads, y: ArrayLike, position: int, name: str | None) -> int:
    """Return the head of an estimator that a column of y has the labels of.

    Its name says which, where the estimator knows names, and else its place.

    Raises
    ------
    HeadError
        If y has fewer or more columns than the estimator heads, and no name says which.
    """
    n_heads, n_columns = len(heads.classes), 1 if np.ndim(y) == 1 else np.shape(y)[1]
    if n_heads == 1:
        return 0
    if heads.names is not None and name in heads.names:
        return heads.names.index(name)
    if n_columns == n_heads:
        return position
    known = f"{n_heads} heads" if heads.names is None else f"the heads {list(heads.names)}"
    raise HeadError(
        f"y has {n_columns} column(s) and the estimator {known}, expected a column for each in "
        "their order, or columns of their names. Give y of all heads, and choose one by head=."
    )


def anomaly_scores(
    estimator: Any, X: ArrayLike, y: ArrayLike, *, position: int, normal: Any, name: str | None
) -> NDArray[np.float64]:
    """Return one minus the probability of normal, from the head that a column of y is of."""
    heads = FittedHeads.read(estimator)
    found = find_head(heads, y, position, name)
    classes = heads.classes[found]
    is_normal = classes == find_normal(name, classes, normal)
    normal_share = heads.pick(estimator.predict_proba(X), found)[:, is_normal].sum(axis=1)
    # Float32 probabilities may sum to a little more than one.
    return np.asarray(np.clip(1 - normal_share, 0, 1), dtype=np.float64)


def abnormal(
    y_true: ArrayLike, scores: Mapping[str, ArrayLike], normal: Any, head: object
) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
    """Return which labelled rows are not normal, and the scores of these rows.

    Raises
    ------
    HeadError
        If a score has another length than y, or is not a number, or the labels are of one
        kind only.
    """
    labels = np.asarray(read_head(y_true, None)[2], dtype=object)
    known = ~pd.isna(labels)
    present = pd.unique(labels[known])
    mark = find_normal(head, present, normal)
    result = {}
    for name, column in scores.items():
        values = np.asarray(column, dtype=np.float64)
        if values.shape != labels.shape:
            raise HeadError(
                f"The scores of {name!r} have shape {values.shape}, expected one a row of y_true: "
                f"{labels.shape}."
            )
        if not np.isfinite(values[known]).all():
            raise HeadError(
                f"The scores of {name!r} have {int((~np.isfinite(values[known])).sum())} values "
                "that are missing or infinite, expected a number of each labelled row. Check the "
                "model, or leave these rows out."
            )
        result[name] = values[known]
    if not result:
        raise ValueError("scores is empty, expected a dict from the name of a model to its scores.")
    positive = np.asarray(labels[known] != mark, dtype=bool)
    if positive.all() or not positive.any():
        raise HeadError(
            f"All labels of head {head!r} are {present.tolist()}, expected normal rows and others: "
            "a curve compares the two."
        )
    return positive, result


def pick_ours(names: list[str], ours: str | None) -> str:
    """Return the model to emphasise: the one named, else the first.

    Raises
    ------
    ValueError
        If no model has that name.
    """
    if ours is not None and ours not in names:
        raise ValueError(f"ours={ours!r} is not among the models {names}. Give one of these names.")
    return names[0] if ours is None else ours
