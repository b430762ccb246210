"""What a trained network answers, the same for a row alone as among others."""

import torch
from torch import Tensor

from skdualcnn.network._compiled_answer import answer_compiled
from skdualcnn.network._dual_path import DualPathNetwork

# Rows per forward pass: larger chunks fall out of the cache.
CHUNK = 128
# Torch's matrix kernels for a few rows add in another order than those for more, on some
# processors up to fifteen; smaller chunks are filled up.
_SMALLEST_CHUNK = 16


@torch.inference_mode()
def answer(network: DualPathNetwork, signals: Tensor) -> list[Tensor]:
    """Return each head's logits, (n, n_classes) on the CPU.

    Parameters
    ----------
    network : DualPathNetwork
        In evaluation mode.
    signals : Tensor of shape (n, in_channels, length) and dtype float32
        At most `CHUNK` rows are best.
    """
    outputs = answer_compiled(network, signals)
    if outputs is not None:
        return outputs
    filler = signals[-1:].expand(max(0, _SMALLEST_CHUNK - len(signals)), -1, -1)
    device = network.dense.weight.device
    outputs = network(torch.cat([signals, filler]).to(device))
    return [logits[: len(signals)].cpu() for logits in outputs]
