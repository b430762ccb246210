"""Estimators -> JSON and arrays."""

import math
from collections import UserList
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from skorch import NeuralNet

from skdualcnn._model_kinds import (
    MAX_DEPTH,
    NUMBERS,
    ROUTED_METHODS,
    TYPES,
    Registry,
    check_text_size,
    is_fitted_attribute,
)
from skdualcnn.exceptions import ModelFileError
from skdualcnn.network._state import read_net

Node = dict[str, Any]


class Encoder:
    """Turns an estimator into a document, and collects its arrays.

    Parameters
    ----------
    registry : Registry
        What may be saved.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays of numbers, by the place they belong to.
    """

    def __init__(self, registry: Registry) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._registry = registry
        self._text_bytes = 0
        plain = lambda value, where, depth: value  # noqa: E731
        self._builtins: dict[type, Callable[[Any, str, int], Any]] = {
            type(None): plain,
            bool: plain,
            int: plain,
            str: plain,
            float: self._float,
            list: self._all,
            tuple: lambda value, *at: {"type": "tuple", "items": self._all(value, *at)},
            dict: lambda value, *at: {"type": "dict", "items": self._all(value.items(), *at)},
            slice: self._slice,
            np.str_: lambda value, *at: {"type": "scalar", "dtype": "str", "value": str(value)},
            type(pd.NA): lambda value, *at: {"type": "NA"},
        }
        self._families: list[tuple[type, Callable[[Any, str, int], Node]]] = [
            (NeuralNet, self._net),
            (BaseEstimator, self._estimator),
            (np.ndarray, self._array),
            (np.generic, self._scalar),
            (np.dtype, self._dtype),
            (type, self._type),
            (pd.DataFrame, self._frame),
            (pd.Index, self._index),
            (np.random.RandomState, self._random_state),
            (UserList, self._columns_of_remainder),
            (Callable, self._callable),  # type: ignore[list-item]
        ]

    def encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return the value as JSON has it.

        Parameters
        ----------
        value : object
            An estimator, or anything inside one.
        where : str
            Its place in the estimator, for messages and as the name of arrays.
        depth : int, default=0
            How many values it lies in.

        Returns
        -------
        object
            What `json.dumps` takes.

        Raises
        ------
        ModelFileError
            If the value is of a kind that cannot be saved.
        """
        if depth > MAX_DEPTH:
            raise ModelFileError(
                f"{where[:80]}... is nested more than {MAX_DEPTH} deep, expected less; does it "
                "contain itself?"
            )
        method = self._builtins.get(type(value)) or next(
            (method for family, method in self._families if isinstance(value, family)),
            self._refuse,
        )
        return method(value, where, depth)

    def _all(self, values: Any, where: str, depth: int) -> list[Any]:
        return [
            self.encode(list(one) if _is_item(values) else one, f"{where}[{i}]", depth + 1)
            for i, one in enumerate(values)
        ]

    def _named(self, values: Mapping[str, Any], where: str, depth: int) -> Node:
        return {k: self.encode(one, f"{where}.{k}", depth + 1) for k, one in values.items()}

    def _float(self, value: float, where: str, depth: int) -> Any:
        return value if math.isfinite(value) else {"type": "float", "value": str(value)}

    def _slice(self, value: slice, where: str, depth: int) -> Node:
        return {
            "type": "slice",
            "items": self._all((value.start, value.stop, value.step), where, depth),
        }

    def _estimator(self, estimator: BaseEstimator, where: str, depth: int) -> Node:
        kind = type(estimator)
        name = kind.__name__
        if self._registry.estimators.get(name) is not kind:
            self._refuse(estimator, where, depth)
        parameters = estimator.get_params(deep=False)
        self._registry.check_parameters(name, parameters, where)
        fitted = {k: one for k, one in vars(estimator).items() if k not in parameters}
        requests = fitted.pop("_metadata_request", None)
        for attribute in fitted:
            if not is_fitted_attribute(kind, attribute):
                raise ModelFileError(
                    f"{where}.{attribute} is neither a parameter of {name} nor a fitted attribute, "
                    f'whose name ends with "_". Remove it first: del estimator.{attribute}.'
                )
        node = {
            "type": "estimator",
            "class": name,
            "parameters": self._named(parameters, where, depth),
            "fitted": self._named(fitted, where, depth),
        }
        if requests is not None:
            of_methods = {method: getattr(requests, method).requests for method in ROUTED_METHODS}
            node["requests"] = {method: dict(one) for method, one in of_methods.items() if one}
        return node

    def _array(self, array: NDArray[Any], where: str, depth: int) -> Node:
        if type(array) not in {np.ndarray, np.memmap}:
            self._refuse(array, where, depth)
        name, shape = array.dtype.name, list(array.shape)
        if name in NUMBERS:
            self.arrays[where] = array.astype(NUMBERS[name])  # in this machine's byte order
            return {"type": "array", "name": where}
        if array.dtype.kind == "U":
            width = array.dtype.itemsize // 4
            self._text_bytes += check_text_size(self._text_bytes, array.size, width)
            values = array.ravel().tolist()
            return {"type": "text", "width": width, "shape": shape, "values": values}
        if array.dtype.kind != "O":
            raise ModelFileError(
                f"{where} is an array of dtype {array.dtype}, expected booleans, numbers or text. "
                "Convert it before fitting, for example dates to seconds since the start."
            )
        return {"type": "objects", "shape": shape, "values": self._all(array.flat, where, depth)}

    def _scalar(self, value: np.generic, where: str, depth: int) -> Node:
        if value.dtype.name not in NUMBERS:
            self._refuse(value, where, depth)
        plain = self.encode(value.item(), where, depth)
        return {"type": "scalar", "dtype": value.dtype.name, "value": plain}

    def _dtype(self, value: np.dtype[Any], where: str, depth: int) -> Node:
        if value.name not in NUMBERS and value.kind not in "OU":
            self._refuse(value, where, depth)
        return {"type": "dtype", "name": value.name if value.name in NUMBERS else value.str}

    def _type(self, value: type, where: str, depth: int) -> Node:
        name = next((name for name, known in TYPES.items() if known is value), None)
        if name is None:
            self._refuse(value, where, depth)
        return {"type": "class", "name": name}

    def _callable(self, value: Any, where: str, depth: int) -> Node:
        name = type(value).__name__
        if self._registry.selectors.get(name) is type(value):
            arguments = self._named(vars(value), where, depth)
            return {"type": "selector", "class": name, "arguments": arguments}
        for name, function in self._registry.functions.items():
            if value is function:
                return {"type": "function", "name": name}
        return self._refuse(value, where, depth)

    def _frame(self, frame: pd.DataFrame, where: str, depth: int) -> Node:
        if not frame.index.equals(pd.RangeIndex(len(frame))):
            raise ModelFileError(
                f"{where} is a DataFrame with an index of its own, expected 0, 1, 2, ...: call "
                "reset_index() on it first."
            )
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        return {
            "type": "DataFrame",
            "names": self._all(frame.columns.tolist(), where, depth),
            "columns": [
                self.encode(
                    column.to_numpy() if column.dtype.name in NUMBERS else column.tolist(),
                    f"{where}[{i}]",
                    depth + 1,
                )
                for i, column in enumerate(columns)
            ],
        }

    def _index(self, value: pd.Index, where: str, depth: int) -> Node:
        return {"type": "Index", "values": self._all(value.tolist(), where, depth)}

    def _random_state(self, value: np.random.RandomState, where: str, depth: int) -> Node:
        state: Any = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            self._refuse(value, where, depth)
        self.arrays[where] = state["state"]["key"]
        return {
            "type": "RandomState",
            "name": where,
            "position": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": float(state["gauss"]),
        }

    def _columns_of_remainder(self, value: Any, where: str, depth: int) -> Any:
        if not type(value).__module__.startswith("sklearn."):
            self._refuse(value, where, depth)
        # scikit-learn 1.6 keeps them in a list that warns of becoming the plain list it is here.
        return self._all(value.data, where, depth)

    def _net(self, net: NeuralNet, where: str, depth: int) -> Node:
        settings, weights = read_net(net)
        places = {name: f"{where}.{name}" for name in weights}
        self.arrays.update({places[name]: array for name, array in weights.items()})
        return {
            "type": "net",
            "settings": self.encode(settings, where, depth + 1),
            "weights": places,
        }

    def _refuse(self, value: Any, where: str, depth: int) -> Any:
        what = value if hasattr(value, "__qualname__") else type(value)
        raise ModelFileError(
            f"{where} is {what.__qualname__} of {what.__module__}, which cannot be saved without "
            f"code. Expected one of the estimators {', '.join(self._registry.estimators)}; the "
            f"column selectors {', '.join(self._registry.selectors)}; the function(s) "
            f"{', '.join(self._registry.functions)}; numbers, text, lists, tuples, dicts, slices, "
            "arrays, DataFrames or None. Replace it, or use joblib.dump or skops.io.dump."
        )


def _is_item(values: Any) -> bool:
    """Return whether the values are the pairs of a dict."""
    return isinstance(values, type({}.items()))
