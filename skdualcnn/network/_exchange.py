"""The weights of a net as arrays that can be averaged, and back."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

_VARIANCE = "running_var"


def read_weights(net: NeuralNet) -> dict[str, NDArray[np.float32]]:
    """Return the weights of a net, and the means and variances of its batch norms.

    The batches that a batch norm has counted are left out: nothing here depends on them.

    Parameters
    ----------
    net : NeuralNet
        Made by :func:`make_net`.

    Returns
    -------
    dict of str to ndarray of dtype float32
        By the names that torch gives them.
    """
    return {
        name: tensor.detach().cpu().numpy().copy()
        for name, tensor in net.module_.state_dict().items()
        if tensor.is_floating_point()
    }


def replace_weights(net: NeuralNet, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Give a net the weights that :func:`read_weights` returned, in place.

    Parameters
    ----------
    net : NeuralNet
        Of the same architecture; its optimizer keeps its moments.
    weights : dict of str to ndarray of dtype float32
        A variance below zero, which noise can make of a small one, becomes zero.
    """
    state = net.module_.state_dict()
    for name, array in weights.items():
        known = np.maximum(array, 0) if name.endswith(_VARIANCE) else array
        state[name] = torch.from_numpy(np.array(known, dtype=np.float32))
    net.module_.load_state_dict(state)
