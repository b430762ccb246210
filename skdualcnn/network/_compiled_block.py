"""The training step of a convolutional block in compiled C, as torch sees it."""

import ctypes
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from skdualcnn.network._native import address, is_plain, load_kernels

if TYPE_CHECKING:
    from skdualcnn.network._blocks import ConvBlock

# A convolution of more values for each output is left to torch, whose products are faster.
MAX_TAPS = 128


class _Shape(ctypes.Structure):
    """`Shape` of `kernels/conv_block.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "in_channels", "channels", "length")),
        *((name, ctypes.c_int64) for name in ("kernel", "pool")),
        *((name, ctypes.c_float) for name in ("slope", "epsilon", "momentum", "scale")),
        ("threshold", ctypes.c_int32),
    )


def train_compiled(block: "ConvBlock", signal: Tensor) -> Tensor | None:
    """Return the block's output while training, or None if its torch modules must run.

    They must where somebody listens to them (hooks), has changed them (parametrizations),
    or has taken one out of training, on other devices and types than float32 on the CPU,
    and where the kernels cannot be had.
    """
    parts = (block.conv, block.activation, block.norm, block.pool, block.dropout)
    if signal.device.type != "cpu" or signal.dtype != torch.float32 or len(signal) == 0:
        return None
    if (
        not all(is_plain(part, training=True) for part in parts)
        or signal.numel() < 2 * signal.shape[1]
    ):
        return None
    if not block.norm.track_running_stats or block.norm.momentum is None:
        return None
    kernels = load_kernels()
    if kernels is None:
        return None
    taps = block.conv.weight[0].numel()
    fused = taps <= MAX_TAPS and not signal.requires_grad
    weight = block.conv.weight if fused else None
    if not fused:
        signal = block.conv(signal)
    output: Tensor = _BlockStep.apply(
        *(signal, weight, block.conv.bias, block.norm.weight, block.norm.bias),
        *(block, kernels),
    )
    return output


class _BlockStep(torch.autograd.Function):
    """Convolution, if there is a weight for it, and all that follows it in a block."""

    @staticmethod
    def forward(
        ctx: Any,
        signal: Tensor,
        weight: Tensor | None,
        bias: Tensor,
        gamma: Tensor,
        beta: Tensor,
        block: "ConvBlock",
        kernels: ctypes.CDLL,
    ) -> Tensor:
        norm, dropout = block.norm, block.dropout
        signal = signal.contiguous()
        rows, in_channels, length = signal.shape
        channels, pool = len(gamma), getattr(block.pool, "kernel_size", 1)
        z = signal if weight is None else signal.new_empty(rows, channels, length)
        output = signal.new_empty(rows, channels, length // pool)
        chosen = torch.empty(output.shape, dtype=torch.int32)
        statistics = signal.new_empty(2, channels)
        pieces = dropout.draw_pieces(output.numel(), output.device)
        shape = _Shape(
            rows=rows,
            in_channels=in_channels,
            channels=channels,
            length=length,
            kernel=1 if weight is None else weight.shape[2],
            pool=pool,
            slope=getattr(block.activation, "negative_slope", 0.0),
            epsilon=norm.eps,
            momentum=norm.momentum,
            scale=dropout.scale,
            threshold=dropout.threshold,
        )
        assert norm.num_batches_tracked is not None  # train_compiled has seen to it
        norm.num_batches_tracked.add_(1)
        failed = kernels.block_forward(
            ctypes.byref(shape),
            *map(address, (signal, weight, bias, z, gamma, beta)),
            *map(address, (norm.running_mean, norm.running_var, pieces)),
            *map(address, (statistics, output, chosen)),
        )
        if failed:
            raise MemoryError("No memory left for a training step; use a smaller batch_size.")
        ctx.shape, ctx.kernels = shape, kernels
        ctx.save_for_backward(
            None if weight is None else signal, weight, z, gamma, statistics, chosen
        )
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        signal, weight, z, gamma, statistics, chosen = ctx.saved_tensors
        gradient = gradient.contiguous()
        dgamma, dbeta = torch.empty_like(gamma), torch.empty_like(gamma)
        if weight is None:
            dz, dweight, dbias = torch.empty_like(z), None, None
        else:
            dz, dweight, dbias = None, torch.empty_like(weight), torch.empty_like(gamma)
        failed = ctx.kernels.block_backward(
            ctypes.byref(ctx.shape),
            *map(address, (signal, z, gamma, statistics, chosen, gradient)),
            *map(address, (dz, dweight, dbias, dgamma, dbeta)),
        )
        if failed:
            raise MemoryError("No memory left for a training step; use a smaller batch_size.")
        return dz, dweight, dbias, dgamma, dbeta, None, None
