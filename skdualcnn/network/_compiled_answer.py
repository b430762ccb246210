"""What a trained network answers, by compiled C."""

import ctypes
from typing import TYPE_CHECKING, cast

from torch import Tensor, float32, nn

from skdualcnn.network._blocks import ConvBlock, ResidualBlock
from skdualcnn.network._native import address, is_plain, load_kernels

if TYPE_CHECKING:
    from skdualcnn.network._dual_path import DualPathNetwork


class _Block(ctypes.Structure):
    """`Block` of `kernels/answer.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "in_channels", "channels", "length")),
        *((name, ctypes.c_int64) for name in ("kernel", "pool")),
        *((name, ctypes.c_float) for name in ("slope", "epsilon")),
    )


class _Dense(ctypes.Structure):
    """`Dense` of `kernels/answer.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("rows", "inputs", "outputs")),
        ("slope", ctypes.c_float),
    )


def answer_compiled(network: "DualPathNetwork", signals: Tensor) -> list[Tensor] | None:
    """Return the logits of a network in evaluation mode, or None if torch must run it.

    It must where somebody listens to a module (hooks) or has changed one
    (parametrizations), on other devices and types than float32 on the CPU, and where the
    kernels cannot be had.

    Parameters
    ----------
    network : DualPathNetwork
    signals : Tensor of shape (n, in_channels, length) and dtype float32

    Returns
    -------
    list of Tensor of shape (n, n_classes) and dtype float32, or None
        Equal on every bit however many rows there are, and to those of torch up to
        rounding.
    """
    dense, activation = network.dense, network.activation
    heads = cast("list[nn.Linear]", list(network.heads))
    if dense.weight.device.type != "cpu" or signals.dtype != float32:
        return None
    units = [unit for block in network.blocks for unit in _units(block)]
    parts = [part for unit in units for part in unit.children()]
    if not all(is_plain(part, training=False) for part in (*parts, dense, activation, *heads)):
        return None
    kernels = load_kernels()
    if kernels is None:
        return None
    features = signals.contiguous()
    for block in network.blocks:
        before = features
        for unit in _units(block):
            features = _answer_block(unit, features, kernels)
        if isinstance(block, ResidualBlock):
            features = features + before
    features = _answer_dense(dense, features.flatten(1), _slope(activation), kernels)
    return [_answer_dense(head, features, 1.0, kernels) for head in heads]


def _units(block: nn.Module) -> list[ConvBlock]:
    units = block.units if isinstance(block, ResidualBlock) else (block,)
    return cast("list[ConvBlock]", list(units))


def _answer_block(block: ConvBlock, signals: Tensor, kernels: ctypes.CDLL) -> Tensor:
    conv, norm = block.conv, block.norm
    rows, in_channels, length = signals.shape
    pool = getattr(block.pool, "kernel_size", 1)
    output = signals.new_empty(rows, conv.out_channels, length // pool)
    shape = _Block(
        *(rows, in_channels, conv.out_channels, length, conv.kernel_size[0], pool),
        *(_slope(block.activation), norm.eps),
    )
    tensors = (signals, conv.weight, conv.bias, norm.weight, norm.bias)
    failed = kernels.block_answer(
        ctypes.byref(shape),
        *map(address, (*tensors, norm.running_mean, norm.running_var, output)),
    )
    if failed:
        raise MemoryError("No memory left for a prediction.")
    return output


def _answer_dense(layer: nn.Linear, rows: Tensor, slope: float, kernels: ctypes.CDLL) -> Tensor:
    output = rows.new_empty(len(rows), layer.out_features)
    shape = _Dense(len(rows), layer.in_features, layer.out_features, slope)
    tensors = (rows, layer.weight, layer.bias, output)
    kernels.dense_answer(ctypes.byref(shape), *map(address, tensors))
    return output


def _slope(activation: nn.Module) -> float:
    return float(getattr(activation, "negative_slope", 0.0))
