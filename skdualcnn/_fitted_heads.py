"""The heads that a fitted estimator answers for, whatever it is wrapped in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skdualcnn._labels import Labels
from skdualcnn.exceptions import HeadError


@dataclass(frozen=True)
class FittedHeads:
    """The heads that the `predict_proba` of a fitted estimator answers for.

    Attributes
    ----------
    classes : tuple of ndarray
        Class labels of each head.
    names : tuple of str or None
        Name of each head, where the estimator knows it.
    listed : bool
        Whether the estimator answers with one entry per head.
    predicted : bool
        Whether `predict` answers with these classes too; a decider's does not.
    """

    classes: tuple[NDArray[Any], ...]
    names: tuple[str, ...] | None
    listed: bool
    predicted: bool

    @classmethod
    def read(cls, estimator: Any) -> Self:
        """Read the heads off an estimator, a pipeline, a search or a decider."""
        source, names = estimator, ()
        for inner in walk_in(estimator):
            names = names or tuple(getattr(inner, "head_names_", ()))
            if hasattr(inner, "true_state"):
                # The classes of a decider are its decisions, not those of its heads.
                source = inner.estimator_
        classes = source.classes_
        listed = isinstance(classes, list)
        found = tuple(np.asarray(one) for one in (classes if listed else [classes]))
        return cls(found, names if len(names) == len(found) else None, listed, source is estimator)

    def position(self, head: str | int, column_names: tuple[str, ...] | None = None) -> int:
        """Return the position of a head, by the names of the estimator or else of y's columns.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        n_heads = len(self.classes)
        if n_heads == 1 and isinstance(head, str) and self.names in {None, ("head_0",)}:
            return 0  # one head that never got a name
        named_by_y = column_names is not None and len(column_names) == n_heads
        if named_by_y and head in (column_names or ()) and head not in (self.names or ()):
            return find_position(head, column_names, n_heads)
        return find_position(head, self.names, n_heads)

    def pick(self, probabilities: Any, position: int) -> NDArray[np.float64]:
        """Return one head's part of what `predict_proba` answered.

        Raises
        ------
        HeadError
            If it is not one array per head.
        """
        if self.listed and not isinstance(probabilities, list):
            raise HeadError(
                f"predict_proba returned one array of shape {np.shape(probabilities)}, expected a "
                f"list of {len(self.classes)} arrays, one per head, of one column per class. Use "
                "an estimator such as sklearn.multioutput.MultiOutputClassifier."
            )
        return np.asarray(probabilities[position] if self.listed else probabilities)

    def labels(
        self, y: Any, head: str | int, position: int, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[np.float64] | None]:
        """Return which rows of y have a label of the head, these labels and their weights.

        Raises
        ------
        HeadError
            If y has no column for the head, or the column no label.
        """
        read, names = Labels.read(y, sample_weight), column_names(y)
        column = self._column(names, len(read.names), head, position)
        known = read.weights[:, column] > 0
        if not known.any():
            raise HeadError(
                f"y has no label of head {head!r} in any of its {len(known)} row(s), expected at "
                "least one. Leave the head out, or choose folds in which it has labels."
            )
        weights = None if sample_weight is None else read.weights[known, column]
        return known, read.used(column), weights

    def _column(
        self, names: tuple[str, ...] | None, n_columns: int, head: str | int, position: int
    ) -> int:
        """Return the column of y that holds the labels of a head."""
        own = head if isinstance(head, str) or self.names is None else self.names[position]
        if names is not None and own in names:
            return names.index(str(own))
        if n_columns == len(self.classes):
            return position
        if n_columns == 1 and not (names and names[0] in (self.names or ())):
            return 0
        columns = f"{n_columns} column(s)" if names is None else f"the column(s) {list(names)}"
        raise HeadError(
            f"y has {columns}, expected the labels of head {head!r} alone, or one column per head"
            + (f": {list(self.names)}." if self.names else f": {len(self.classes)} columns.")
        )


def column_names(y: Any) -> tuple[str, ...] | None:
    """Return the names of y's columns, None if y is an array without names."""
    if hasattr(y, "columns"):
        return tuple(str(name) for name in y.columns)
    if isinstance(y, pd.Series) and y.name is not None:
        return (str(y.name),)
    return None


def find_position(head: str | int, names: tuple[str, ...] | None, n_heads: int) -> int:
    """Return the position of a head among so many, by its name or by itself.

    Raises
    ------
    HeadError
        If there is no such head.
    """
    if isinstance(head, str):
        if names is not None and head in names:
            return names.index(head)
    elif head < n_heads:
        return int(head)
    known = f"the heads {list(names)}" if names else f"{n_heads} head(s) without names"
    raise HeadError(
        f"There is no head {head!r}: the estimator has {known}. Give "
        + ("one of these names, or " if names else "")
        + f"a position from 0 to {n_heads - 1}."
    )


def walk_in(estimator: Any) -> Iterator[Any]:
    """Go from an estimator inwards to the one that has the heads, or to a view of one."""
    inner = estimator
    while inner is not None:
        # A frozen estimator has all attributes of the one in it.
        if isinstance(inner, FrozenEstimator):
            inner = inner.estimator
            continue
        yield inner
        if hasattr(inner, "head"):  # a view, which shows one of the heads in it
            return
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        else:
            inner = getattr(inner, "best_estimator_", getattr(inner, "estimator_", None))
