"""A trained net as plain settings and NumPy arrays, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.history import History

from skdualcnn.network._dual_path import DualPathNetwork
from skdualcnn.network._training import make_net


def read_net(net: NeuralNet) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return what :func:`restore_net` needs.

    Parameters
    ----------
    net : NeuralNet
        Made by :func:`make_net`.

    Returns
    -------
    settings : dict
        Arguments of `make_net`, and the figures of each epoch under "history".
    weights : dict of str to ndarray
        Weights, and the buffers of batch norm.
    """
    callbacks = dict(net.callbacks_)
    settings = {
        "module": dict(net.get_params_for("module")),
        "head_names": list(callbacks["accuracy"].head_names),
        "lr": net.lr,
        "lr_schedule": callbacks["lr_schedule"].schedule,
        "weight_decay": net.optimizer__weight_decay,
        "batch_size": net.batch_size,
        "max_epochs": net.max_epochs,
        "seed": net.iterator_train__seed,
        "verbose": int("progress" in callbacks),
        "history": [
            {name: figure for name, figure in epoch.items() if isinstance(figure, int | float)}
            for epoch in net.history.to_list()
        ],
    }
    return settings, {name: _array(one) for name, one in net.module_.state_dict().items()}


def restore_net(
    settings: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    *,
    device: str,
    callbacks: Sequence[Any] | None = None,
) -> NeuralNet:
    """Return a net with these settings and weights; its optimizer starts afresh.

    Nothing is allocated before the weights are known to fit the network described.

    Parameters
    ----------
    settings : dict
        As from :func:`read_net`.
    weights : dict of str to ndarray
        As from :func:`read_net`.
    device : str
        Torch device, or "auto".
    callbacks : sequence of skorch callbacks or None, default=None
        Called by skorch during training.

    Returns
    -------
    NeuralNet

    Raises
    ------
    ValueError
        If the weights do not fit the network.
    DeviceError
        If `device` is not there.
    """
    arguments = dict(settings)
    history, module = arguments.pop("history"), arguments["module"]
    # Copies, because a memory map cannot be written to, and torch warns of it.
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    if module["residual_blocks"] > len(tensors):
        raise ValueError(f"{len(tensors)} arrays for {module['residual_blocks']} residual blocks")
    with torch.device("meta"):
        expected = _shapes(DualPathNetwork(**module).state_dict())
    if expected != _shapes(tensors):
        wrong = sorted(set(expected.items()) ^ set(_shapes(tensors).items()), key=str)
        raise ValueError(f"weights that do not fit the network: {wrong}")
    net = make_net(**arguments, device=device, callbacks=callbacks)
    net.module_.load_state_dict(tensors)
    net.history_ = History({**figures, "batches": []} for figures in history)
    return net


def read_optimizer(net: NeuralNet) -> dict[int, dict[str, NDArray[Any]]]:
    """Return the moments that Adam keeps of each weight."""
    state = net.optimizer_.state_dict()["state"]
    return {i: {name: _array(one) for name, one in kept.items()} for i, kept in state.items()}


def restore_optimizer(net: NeuralNet, moments: Mapping[int, Mapping[str, NDArray[Any]]]) -> None:
    """Give a net's Adam the moments that :func:`read_optimizer` returned."""
    state = {
        i: {name: torch.from_numpy(np.array(array)) for name, array in kept.items()}
        for i, kept in moments.items()
    }
    groups = net.optimizer_.state_dict()["param_groups"]
    net.optimizer_.load_state_dict({"state": state, "param_groups": groups})


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return array


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (str(one.dtype), tuple(one.shape)) for name, one in tensors.items()}
