"""Trained nets as they are now, ready to answer a few signals at a time."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

from skdualcnn.network._answer import CHUNK, make_answer, split_heads
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
        self._answers = [make_answer(module) for module in self._modules]

    def __call__(self, signals: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """Return each head's logits, (n, n_classes), for signals (n, steps, channels)."""
        chunks = torch.from_numpy(signals).transpose(1, 2).split(CHUNK)
        heads = []
        with one_thread():
            for module, answer in zip(self._modules, self._answers, strict=True):
                logits = np.concatenate([answer(chunk) for chunk in chunks], dtype=np.float64)
                heads += split_heads(module, logits)
        return heads
