"""What displays need from estimators and labels: scores, classes, the right column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skdualcnn._head import FittedHeads
from skdualcnn._labels import Labels, find_normal
from skdualcnn.exceptions import HeadError


def find_attribute(estimator: Any, attribute: str) -> Any:
    """Return an attribute of an estimator, or of the one inside it that has it.

    Raises
    ------
    TypeError
        If no estimator inside has it.
    """
    inner = estimator
    while inner is not None:
        if hasattr(inner, attribute):
            return getattr(inner, attribute)
        if hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        else:
            inner = getattr(inner, "best_estimator_", getattr(inner, "estimator_", None))
    raise TypeError(
        f"{type(estimator).__name__} has no {attribute}, expected a fitted estimator that has, or "
        "a pipeline, search or decider around one. Call fit first."
    )


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
    named = isinstance(y, pd.DataFrame)
    if head is None and len(names) == 1:
        return 0, str(names[0]) if named else getattr(y, "name", None), labels.columns[0]
    position = names.index(head) if head in names else head
    if isinstance(position, int) and 0 <= position < len(names):
        return position, names[position] if named else None, labels.columns[position]
    raise HeadError(
        f"head={head!r}, but y has the head(s) {list(names)}. Give one of these names, or a "
        f"position from 0 to {len(names) - 1}."
    )


def anomaly_scores(
    estimator: Any, X: ArrayLike, *, position: int, normal: Any, head: object
) -> NDArray[np.float64]:
    """Return one minus the probability of normal, from one head of an estimator."""
    heads, probabilities = FittedHeads.read(estimator), estimator.predict_proba(X)
    classes = heads.classes[position if heads.listed else 0]
    if heads.listed:
        probabilities = probabilities[position]
    is_normal = classes == find_normal(head, classes, normal)
    # Float32 probabilities may sum to a little more than one.
    scores = np.clip(1 - np.asarray(probabilities)[:, is_normal].sum(axis=1), 0, 1)
    return np.asarray(scores, dtype=np.float64)


def abnormal(
    y_true: ArrayLike, scores: Mapping[str, ArrayLike], normal: Any, head: object
) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
    """Return which labelled rows are not normal, and the scores of these rows.

    Raises
    ------
    HeadError
        If a score has another length than y, or the labels are of one kind only.
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
