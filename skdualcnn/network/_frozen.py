"""Trained nets as they are now, ready to answer a few signals at a time."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

from skdualcnn.network._training import PREDICTION_CHUNK, SMALLEST_CHUNK


class FrozenNetworks:
    """A copy of fitted nets that no later training changes, on the CPU.

    It answers as `predict_logits` does, at less cost for a single signal, and may be
    called from several threads.

    Parameters
    ----------
    nets : sequence of NeuralNet
    """

    def __init__(self, nets: Sequence[NeuralNet]) -> None:
        self._modules = [deepcopy(net.module_).cpu().eval() for net in nets]

    def __call__(self, signals: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """Return each head's logits, (n, n_classes), for signals (n, steps, channels)."""
        n = len(signals)
        if n < SMALLEST_CHUNK:
            signals = np.concatenate([signals, *[signals[-1:]] * (SMALLEST_CHUNK - n)])
        tensor = torch.from_numpy(signals).transpose(1, 2)
        with torch.inference_mode():
            parts = [
                [logits for module in self._modules for logits in module(chunk)]
                for chunk in tensor.split(PREDICTION_CHUNK)
            ]
        return [torch.cat(head)[:n].double().numpy() for head in zip(*parts, strict=True)]
