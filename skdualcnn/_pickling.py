"""What pickle, joblib, skops and deepcopy see of an estimator with nets."""

import warnings
from typing import Any

import pandas as pd
from skorch import NeuralNet

from skdualcnn.exceptions import DeviceError
from skdualcnn.network._state import read_net, read_optimizer, restore_net, restore_optimizer


class PlainState:
    """Base class whose nets and history are handed on as lists, dicts and arrays.

    A net of skorch pickles as some forty classes of skorch and torch, which skops does
    not know and whose next versions may not read it. Plain data has neither problem.
    For a subclass with the parameters `callbacks` and `device`, and the fitted
    attributes `nets_` and `history_`.
    """

    def __getstate__(self) -> dict[str, Any]:
        # A mixin: BaseEstimator, next in line, defines both.
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        if "nets_" in state:
            state["nets_"] = [_take_apart(net) for net in state["nets_"]]
            state["history_"] = state["history_"].to_dict("list")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "nets_" in state:
            state["history_"] = pd.DataFrame(state["history_"])
            state["nets_"] = [
                _put_together(net, state["device"], state["callbacks"]) for net in state["nets_"]
            ]
        # As above: BaseEstimator, next in line, defines it.
        super().__setstate__(state)  # type: ignore[misc]


def _take_apart(net: NeuralNet) -> dict[str, Any]:
    settings, weights = read_net(net)
    return {"settings": settings, "weights": weights, "optimizer": read_optimizer(net)}


def _put_together(parts: dict[str, Any], device: str, callbacks: Any) -> NeuralNet:
    settings, weights = parts["settings"], parts["weights"]
    try:
        net = restore_net(settings, weights, device=device, callbacks=callbacks)
    except DeviceError as error:
        warnings.warn(f"{error} The net is on the CPU now.", stacklevel=2)
        net = restore_net(settings, weights, device="cpu", callbacks=callbacks)
    restore_optimizer(net, parts["optimizer"])
    return net
