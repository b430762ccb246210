"""Trained nets as they are now, ready to answer a few signals at a time."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

from skdualcnn.network._training import PREDICTION_CHUNK, SMALLEST_CHUNK, one_thread


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
        filled = signals.repeat(SMALLEST_CHUNK, axis=0) if n < SMALLEST_CHUNK else signals
        if n > PREDICTION_CHUNK:
            starts = range(0, n, PREDICTION_CHUNK)
            parts = [self(signals[start : start + PREDICTION_CHUNK]) for start in starts]
            return [np.concatenate(head) for head in zip(*parts, strict=True)]
        with one_thread(), torch.inference_mode():
            tensor = torch.from_numpy(filled).transpose(1, 2)
            heads = [logits.numpy() for module in self._modules for logits in module(tensor)]
        step = len(filled) // n
        return [head[::step].astype(np.float64) for head in heads]
