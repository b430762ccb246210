"""Trained nets as they are now, ready to answer a few signals at a time."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

from skdualcnn.network._answer import CHUNK, answer
from skdualcnn.network._training import one_thread


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
        starts = range(0, len(signals), CHUNK)
        with one_thread():
            parts = [self._answer(signals[start : start + CHUNK]) for start in starts]
        return [np.concatenate(head) for head in zip(*parts, strict=True)]

    def _answer(self, signals: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        tensor = torch.from_numpy(signals).transpose(1, 2)
        heads = [logits for module in self._modules for logits in answer(module, tensor)]
        return [logits.double().numpy() for logits in heads]
