"""What a trained network answers, the same for a row alone as among others."""

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skdualcnn.network._compiled_answer import compile_network
from skdualcnn.network._dual_path import DualPathNetwork

Answer = Callable[[Tensor], NDArray[np.float32]]

# Rows per forward pass on the CPU, where larger chunks fall out of the cache, and elsewhere.
CHUNK = 128
DEVICE_CHUNK = 1024
# Torch's matrix kernels for a few rows add in another order than those for more, on some
# processors up to fifteen; smaller chunks are filled up.
_SMALLEST_CHUNK = 16


def make_answer(network: DualPathNetwork) -> Answer:
    """Return what answers signals with the logits of all heads, one after the other.

    Parameters
    ----------
    network : DualPathNetwork
        In evaluation mode; not to be changed as long as it is asked.

    Returns
    -------
    callable
        From a Tensor of shape (n, in_channels, length) and dtype float32 to an ndarray
        of shape (n, classes of all heads) and dtype float32. Several threads may call it.
    """
    return compile_network(network) or partial(_run_torch, network)


@torch.inference_mode()
def _run_torch(network: DualPathNetwork, signals: Tensor) -> NDArray[np.float32]:
    filler = signals[-1:].expand(max(0, _SMALLEST_CHUNK - len(signals)), -1, -1)
    logits = network(torch.cat([signals, filler]).to(network.dense.weight.device))
    answered: NDArray[np.float32] = torch.cat(logits, dim=1)[: len(signals)].cpu().numpy()
    return answered


def split_heads(network: DualPathNetwork, logits: NDArray[Any]) -> list[NDArray[Any]]:
    """Return each head's columns of the logits of all heads."""
    widths = [head.out_features for head in cast("list[nn.Linear]", network.heads)]
    ends = accumulate(widths)
    return [logits[:, end - width : end] for width, end in zip(widths, ends, strict=True)]
