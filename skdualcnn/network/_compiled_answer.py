"""What a trained network answers, by compiled C."""

import ctypes
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, float32, nn

from skdualcnn.network._blocks import ConvBlock, GlobalPooling, ResidualBlock
from skdualcnn.network._native import (
    address,
    is_listened_to,
    is_plain,
    load_kernels,
)

if TYPE_CHECKING:
    from skdualcnn.network._dual_path import DualPathNetwork

_NO_MEMORY = 1
# What these do themselves does not depend on whether they are in training.
_MODELESS = {
    *(nn.Sequential, nn.ModuleList, nn.Flatten),
    *(ConvBlock, ResidualBlock, GlobalPooling),
}


class _Block(ctypes.Structure):
    """`Block` of `kernels/answer.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("in_channels", "channels", "kernel", "pool", "adds")),
        *((name, ctypes.c_float) for name in ("slope", "epsilon")),
        *((name, ctypes.c_void_p) for name in ("weight", "bias", "gamma", "beta")),
        *((name, ctypes.c_void_p) for name in ("mean", "variance")),
    )


class _Dense(ctypes.Structure):
    """`Dense` of `kernels/answer.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("inputs", "outputs")),
        ("slope", ctypes.c_float),
        *((name, ctypes.c_void_p) for name in ("weight", "bias")),
    )


class _Network(ctypes.Structure):
    """`Network` of `kernels/answer.c`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n_blocks", "n_heads", "pools_all")),
        ("blocks", ctypes.POINTER(_Block)),
        *((name, ctypes.POINTER(_Dense)) for name in ("dense", "heads")),
    )


class CompiledNetwork:
    """A network in evaluation mode as one call of C.

    Several threads may call it. Its answer to a row is equal on every bit however many
    rows there are, and to that of torch up to rounding.

    Parameters
    ----------
    network : DualPathNetwork
        Of plain modules, float32 on the CPU.
    kernels : ctypes.CDLL
        What `load_kernels` returned.
    parts : list of Module
        What `_parts` returns of the network.
    """

    def __init__(
        self, network: "DualPathNetwork", kernels: ctypes.CDLL, parts: list[nn.Module]
    ) -> None:
        self._parts = parts
        self._addresses = _addresses(parts)
        self._answer = kernels.network_answer
        blocks = [one for block in network.blocks for one in _describe_blocks(block)]
        heads = [_describe_dense(head, 1.0) for head in cast("list[nn.Linear]", network.heads)]
        dense = _describe_dense(network.dense, _slope(network.activation))
        self._n_classes = sum(head.outputs for head in heads)
        self._layers = _Network(
            *(len(blocks), len(heads), isinstance(network.pooling, GlobalPooling)),
            *((_Block * len(blocks))(*blocks), ctypes.pointer(dense)),
            (_Dense * len(heads))(*heads),
        )

    def holds(self, parts: list[nn.Module]) -> bool:
        """Return whether the network still has these parts, with their tensors in place."""
        return parts == self._parts and _addresses(parts) == self._addresses

    def __call__(self, signals: Tensor) -> NDArray[np.float32]:
        """Return the logits of all heads, (n, classes), for signals (n, in_channels, length)."""
        signals = signals.contiguous()
        n, _, length = signals.shape
        logits = np.empty((n, self._n_classes), dtype=np.float32)
        failed = self._answer(
            *(ctypes.byref(self._layers), ctypes.c_int64(n), ctypes.c_int64(length)),
            *(ctypes.c_void_p(signals.data_ptr()), ctypes.c_void_p(logits.ctypes.data)),
        )
        if failed == _NO_MEMORY:
            raise MemoryError("No memory left for a prediction.")
        if failed:
            raise ValueError(f"Signals of shape {tuple(signals.shape)} do not fit the network.")
        return logits


# Describing a network to C takes longer than asking it for a row.
_COMPILED: WeakKeyDictionary["DualPathNetwork", CompiledNetwork] = WeakKeyDictionary()


def compile_network(network: "DualPathNetwork") -> CompiledNetwork | None:
    """Return a network in evaluation mode as C, or None if torch must run it.

    It must where somebody listens to a module (hooks) or has changed one
    (parametrizations), on other devices and types than float32 on the CPU, where there is no
    block, and where the kernels cannot be had.
    """
    weight, kernels = network.dense.weight, load_kernels()
    if kernels is None or weight.device.type != "cpu" or weight.dtype != float32:
        return None
    if not network.blocks:
        return None
    parts = _parts(network)
    if is_listened_to(network) or not all(map(_is_known, parts)):
        return None
    compiled = _COMPILED.get(network)
    if compiled is None or not compiled.holds(parts):
        compiled = _COMPILED[network] = CompiledNetwork(network, kernels, parts)
    return compiled


def _is_known(part: nn.Module) -> bool:
    return is_plain(part, training=False) or (type(part) in _MODELESS and not is_listened_to(part))


def _parts(network: nn.Module) -> list[nn.Module]:
    """Return the modules in a network, all levels of them; `Module.modules` takes its time."""
    parts = [part for part in network._modules.values() if part is not None]
    for part in parts:
        parts.extend(inner for inner in part._modules.values() if inner is not None)
    return parts


def _addresses(parts: list[nn.Module]) -> list[int]:
    tensors = (
        tensor
        for part in parts
        for tensor in (*part._parameters.values(), *part._buffers.values())
        if tensor is not None
    )
    return [tensor.data_ptr() for tensor in tensors]


def _units(block: nn.Module) -> list[ConvBlock]:
    units = block.units if isinstance(block, ResidualBlock) else (block,)
    return cast("list[ConvBlock]", list(units))


def _describe_blocks(block: nn.Module) -> list[_Block]:
    units = _units(block)
    described = []
    for unit in units:
        conv, norm = unit.conv, unit.norm
        adds = isinstance(block, ResidualBlock) and unit is units[-1]
        tensors = (conv.weight, conv.bias, norm.weight, norm.bias)
        described.append(
            _Block(
                *(conv.in_channels, conv.out_channels, conv.kernel_size[0]),
                *(getattr(unit.pool, "kernel_size", 1), adds, _slope(unit.activation), norm.eps),
                *map(address, (*tensors, norm.running_mean, norm.running_var)),
            )
        )
    return described


def _describe_dense(layer: nn.Linear, slope: float) -> _Dense:
    addresses = map(address, (layer.weight, layer.bias))
    return _Dense(layer.in_features, layer.out_features, slope, *addresses)


def _slope(activation: nn.Module) -> float:
    return float(getattr(activation, "negative_slope", 0.0))
