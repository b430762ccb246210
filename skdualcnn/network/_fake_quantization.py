"""Fake quantisation: training a network on the rounded values that integers will hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle

from skdualcnn.network._blocks import GlobalPooling
from skdualcnn.network._dual_path import DualPathNetwork

WEIGHT_LIMIT = 127


@dataclass(frozen=True)
class IntegerSteps:
    """What one integer step is worth in the weights and the signals of one network.

    Attributes
    ----------
    weights : tuple of ndarray of shape (rows,) and dtype float64
        Of each output channel of the convolutions, the dense layer and the heads, in
        the order they run; integers are within [-127, 127].
    signals : tuple of float
        Of the input, and of the signal after each block, each unit of a residual block,
        the pooling over all steps and the dense layer.
    limits : tuple of int
        Integers of the same signals are within [-limit, limit].
    """

    weights: tuple[NDArray[np.float64], ...]
    signals: tuple[float, ...]
    limits: tuple[int, ...]


@contextmanager
def fake_quantised(network: DualPathNetwork, steps: IntegerSteps) -> Iterator[None]:
    """Round and clip weights and signals of a network while the context lasts.

    The rounding counts as the identity for the gradient, and what is clipped gets none:
    the straight-through estimator. The weights that the optimizer changes stay unrounded.
    Batch norm keeps its statistics and dropout drops nothing, even while training: in
    integers, the one is a constant and the other is not there. Biases, logits and the
    factors of batch norm are left as they are: they have 15 bits or more as integers.

    Parameters
    ----------
    network : DualPathNetwork
        Changed in place, and back at the end.
    steps : IntegerSteps
        Of this network.

    References
    ----------
    Bengio, Y., Léonard, N. & Courville, A. (2013). Estimating or propagating gradients
    through stochastic neurons for conditional computation.

    Jacob, B. et al. (2018). Quantization and training of neural networks for efficient
    integer-arithmetic-only inference. CVPR.
    """
    layers = [one for one in network.modules() if isinstance(one, nn.Conv1d | nn.Linear)]
    # Every signal that integers hold is what a dropout reads, but for what the dense layer
    # reads if it is no block's signal.
    apart = network.dense if isinstance(network.pooling, GlobalPooling) else None
    readers = [one for one in network.modules() if isinstance(one, nn.Dropout) or one is apart]
    hooks: list[RemovableHandle] = [
        one.register_forward_pre_hook(_freeze)
        for one in network.modules()
        if isinstance(one, nn.BatchNorm1d | nn.Dropout)
    ]
    try:
        for layer, one in zip(layers, steps.weights, strict=True):
            parametrize.register_parametrization(layer, "weight", _RoundedRows(one))
        for reader, step, limit in zip(readers, steps.signals, steps.limits, strict=True):
            hooks.append(reader.register_forward_pre_hook(_RoundedSignal(step, limit)))
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for layer in filter(parametrize.is_parametrized, layers):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


class _RoundedRows(nn.Module):
    """Weights rounded to a whole number of steps of their row."""

    def __init__(self, steps: NDArray[np.float64]) -> None:
        super().__init__()
        self.steps = torch.from_numpy(steps).float()

    def forward(self, weight: Tensor) -> Tensor:
        steps = self.steps.to(weight.device)
        zeros = torch.zeros_like(steps, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, steps, zeros, 0, -WEIGHT_LIMIT, WEIGHT_LIMIT
        )


class _RoundedSignal:
    """Hook that gives a module its input rounded to a whole number of steps."""

    def __init__(self, step: float, limit: int) -> None:
        self.step = step
        self.limit = limit

    def __call__(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (
            torch.fake_quantize_per_tensor_affine(inputs[0], self.step, 0, -self.limit, self.limit),
        )


def _freeze(layer: nn.Module, _: Any) -> None:
    """Take a layer out of training, which skorch puts all of a network into at each step."""
    layer.eval()
