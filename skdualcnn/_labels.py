"""Labels of one or several heads: names, classes, missing values, weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from skdualcnn.exceptions import HeadError, NormalClassError
from skdualcnn.network import MISSING


@dataclass(frozen=True)
class Labels:
    """y as one column per head, with the weight of each label.

    Attributes
    ----------
    names : tuple of str
        Column names of a DataFrame y, the name of a Series, else "head_0", "head_1", ...
    columns : tuple of ndarray of shape (n,)
        Labels of each head as they came; None where missing among objects.
    weights : ndarray of shape (n, n_heads) and dtype float64
        Sample weights; 0 where the label is missing.
    missing : ndarray of shape (n, n_heads) and dtype float64
        Sample weights where the label is missing; 0 where it is not.
    """

    names: tuple[str, ...]
    columns: tuple[NDArray[Any], ...]
    weights: NDArray[np.float64]
    missing: NDArray[np.float64]

    @property
    def single_output(self) -> bool:
        """Whether y was one column: an ordinary classifier."""
        return len(self.columns) == 1

    @classmethod
    def read(cls, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Take y apart: an array, a Series, or a pandas or polars DataFrame.

        Raises
        ------
        ValueError
            If y or `sample_weight` has the wrong shape or the weights are negative.
        """
        names, columns = _split_columns(y)
        present = np.column_stack([~pd.isna(column) for column in columns])
        # pandas.NA is neither equal nor unequal to anything, which no comparison survives.
        columns = tuple(
            np.where(here, column, np.array(None, dtype=object))
            if column.dtype == object
            else column
            for column, here in zip(columns, present.T, strict=True)
        )
        weights = _read_weights(sample_weight, present.shape)
        return cls(names, columns, weights * present, weights * ~present)

    def in_order_of(self, names: Sequence[str]) -> Self:
        """Return the labels with their columns in the order of `names`.

        Columns that are not the same names, such as those of an array, stay as they are.
        """
        if self.names == tuple(names) or sorted(self.names) != sorted(names):
            return self
        order = [self.names.index(name) for name in names]
        columns = tuple(self.columns[position] for position in order)
        names, weights = tuple(names), self.weights[:, order]
        return type(self)(names, columns, weights, self.missing[:, order])

    def used(self, head: int) -> NDArray[Any]:
        """Return the labels of one head that are there and have a weight."""
        return _tidy(self.names[head], self.columns[head][self.weights[:, head] > 0])


@dataclass(frozen=True)
class Heads:
    """The heads of a classifier and the classes each of them tells apart.

    Attributes
    ----------
    names : tuple of str
        Name of each head.
    classes : tuple of ndarray
        Sorted class labels of each head.
    single_output : bool
        Whether the heads were read from a one-column y.
    """

    names: tuple[str, ...]
    classes: tuple[NDArray[Any], ...]
    single_output: bool

    @classmethod
    def from_labels(cls, labels: Labels) -> Self:
        """Read the classes off the labels.

        Raises
        ------
        HeadError
            If a head has no label at all or only one class.
        """
        classes = tuple(_find_classes(name, labels.used(i)) for i, name in enumerate(labels.names))
        return cls(labels.names, classes, labels.single_output)

    @classmethod
    def from_classes(cls, labels: Labels, classes: Any) -> Self:
        """Take the classes as given, missing labels among them left out.

        One array, or one array per head.

        Raises
        ------
        HeadError
            If the number of arrays is not the number of heads, or one mixes text and numbers.
        """
        listed = [classes] if labels.single_output else list(classes)
        if len(listed) != len(labels.names):
            raise HeadError(
                f"classes has {len(listed)} entries, expected one array of labels per head: "
                f"{list(labels.names)}."
            )
        # Left to itself, NumPy would turn NaN among text into the text "nan".
        given = [
            np.asarray(one, dtype=object if isinstance(one, list | tuple) else None)
            for one in listed
        ]
        found = tuple(
            np.unique(_tidy(name, one[~pd.isna(one)]))
            for name, one in zip(labels.names, given, strict=True)
        )
        return cls(labels.names, found, labels.single_output)

    def check_same(self, other: "Heads") -> None:
        """Raise if other classes are given than these.

        Raises
        ------
        HeadError
            If a head has other classes.
        """
        for name, known, given in zip(self.names, self.classes, other.classes, strict=True):
            if not np.array_equal(known, given):
                raise HeadError(
                    f"classes of head {name!r} are {given.tolist()}, expected {known.tolist()} as "
                    "at the first call. Leave classes out, or start with a new classifier."
                )

    def encode(self, labels: Labels) -> NDArray[np.int64]:
        """Return class codes of shape (n, n_heads), -1 where a label has no weight.

        Raises
        ------
        HeadError
            If y has another number of columns or a label that no class has.
        """
        if len(labels.columns) != len(self.names):
            raise HeadError(
                f"y has {len(labels.columns)} column(s), expected {len(self.names)}, "
                f"one per head: {list(self.names)}."
            )
        codes = np.full(labels.weights.shape, MISSING, dtype=np.int64)
        for head, classes in enumerate(self.classes):
            known = labels.used(head)
            unknown = ~np.isin(known, classes)
            if unknown.any():
                raise HeadError(
                    f"Head {self.names[head]!r} has label(s) "
                    f"{np.unique(known[unknown]).tolist()} that are not among its classes "
                    f"{classes.tolist()}. Fit on data that holds every class, or give partial_fit "
                    "all classes at its first call."
                )
            codes[labels.weights[:, head] > 0, head] = np.searchsorted(classes, known)
        return codes

    def decode(self, codes: NDArray[np.int64]) -> NDArray[Any]:
        """Return labels, (n,) for a single output, else (n, n_heads)."""
        columns = [classes[codes[:, head]] for head, classes in enumerate(self.classes)]
        if self.single_output:
            return columns[0]
        if len({column.dtype.kind for column in columns}) > 1:
            columns = [column.astype(object) for column in columns]
        return np.column_stack(columns)


def class_weights(
    class_weight: Any, heads: Heads, codes: NDArray[np.int64], weights: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the weight of each class of each head.

    Parameters
    ----------
    class_weight : None, "balanced", dict, or a sequence of these, one per head
    heads : Heads
    codes : ndarray of shape (n, n_heads) and dtype int64
    weights : ndarray of shape (n, n_heads) and dtype float64
        Sample weights, which "balanced" counts with.

    Raises
    ------
    HeadError
        If there is not one entry per head, an entry is none of the three, or weights are not
        finite, below 0, or all 0.
    """
    if class_weight is None or isinstance(class_weight, str | Mapping):
        class_weight = [class_weight] * len(heads.names)
    if len(class_weight) != len(heads.names):
        raise HeadError(
            f"class_weight has {len(class_weight)} entries, expected one per head: "
            f"{list(heads.names)}."
        )
    result = []
    for head, (chosen, classes) in enumerate(zip(class_weight, heads.classes, strict=True)):
        if not (chosen is None or isinstance(chosen, Mapping) or chosen == "balanced"):
            raise HeadError(
                f"class_weight of head {heads.names[head]!r} is {chosen!r}; "
                'expected None, "balanced" or a dict from class label to weight.'
            )
        present = codes[:, head] != MISSING
        if chosen == "balanced":
            count = np.bincount(
                codes[present, head], weights[present, head], minlength=len(classes)
            )
            # A class that partial_fit has not met yet has no share to balance.
            result.append(count.sum() / (len(classes) * np.where(count > 0, count, np.inf)))
        else:
            labels = classes[codes[present, head]]
            found = compute_class_weight(chosen, classes=classes, y=labels)
            _check_class_weights(heads.names[head], classes, found)
            result.append(found)
    return result


def _check_class_weights(name: str, classes: NDArray[Any], weights: NDArray[np.float64]) -> None:
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        raise HeadError(
            f"class_weight of head {name!r} is {weights[wrong][0]} for class "
            f"{classes[wrong].tolist()[0]!r}, expected a finite number of 0 or more. Correct it or "
            'take "balanced".'
        )
    if not weights.any():
        raise HeadError(
            f"class_weight of head {name!r} is 0 for every class of {classes.tolist()}, expected "
            "one above 0 at least. Leave the head out of y to train the others alone."
        )


def find_normal(head: object, classes: ArrayLike, wanted: Any = None) -> Any:
    """Return the class that means normal: the one wanted, else "normal", else 0.

    Raises
    ------
    NormalClassError
        If it is not among the classes.
    """
    listed = np.asarray(classes).tolist()
    for candidate in ("normal", 0) if wanted is None else (wanted,):
        if candidate in listed:
            return listed[listed.index(candidate)]
    asked = 'a class named "normal" or the class 0' if wanted is None else repr(wanted)
    raise NormalClassError(
        f"Head {head!r} has the classes {listed}, expected {asked} among them to mean normal. "
        "Say which one does by normal=CLASS; a decider also takes a pair: normal=(HEALTH, CYBER)."
    )


def share_right(true: Labels, predicted: Labels) -> float:
    """Return the subset accuracy of labels that have been read.

    Parameters
    ----------
    true, predicted : Labels
        Of the same rows and heads.

    Returns
    -------
    float
        Accuracy in [0, 1].

    Raises
    ------
    HeadError
        If the two do not have the same shape, or no row has a label.
    """
    if true.weights.shape != predicted.weights.shape:
        raise HeadError(
            f"y_true has shape {true.weights.shape} and y_pred {predicted.weights.shape} (rows, "
            "heads), expected the same shape."
        )
    right = np.column_stack(
        [_equal(a, b) for a, b in zip(true.columns, predicted.columns, strict=True)]
    )
    weight = true.weights.max(axis=1)
    if not weight.any():
        raise HeadError("y_true has no label in any row, expected at least one to score against.")
    return float(np.average((right | (true.weights == 0)).all(axis=1), weights=weight))


def _split_columns(y: Any) -> tuple[tuple[str, ...], tuple[NDArray[Any], ...]]:
    if hasattr(y, "get_columns"):  # polars
        y = pd.DataFrame(
            {column.name: pd.Series(column.to_list(), dtype=object) for column in y.get_columns()}
        )
    elif type(y).__module__.startswith("polars"):
        y = pd.Series(y.to_list(), name=y.name or None, dtype=object)
    elif isinstance(y, list | tuple):
        # Left to itself, NumPy would turn NaN among text into the text "nan".
        y = np.asarray(y, dtype=object)
    if isinstance(y, pd.DataFrame) and y.shape[1] > 0:
        columns = tuple(y.iloc[:, i].to_numpy(dtype=object) for i in range(y.shape[1]))
        return tuple(str(name) for name in y.columns), columns
    if isinstance(y, pd.Series) and y.name is not None:
        return (str(y.name),), (y.to_numpy(dtype=object),)
    if isinstance(y, pd.Series | pd.api.extensions.ExtensionArray):
        y = y.to_numpy(dtype=object)
    array = np.asarray(y)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise HeadError(
            "y should be a 1d array or have one column per head, got an array of shape "
            f"{array.shape} instead."
        )
    return tuple(f"head_{i}" for i in range(array.shape[1])), tuple(array.T)


def _read_weights(sample_weight: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if sample_weight is None:
        return np.ones(shape)
    if np.isscalar(sample_weight):
        sample_weight = np.full(shape[0], sample_weight)
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.ndim == 1:
        weights = weights[:, None]
    check_consistent_length(weights, np.empty(shape))
    if weights.shape[1:] not in {(1,), shape[1:]}:
        raise HeadError(
            f"sample_weight has shape {weights.shape}, expected ({shape[0]},) or one column per "
            f"head, {shape}."
        )
    if weights.min() < 0:
        raise ValueError(
            f"Negative values in data passed to `sample_weight`: the smallest is {weights.min()}, "
            "expected weights of zero or more."
        )
    if weights.max() == 0:
        raise ValueError(
            "Every sample_weight is zero, expected at least one row with a positive weight."
        )
    return np.broadcast_to(weights, shape)


def _find_classes(name: str, labels: NDArray[Any]) -> NDArray[Any]:
    classes = np.unique(labels)
    if len(classes) == 0:
        raise HeadError(
            f"Head {name!r} has no label in any row, expected labels of two or more classes. "
            "Leave the head out of y, or choose folds in which it has labels."
        )
    if len(classes) == 1:
        raise HeadError(
            f"Head {name!r} has one class only, {classes.tolist()[0]!r}, expected two or more "
            "classes. Leave the head out of y, or choose folds in which every class occurs."
        )
    return classes


def _tidy(name: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels without missing values in the narrowest dtype, checked to be classes."""
    if labels.dtype == object and len(labels):
        if len({isinstance(label, str) for label in labels}) > 1:
            raise HeadError(
                f"Head {name!r} mixes text and numbers among its labels, expected one of the two. "
                "Convert the column with astype(str)."
            )
        labels = np.asarray(labels.tolist())
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    if len(labels):
        check_classification_targets(labels)
    return labels


def _equal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    # As objects, text and numbers compare unequal instead of being an error.
    return np.asarray(a.astype(object) == b.astype(object), dtype=bool)
