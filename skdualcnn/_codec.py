"""Estimators and values <-> JSON, by a closed list of kinds.

What JSON has stands for itself. Everything else is an object with a "type", from the
list below; arrays of numbers stand beside the document, under the name of the place
they belong to. Classes and functions are looked up in a :class:`Registry`: nothing
that a document names is imported or called unless it is there.
"""

import math
import re
from collections import UserList
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator

from skdualcnn.exceptions import ModelFileError
from skdualcnn.network._state import is_net, read_net, restore_net

MAX_DEPTH = 100
# An array of text is stored as its values and read into cells of the longest one.
MAX_TEXT_BYTES = 2**28

_NUMBERS = {
    np.dtype(name).name: np.dtype(name)
    for name in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
    "float16 float32 float64".split()
}
_CLASSES: dict[str, Any] = {
    **{one.__name__: one for one in (bool, int, float, str, object)},
    **{f"numpy.{name}": dtype.type for name, dtype in _NUMBERS.items()},
    **{f"numpy.{one.__name__}": one for one in (np.number, np.integer, np.floating, np.object_)},
}
_MERSENNE_WORDS = 624
_ROUTED_METHODS = (
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
    """What a document may name.

    Attributes
    ----------
    estimators : dict of str to class
        Estimators, stored as their parameters and their fitted attributes.
    selectors : dict of str to class
        Column selectors, stored as their constructor's arguments.
    functions : dict of str to callable
        Functions, stored as their names.
    empty : dict of (str, str) to str
        Parameters, by class and name, that must be None or empty, and why.
    """

    estimators: Mapping[str, Any]
    selectors: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    empty: Mapping[tuple[str, str], str]

    def check_parameters(self, name: str, parameters: Mapping[str, Any], where: str) -> None:
        """Refuse a parameter that must be empty and is not."""
        for (owner, parameter), reason in self.empty.items():
            if owner == name and parameters.get(parameter):
                raise ModelFileError(
                    f"{where}.{parameter} is {parameters[parameter]!r:.80}, expected None: "
                    f"{reason} Set it to None with set_params({parameter}=None) first."
                )


class Encoder:
    """Turns an estimator into a document, and collects its arrays.

    Parameters
    ----------
    registry : Registry

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays of numbers, by the place they belong to.
    """

    def __init__(self, registry: Registry) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._registry = registry
        self._classes = {
            kind: name for group in (registry.estimators, _CLASSES) for name, kind in group.items()
        }
        self._functions = {function: name for name, function in registry.functions.items()}
        self._text_bytes = 0

    def encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return the value as JSON has it; `where` is its place, for arrays and messages."""
        if depth > MAX_DEPTH:
            raise ModelFileError(
                f"{where[:80]}... is nested more than {MAX_DEPTH} deep, expected less; does it "
                "contain itself?"
            )
        if value is None or type(value) in {bool, int, str}:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"type": "float", "value": str(value)}
        if type(value) is list:
            return self._all(value, where, depth)
        if isinstance(value, BaseEstimator):
            return self._estimator(value, where, depth)
        if isinstance(value, np.ndarray):
            return self._array(value, where, depth)
        return {"type": type(value).__name__, **self._other(value, where, depth)}

    def _all(self, values: Any, where: str, depth: int) -> list[Any]:
        return [self.encode(one, f"{where}[{i}]", depth + 1) for i, one in enumerate(values)]

    def _named(self, values: Mapping[str, Any], where: str, depth: int) -> dict[str, Any]:
        return {k: self.encode(one, f"{where}.{k}", depth + 1) for k, one in values.items()}

    def _estimator(self, estimator: BaseEstimator, where: str, depth: int) -> dict[str, Any]:
        kind = type(estimator)
        name = self._classes.get(kind)
        if name is None:
            raise self._unsupported(estimator, where)
        parameters = estimator.get_params(deep=False)
        self._registry.check_parameters(name, parameters, where)
        fitted = {k: one for k, one in vars(estimator).items() if k not in parameters}
        request = fitted.pop("_metadata_request", None)
        for attribute in fitted:
            if not is_fitted_attribute(kind, attribute):
                raise ModelFileError(
                    f"{where}.{attribute} is neither a parameter of {name} nor a fitted attribute, "
                    f'whose name ends with "_". Remove it: del estimator.{attribute}.'
                )
        node = {
            "type": "estimator",
            "class": name,
            "parameters": self._named(parameters, where, depth),
            "fitted": self._named(fitted, where, depth),
        }
        if request is not None:
            node["requests"] = {
                method: dict(getattr(request, method).requests)
                for method in _ROUTED_METHODS
                if getattr(request, method).requests
            }
        return node

    def _array(self, array: NDArray[Any], where: str, depth: int) -> dict[str, Any]:
        shape = list(array.shape)
        kind = array.dtype.newbyteorder("=").name
        if type(array) not in {np.ndarray, np.memmap}:
            raise self._unsupported(array, where)
        if kind in _NUMBERS:
            self.arrays[where] = array.astype(_NUMBERS[kind])
            return {"type": "array", "name": where}
        if array.dtype.kind == "U":
            width = array.dtype.itemsize // 4
            self._text_bytes += check_text_size(self._text_bytes, array.size, width)
            values = array.ravel().tolist()
            return {"type": "text", "width": width, "shape": shape, "values": values}
        if array.dtype == object:
            values = self._all(array.ravel(), where, depth)
            return {"type": "objects", "shape": shape, "values": values}
        raise ModelFileError(
            f"{where} is an array of dtype {array.dtype}, expected booleans, numbers or text. "
            "Convert it before fitting, for example dates to seconds since the start."
        )

    def _other(self, value: Any, where: str, depth: int) -> dict[str, Any]:
        """Return the node of one of the kinds that are told by their class."""
        if type(value) is tuple:
            return {"items": self._all(value, where, depth)}
        if type(value) is dict:
            items = [self._all(item, where, depth) for item in value.items()]
            return {"items": items}
        if type(value) is slice:
            return {"items": self._all((value.start, value.stop, value.step), where, depth)}
        if isinstance(value, np.str_):
            return {"type": "scalar", "dtype": "str", "value": str(value)}
        if isinstance(value, np.generic) and value.dtype.name in _NUMBERS:
            plain = self.encode(value.item(), where, depth)
            return {"type": "scalar", "dtype": value.dtype.name, "value": plain}
        if isinstance(value, np.dtype) and (value.name in _NUMBERS or value.kind in "OU"):
            return {"type": "dtype", "name": value.name if value.name in _NUMBERS else value.str}
        if isinstance(value, type) and value in self._classes:
            return {"type": "class", "name": self._classes[value]}
        if callable(value) and not isinstance(value, type):
            return self._callable(value, where, depth)
        if isinstance(value, np.random.RandomState):
            return self._random_state(value, where)
        if value is pd.NA:
            return {"type": "NA"}
        if isinstance(value, pd.DataFrame):
            return self._frame(value, where, depth)
        if isinstance(value, pd.Index) and value.nlevels == 1:
            return {"type": "Index", "values": self._all(value.tolist(), where, depth)}
        if is_net(value):
            return self._net(value, where, depth)
        if isinstance(value, UserList) and type(value).__module__.startswith("sklearn."):
            # Columns of the remainder, in a list that warns: a list is what they become.
            return {"type": "list", "items": self._all(value.data, where, depth)}
        raise self._unsupported(value, where)

    def _callable(self, value: Any, where: str, depth: int) -> dict[str, Any]:
        name = type(value).__name__
        if self._registry.selectors.get(name) is type(value):
            return {
                "type": "selector",
                "class": name,
                "arguments": self._named(vars(value), where, depth),
            }
        if getattr(value, "__hash__", None) is None or value not in self._functions:
            raise self._unsupported(value, where)
        return {"type": "function", "name": self._functions[value]}

    def _random_state(self, value: np.random.RandomState, where: str) -> dict[str, Any]:
        state: Any = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise self._unsupported(value, where)
        self.arrays[where] = state["state"]["key"]
        return {
            "name": where,
            "position": int(state["state"]["pos"]),
            "has_gauss": int(state["has_gauss"]),
            "gauss": float(state["gauss"]),
        }

    def _frame(self, frame: pd.DataFrame, where: str, depth: int) -> dict[str, Any]:
        if not frame.index.equals(pd.RangeIndex(len(frame))):
            raise ModelFileError(
                f"{where} is a DataFrame with an index of its own, expected 0, 1, 2, ...: call "
                "reset_index() on it first."
            )
        columns = []
        for i in range(frame.shape[1]):
            values = frame.iloc[:, i]
            numbers = isinstance(values.dtype, np.dtype) and values.dtype.name in _NUMBERS
            content = values.to_numpy() if numbers else values.tolist()
            columns.append(self.encode(content, f"{where}[{i}]", depth + 1))
        return {"names": self._all(frame.columns.tolist(), where, depth), "columns": columns}

    def _net(self, net: Any, where: str, depth: int) -> dict[str, Any]:
        settings, weights = read_net(net)
        names = {name: f"{where}.{name}" for name in weights}
        self.arrays.update({names[name]: array for name, array in weights.items()})
        return {
            "type": "net",
            "device": str(net.device),
            "settings": self.encode(settings, where, depth + 1),
            "weights": names,
        }

    def _unsupported(self, value: Any, where: str) -> ModelFileError:
        kind = type(value)
        what = getattr(value, "__qualname__", None) or kind.__qualname__
        return ModelFileError(
            f"{where} is {what} of {getattr(value, '__module__', None) or kind.__module__}, which "
            "cannot be saved without code. Expected one of the estimators "
            f"{', '.join(self._registry.estimators)}; the column selectors "
            f"{', '.join(self._registry.selectors)}; the function(s) "
            f"{', '.join(self._registry.functions)}; numbers, text, lists, tuples, dicts, slices, "
            "arrays, DataFrames or None. Replace it, or use joblib.dump or skops.io.dump."
        )


class Decoder:
    """Turns a document back into an estimator.

    Parameters
    ----------
    registry : Registry
    arrays : dict of str to ndarray
        Arrays of numbers; each must be used exactly once.
    device : str or None
        Torch device of the nets; None takes that of the classifier.
    """

    def __init__(
        self, registry: Registry, arrays: Mapping[str, NDArray[Any]], device: str | None
    ) -> None:
        self._registry = registry
        self._arrays = dict(arrays)
        self._device = device
        self._text_bytes = 0
        self._kinds: dict[str, Callable[[dict[str, Any], int], Any]] = {
            "NA": lambda node, depth: pd.NA,
            "DataFrame": self._frame,
            "Index": lambda node, depth: pd.Index(self._all(node["values"], depth)),
            "RandomState": self._random_state,
            "array": lambda node, depth: self._take(node["name"]),
            "class": lambda node, depth: _CLASSES[node["name"]],
            "dict": lambda node, depth: dict(self._all(node["items"], depth)),
            "dtype": self._dtype,
            "estimator": self._estimator,
            "float": lambda node, depth: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[
                node["value"]
            ],
            "function": lambda node, depth: self._registry.functions[node["name"]],
            "list": lambda node, depth: self._all(node["items"], depth),
            "net": self._net,
            "objects": self._objects,
            "scalar": self._scalar,
            "selector": self._selector,
            "slice": lambda node, depth: slice(*self._all(node["items"], depth)),
            "text": self._text,
            "tuple": lambda node, depth: tuple(self._all(node["items"], depth)),
        }

    def decode_estimator(self, node: Any) -> BaseEstimator:
        """Return the estimator of a whole document."""
        estimator = self.decode(node)
        if not isinstance(estimator, BaseEstimator) or self._arrays:
            raise ValueError(
                f"a {type(estimator).__name__} and the unused arrays {sorted(self._arrays)}"
            )
        return estimator

    def decode(self, node: Any, depth: int = 0) -> Any:
        """Return the value of a node."""
        if depth > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")
        if isinstance(node, list):
            return self._all(node, depth)
        if isinstance(node, dict):
            return self._kinds[node["type"]](node, depth)
        return node

    def _all(self, nodes: Any, depth: int) -> list[Any]:
        if not isinstance(nodes, list):
            raise TypeError(f"a {type(nodes).__name__} instead of a list")
        return [self.decode(node, depth + 1) for node in nodes]

    def _named(self, nodes: Any, depth: int) -> dict[str, Any]:
        return {name: self.decode(node, depth + 1) for name, node in nodes.items()}

    def _take(self, name: str) -> NDArray[Any]:
        return np.array(self._arrays.pop(name))

    def _estimator(self, node: dict[str, Any], depth: int) -> BaseEstimator:
        name = node["class"]
        kind = self._registry.estimators[name]
        parameters = self._named(node["parameters"], depth)
        self._registry.check_parameters(name, parameters, name)
        if self._device is not None and "device" in parameters:
            parameters["device"] = self._device
        estimator: BaseEstimator = kind(**parameters)
        fitted = self._named(node["fitted"], depth)
        for attribute in fitted:
            if not is_fitted_attribute(kind, attribute):
                raise ValueError(f"{attribute!r} as a fitted attribute of {name}")
        vars(estimator).update(fitted)
        with config_context(enable_metadata_routing=True):
            for method, requests in node.get("requests", {}).items():
                if method not in _ROUTED_METHODS:
                    raise ValueError(f"metadata requests of {method!r}")
                getattr(estimator, f"set_{method}_request")(**requests)
        return estimator

    def _net(self, node: dict[str, Any], depth: int) -> Any:
        weights = {name: self._take(place) for name, place in node["weights"].items()}
        settings = self.decode(node["settings"], depth + 1)
        return restore_net(settings, weights, device=self._device or node["device"])

    def _selector(self, node: dict[str, Any], depth: int) -> Any:
        arguments = self._named(node["arguments"], depth)
        return self._registry.selectors[node["class"]](**arguments)

    def _frame(self, node: dict[str, Any], depth: int) -> pd.DataFrame:
        columns = self._all(node["columns"], depth)
        names = self._all(node["names"], depth)
        if not all(isinstance(column, list | np.ndarray) for column in columns):
            raise TypeError("a DataFrame whose columns are not lists or arrays")
        frame = pd.DataFrame(dict(enumerate(columns)))
        if names:
            frame.columns = pd.Index(names)
        return frame

    def _objects(self, node: dict[str, Any], depth: int) -> NDArray[np.object_]:
        values = self._all(node["values"], depth)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array.reshape(node["shape"])

    def _text(self, node: dict[str, Any], depth: int) -> NDArray[np.str_]:
        values, width = node["values"], node["width"]
        if not all(isinstance(one, str) and len(one) <= width for one in values):
            raise TypeError(f"text that is not at most {width} characters long")
        self._text_bytes += check_text_size(self._text_bytes, len(values), width)
        return np.array(values, dtype=f"<U{width}").reshape(node["shape"])

    def _scalar(self, node: dict[str, Any], depth: int) -> np.generic:
        value = self.decode(node["value"], depth + 1)
        if node["dtype"] == "str" and isinstance(value, str):
            return np.str_(value)
        if not isinstance(value, bool | int | float):
            raise TypeError(f"a {type(value).__name__} as a {node['dtype']}")
        scalar: np.generic = _NUMBERS[node["dtype"]].type(value)
        return scalar

    def _dtype(self, node: dict[str, Any], depth: int) -> np.dtype[Any]:
        name = node["name"]
        if name in _NUMBERS:
            return _NUMBERS[name]
        if re.fullmatch(r"\|O|[<>]U\d{1,6}", name, re.ASCII) is None:
            raise ValueError(f"{name!r} as a dtype")
        return np.dtype(name)

    def _random_state(self, node: dict[str, Any], depth: int) -> np.random.RandomState:
        keys, position = self._take(node["name"]), node["position"]
        # NumPy itself does not check that the position lies within the keys.
        if keys.shape != (_MERSENNE_WORDS,) or not 0 <= position <= _MERSENNE_WORDS:
            raise ValueError(f"a random state of {keys.shape} words at position {position}")
        state = np.random.RandomState(0)
        gauss = self.decode(node["gauss"], depth + 1)
        state.set_state(("MT19937", keys, position, node["has_gauss"], gauss))
        return state


def is_fitted_attribute(kind: type, name: str) -> bool:
    """Return whether an estimator may keep something it learned under this name."""
    return _FITTED_NAME.fullmatch(name) is not None and not hasattr(kind, name)


def check_text_size(before: int, count: int, width: int) -> int:
    """Return the bytes that an array of text takes, if with those before it is not too much."""
    taken = count * width * 4
    if not 0 <= taken <= MAX_TEXT_BYTES - before:
        raise ModelFileError(
            f"The arrays of text take {before + taken} bytes, expected at most {MAX_TEXT_BYTES}. "
            "Use shorter class labels and category names, or dtype=object."
        )
    return taken
