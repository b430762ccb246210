"""JSON and arrays -> estimators."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator

from skdualcnn._model_kinds import (
    MAX_DEPTH,
    NUMBERS,
    ROUTED_METHODS,
    TYPES,
    Registry,
    check_text_size,
    is_fitted_attribute,
)
from skdualcnn.network._state import restore_net

Node = dict[str, Any]

_CONSTANTS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "NA": pd.NA}
_MERSENNE_WORDS = 624


class Decoder:
    """Turns a document back into an estimator.

    Whatever in the document is not as :class:`Encoder` writes it raises some exception;
    the caller makes it one error.

    Parameters
    ----------
    registry : Registry
        What the document may name.
    arrays : dict of str to ndarray
        Arrays of numbers; each must be used exactly once.
    device : str or None
        Torch device of the nets; None takes the classifier's own.
    """

    def __init__(
        self, registry: Registry, arrays: Mapping[str, NDArray[Any]], device: str | None
    ) -> None:
        self._registry = registry
        self._arrays = dict(arrays)
        self._wanted_device = device
        self._device = "cpu"
        self._text_bytes = 0
        self._depth = 0
        self._kinds: dict[str, Callable[[Node], Any]] = {
            "DataFrame": self._frame,
            "Index": lambda node: pd.Index(self._all(node["values"])),
            "RandomState": self._random_state,
            "array": lambda node: self._take(node["name"]),
            "class": lambda node: TYPES[node["name"]],
            "constant": lambda node: _CONSTANTS[node["name"]],
            "dict": lambda node: dict(self._all(node["items"])),
            "dtype": self._dtype,
            "estimator": self._estimator,
            "function": lambda node: self._registry.functions[node["name"]],
            "net": self._net,
            "objects": self._objects,
            "scalar": self._scalar,
            "selector": self._selector,
            "slice": lambda node: slice(*self._all(node["items"])),
            "text": self._text,
            "tuple": lambda node: tuple(self._all(node["items"])),
        }

    def decode_estimator(self, node: Any) -> BaseEstimator:
        """Return the estimator that the whole document describes."""
        estimator = self.decode(node)
        if not isinstance(estimator, BaseEstimator):
            raise TypeError(f"a {type(estimator).__name__} instead of an estimator")
        if self._arrays:
            raise ValueError(f"arrays that belong nowhere: {sorted(self._arrays)}")
        return estimator

    def decode(self, node: Any) -> Any:
        """Return the value of a node."""
        if not isinstance(node, list | dict):
            return node
        if self._depth == MAX_DEPTH:
            raise ValueError(f"values nested more than {MAX_DEPTH} deep")
        self._depth += 1
        value = self._all(node) if isinstance(node, list) else self._kinds[node["type"]](node)
        self._depth -= 1
        return value

    def _all(self, nodes: list[Any]) -> list[Any]:
        if not isinstance(nodes, list):
            raise TypeError(f"a {type(nodes).__name__} instead of a list")
        return [self.decode(node) for node in nodes]

    def _named(self, nodes: Node) -> dict[str, Any]:
        return {name: self.decode(node) for name, node in nodes.items()}

    def _take(self, name: str) -> NDArray[Any]:
        # Taken out: an array named a thousand times would be copied a thousand times.
        return np.array(self._arrays.pop(name))

    def _estimator(self, node: Node) -> BaseEstimator:
        name = node["class"]
        kind = self._registry.estimators[name]
        parameters = self._named(node["parameters"])
        self._registry.check_parameters(name, parameters, name)
        if "device" in parameters:
            parameters["device"] = self._device = self._wanted_device or parameters["device"]
        estimator: BaseEstimator = kind(**parameters)
        fitted = self._named(node["fitted"])
        for attribute in fitted:
            if not is_fitted_attribute(kind, attribute):
                raise ValueError(f"{attribute!r} as a fitted attribute of {name}")
        vars(estimator).update(fitted)
        with config_context(enable_metadata_routing=True):
            for method, requests in node.get("requests", {}).items():
                if method not in ROUTED_METHODS:
                    raise ValueError(f"metadata requests of {method!r}")
                getattr(estimator, f"set_{method}_request")(**requests)
        return estimator

    def _net(self, node: Node) -> Any:
        weights = {name: self._take(place) for name, place in node["weights"].items()}
        settings = self.decode(node["settings"])
        return restore_net(settings, weights, device=self._device)

    def _selector(self, node: Node) -> Any:
        arguments = self._named(node["arguments"])
        return self._registry.selectors[node["class"]](**arguments)

    def _frame(self, node: Node) -> pd.DataFrame:
        columns = self._all(node["columns"])
        if not all(isinstance(column, list | np.ndarray) for column in columns):
            raise TypeError("a DataFrame whose columns are neither lists nor arrays")
        frame = pd.DataFrame(dict(enumerate(columns)))
        if columns:
            frame.columns = pd.Index(self._all(node["names"]))
        return frame

    def _objects(self, node: Node) -> NDArray[np.object_]:
        values = self._all(node["values"])
        array = np.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            array[i] = value
        return array.reshape(node["shape"])

    def _text(self, node: Node) -> NDArray[np.str_]:
        values, width = node["values"], node["width"]
        if not all(isinstance(one, str) and len(one) <= width for one in values):
            raise TypeError(f"values that are not text of at most {width} characters")
        self._text_bytes += check_text_size(self._text_bytes, len(values), width)
        return np.array(values, dtype=f"<U{width}").reshape(node["shape"])

    def _scalar(self, node: Node) -> np.generic:
        value = self.decode(node["value"])
        if node["dtype"] == "str" and isinstance(value, str):
            return np.str_(value)
        if not isinstance(value, bool | int | float):
            raise TypeError(f"a {type(value).__name__} as a number")
        number: np.generic = NUMBERS[node["dtype"]].type(value)
        return number

    def _dtype(self, node: Node) -> np.dtype[Any]:
        name = node["name"]
        if name not in NUMBERS and not re.fullmatch(r"\|O|[<>]U\d{1,6}", name, re.ASCII):
            raise ValueError(f"{name!r} as a dtype")
        return np.dtype(name)

    def _random_state(self, node: Node) -> np.random.RandomState:
        keys, position = self._take(node["name"]), node["position"]
        # NumPy reads beyond the keys, whatever is there, if the position says so.
        if keys.shape != (_MERSENNE_WORDS,) or not 0 <= position <= _MERSENNE_WORDS:
            raise ValueError(f"a random state of {keys.shape} words at position {position}")
        state = np.random.RandomState(0)
        state.set_state(("MT19937", keys, position, node["has_gauss"], node["gauss"]))
        return state
