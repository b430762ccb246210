"""Estimators -> JSON and arrays."""

import math
from collections import UserList
from collections.abc import Callable, Iterable, Mapping
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

_PLAIN = {bool, int, str}


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
        self._depth = 0
        self._methods: list[tuple[Any, Callable[[Any, str], Any]]] = [
            (NeuralNet, self._net),
            (BaseEstimator, self._estimator),
            (np.ndarray, self._array),
            (np.generic, self._scalar),
            (np.dtype, self._dtype),
            (float, self._float),
            (list, self._list),
            (tuple, self._tuple),
            (dict, self._dict),
            (slice, self._slice),
            (type, self._type),
            (type(pd.NA), self._missing),
            (pd.DataFrame, self._frame),
            (pd.Index, self._index),
            (np.random.RandomState, self._random_state),
            (UserList, self._columns_of_remainder),
            (object, self._callable),
        ]

    def encode(self, value: Any, where: str) -> Any:
        """Return the value as JSON has it.

        Parameters
        ----------
        value : object
            An estimator, or anything inside one.
        where : str
            Its place in the estimator, for messages and as the name of arrays.

        Returns
        -------
        object
            What `json.dumps` takes.

        Raises
        ------
        ModelFileError
            If the value is of a kind that cannot be saved.
        """
        if value is None or type(value) in _PLAIN:
            return value
        if self._depth == MAX_DEPTH:
            raise ModelFileError(
                f"{where[:80]}... is nested more than {MAX_DEPTH} deep, expected less; does it "
                "contain itself?"
            )
        self._depth += 1
        node = next(method for kind, method in self._methods if isinstance(value, kind))
        encoded = node(value, where)
        self._depth -= 1
        return encoded

    def _all(self, values: Iterable[Any], where: str) -> list[Any]:
        return [self.encode(one, f"{where}[{i}]") for i, one in enumerate(values)]

    def _named(self, values: Mapping[str, Any], where: str) -> Node:
        return {name: self.encode(one, f"{where}.{name}") for name, one in values.items()}

    def _float(self, value: float, where: str) -> Any:
        self._check_exact(value, float, where)
        return value if math.isfinite(value) else {"type": "constant", "name": str(value)}

    def _missing(self, value: Any, where: str) -> Node:
        return {"type": "constant", "name": "NA"}

    def _list(self, value: list[Any], where: str) -> list[Any]:
        self._check_exact(value, list, where)
        return self._all(value, where)

    def _tuple(self, value: tuple[Any, ...], where: str) -> Node:
        self._check_exact(value, tuple, where)
        return {"type": "tuple", "items": self._all(value, where)}

    def _dict(self, value: dict[Any, Any], where: str) -> Node:
        self._check_exact(value, dict, where)
        return {"type": "dict", "items": self._all([list(pair) for pair in value.items()], where)}

    def _slice(self, value: slice, where: str) -> Node:
        bounds = (value.start, value.stop, value.step)
        return {"type": "slice", "items": self._all(bounds, where)}

    def _estimator(self, estimator: BaseEstimator, where: str) -> Node:
        kind = type(estimator)
        name = kind.__name__
        if self._registry.estimators.get(name) is not kind:
            self._refuse(estimator, where)
        parameters = estimator.get_params(deep=False)
        self._registry.check_parameters(name, parameters, where)
        by_itself = vars(kind(**parameters))  # forests are made with more than their parameters
        fitted = {k: one for k, one in vars(estimator).items() if k not in by_itself}
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
            "parameters": self._named(parameters, where),
            "fitted": self._named(fitted, where),
        }
        if requests is not None:
            of_methods = {method: getattr(requests, method).requests for method in ROUTED_METHODS}
            node["requests"] = {method: dict(one) for method, one in of_methods.items() if one}
        return node

    def _array(self, array: NDArray[Any], where: str) -> Node:
        if type(array) is not np.memmap:
            self._check_exact(array, np.ndarray, where)
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
        return {"type": "objects", "shape": shape, "values": self._all(array.flat, where)}

    def _scalar(self, value: np.generic, where: str) -> Node:
        name = "str" if isinstance(value, np.str_) else value.dtype.name
        if name not in NUMBERS and name != "str":
            self._refuse(value, where)
        return {"type": "scalar", "dtype": name, "value": self.encode(value.item(), where)}

    def _dtype(self, value: np.dtype[Any], where: str) -> Node:
        if value.name not in NUMBERS and value.kind not in "OU":
            self._refuse(value, where)
        return {"type": "dtype", "name": value.name if value.name in NUMBERS else value.str}

    def _type(self, value: type, where: str) -> Node:
        name = next((name for name, known in TYPES.items() if known is value), None)
        if name is None:
            self._refuse(value, where)
        return {"type": "class", "name": name}

    def _callable(self, value: Any, where: str) -> Node:
        name = type(value).__name__
        if self._registry.selectors.get(name) is type(value):
            arguments = self._named(vars(value), where)
            return {"type": "selector", "class": name, "arguments": arguments}
        for name, function in self._registry.functions.items():
            if value is function:
                return {"type": "function", "name": name}
        return self._refuse(value, where)

    def _frame(self, frame: pd.DataFrame, where: str) -> Node:
        if not frame.index.equals(pd.RangeIndex(len(frame))):
            raise ModelFileError(
                f"{where} is a DataFrame with an index of its own, expected 0, 1, 2, ...: call "
                "reset_index() on it first."
            )
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        return {
            "type": "DataFrame",
            "names": self._all(frame.columns.tolist(), where),
            "columns": [
                self.encode(
                    column.to_numpy() if column.dtype.name in NUMBERS else column.tolist(),
                    f"{where}[{i}]",
                )
                for i, column in enumerate(columns)
            ],
        }

    def _index(self, value: pd.Index, where: str) -> Node:
        return {"type": "Index", "values": self._all(value.tolist(), where)}

    def _random_state(self, value: np.random.RandomState, where: str) -> Node:
        state: Any = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            self._refuse(value, where)
        self.arrays[where] = state["state"]["key"]
        return {
            "type": "RandomState",
            "name": where,
            "position": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": float(state["gauss"]),
        }

    def _columns_of_remainder(self, value: Any, where: str) -> Any:
        if not type(value).__module__.startswith("sklearn."):
            self._refuse(value, where)
        # scikit-learn 1.6 keeps them in a list that warns of becoming the plain list it is here.
        return self._all(value.data, where)

    def _net(self, net: NeuralNet, where: str) -> Node:
        settings, weights = read_net(net)
        places = {name: f"{where}.{name}" for name in weights}
        self.arrays.update({places[name]: array for name, array in weights.items()})
        return {
            "type": "net",
            "settings": self.encode(settings, where),
            "weights": places,
        }

    def _check_exact(self, value: Any, kind: type, where: str) -> None:
        """Refuse a subclass: it would come back as something else."""
        if type(value) is not kind:
            self._refuse(value, where)

    def _refuse(self, value: Any, where: str) -> Any:
        what = value if hasattr(value, "__qualname__") else type(value)
        raise ModelFileError(
            f"{where} is {what.__qualname__} of {what.__module__}, which cannot be saved without "
            f"code. Expected one of the estimators {', '.join(self._registry.estimators)}; the "
            f"column selectors {', '.join(self._registry.selectors)}; the function(s) "
            f"{', '.join(self._registry.functions)}; numbers, text, lists, tuples, dicts, slices, "
            "arrays, DataFrames or None. Replace it, of a search save its best_estimator_, or use "
            "joblib.dump or skops.io.dump."
        )
