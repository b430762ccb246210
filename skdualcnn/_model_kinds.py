"""What the document of a saved model may name: a closed list.

What JSON has stands for itself. Everything else is an object with a "type"; arrays of
numbers stand beside the document, under the name of the place they belong to. Classes
and functions are looked up here and in a :class:`Registry`: nothing that a document
names is imported or called unless it is there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skdualcnn.exceptions import ModelFileError

MAX_DEPTH = 100
# An array of text is stored as its values and read into cells of the longest one.
MAX_TEXT_BYTES = 2**28

NUMBERS: dict[str, np.dtype[Any]] = {
    np.dtype(name).name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64"),
    )
}
TYPES: dict[str, Any] = {
    **{one.__name__: one for one in (bool, int, float, str, object)},
    **{f"numpy.{name}": dtype.type for name, dtype in NUMBERS.items()},
    **{f"numpy.{one.__name__}": one for one in (np.number, np.integer, np.floating, np.object_)},
}
ROUTED_METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "transform",
    "inverse_transform",
)
_FITTED_NAME = re.compile(r"[A-Za-z]\w*_|_[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True)
class Registry:
    """Classes and functions that a document may name.

    Attributes
    ----------
    estimators : dict of str to class
        Stored as their parameters and their fitted attributes.
    selectors : dict of str to class
        Column selectors, and what a drift monitor remembers of a column, stored as their
        constructor's arguments.
    functions : dict of str to callable
        Stored as their names.
    empty : dict of (str, str) to str
        Parameters, by class and name, that must be None or empty, and why.
    """

    estimators: Mapping[str, type]
    selectors: Mapping[str, type]
    functions: Mapping[str, Callable[..., Any]]
    empty: Mapping[tuple[str, str], str]

    def check_parameters(self, name: str, parameters: Mapping[str, Any], where: str) -> None:
        """Refuse a parameter that must be empty and is not."""
        for (owner, parameter), reason in self.empty.items():
            value = parameters.get(parameter)
            if owner == name and value is not None and value != []:
                raise ModelFileError(
                    f"{where}.{parameter} is {value!r:.80}, expected None: {reason} "
                    f"Call set_params({parameter}=None) on the {name} first."
                )


def is_fitted_attribute(kind: type, name: str) -> bool:
    """Return whether an estimator may keep something it learned under this name."""
    return _FITTED_NAME.fullmatch(name) is not None and not hasattr(kind, name)


def check_text_size(before: int, count: int, width: int) -> int:
    """Return the bytes that an array of text takes, if with those before it is not too much."""
    taken = max(count, 1) * width * 4
    if not 0 <= taken <= MAX_TEXT_BYTES - before:
        raise ModelFileError(
            f"The arrays of text take {before + taken} bytes, expected at most {MAX_TEXT_BYTES}. "
            "Use shorter class labels and category names, or dtype=object."
        )
    return taken
