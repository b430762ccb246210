"""The graph's layers as one flat list of weighted sums, additions and poolings, named.

Convolutions, dense layers and heads are much the same here: rows of weights over a
window that slides along a signal. The order is that of
:func:`firmware_export._reference.run_reference`: layer number i writes tensor i + 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firmware_export._graph import (
    Convolution,
    Dense,
    Floats,
    FrontEnd,
    GlobalPooling,
    Graph,
    Path,
    Residual,
)

Kind = Literal["convolution", "dense", "logits"]


@dataclass(frozen=True)
class LinearLayer:
    """Weighted sums over windows, then activation, affine map and maximum.

    Attributes
    ----------
    name, summary : str
    kind : {"convolution", "dense", "logits"}
        What the layer is; the outputs of the last are a head's.
    source, target : int
        Tensors read and written.
    steps : int
        Of the target.
    weight : ndarray of shape (rows, kernel * channels)
        Windows are laid out steps first.
    bias : ndarray of shape (rows,)
    kernel, padding, pool : int
        Steps in a window, steps of zeros around the source, windows to an output.
    negative_slope : float
    post_scale, post_shift : ndarray of shape (rows,)
        Affine map after the activation.
    """

    name: str
    summary: str
    kind: Kind
    source: int
    target: int
    steps: int
    weight: Floats
    bias: Floats
    kernel: int
    padding: int
    pool: int
    negative_slope: float
    post_scale: Floats
    post_shift: Floats

    @property
    def channels(self) -> int:
        """Of the target."""
        return len(self.weight)

    @property
    def is_head(self) -> bool:
        """Whether the outputs are logits."""
        return self.kind == "logits"


@dataclass(frozen=True)
class SumLayer:
    """Sum of two tensors of the same shape."""

    name: str
    summary: str
    left: int
    right: int
    target: int
    steps: int
    channels: int


@dataclass(frozen=True)
class PoolLayer:
    """Mean of each channel over all steps, then the maximum of each."""

    name: str
    summary: str
    source: int
    target: int
    steps: int
    channels: int


Layer = LinearLayer | SumLayer | PoolLayer


def list_layers(graph: Graph) -> list[Layer]:
    """Return the layers in the order they run."""
    layers: list[Layer] = []
    for number, path in enumerate(graph.paths, start=1):
        prefix = f"path{number}_" if len(graph.paths) > 1 else ""
        layers.extend(_list_path(path, prefix, len(layers) + 1, graph.front_end))
    return layers


def _list_path(path: Path, prefix: str, target: int, front_end: FrontEnd) -> Iterator[Layer]:
    source, steps, channels = 0, front_end.steps, front_end.channels
    convolutions = residuals = 0
    for layer in path.layers:
        if isinstance(layer, Residual):
            residuals += 1
            name = f"{prefix}residual{residuals}"
            yield _convolution(f"{name}a", layer.first, source, target, steps)
            yield _convolution(f"{name}b", layer.second, target, target + 1, steps)
            text = f"{steps} x {channels}: sum of residual{residuals}b and the block's input"
            yield SumLayer(f"{name}_sum", text, source, target + 1, target + 2, steps, channels)
            target += 2
        elif isinstance(layer, GlobalPooling):
            text = f"{steps} x {channels} -> 1 x {2 * channels}: mean and maximum over all steps"
            steps, channels = 1, 2 * channels
            yield PoolLayer(f"{prefix}pooling", text, source, target, steps, channels)
        else:
            convolutions += 1
            yield _convolution(f"{prefix}convolution{convolutions}", layer, source, target, steps)
            steps, channels = steps // layer.pool_size, len(layer.weight)
        source, target = target, target + 1
    yield _dense(f"{prefix}dense", path.dense, source, target, steps, "dense")
    for number, head in enumerate(path.heads, start=1):
        yield _dense(f"logits_{head.name}", head.dense, target, target + number, 1, "logits")


def _convolution(
    name: str, layer: Convolution, source: int, target: int, steps: int
) -> LinearLayer:
    rows, channels, kernel = layer.weight.shape
    pooled = steps // layer.pool_size
    words = [f"convolution over {kernel} steps", _activation(layer.negative_slope)]
    if np.any(layer.post_scale != 1) or np.any(layer.post_shift != 0):
        words.append("batch norm")
    if layer.pool_size > 1:
        words.append(f"maximum of {layer.pool_size}")
    return LinearLayer(
        name,
        f"{steps} x {channels} -> {pooled} x {rows}: {', '.join(filter(None, words))}",
        "convolution",
        source,
        target,
        pooled,
        layer.weight.transpose(0, 2, 1).reshape(rows, -1),
        layer.bias,
        kernel,
        kernel // 2,
        layer.pool_size,
        layer.negative_slope,
        layer.post_scale,
        layer.post_shift,
    )


def _dense(
    name: str, layer: Dense, source: int, target: int, steps: int, kind: Kind
) -> LinearLayer:
    rows, inputs = layer.weight.shape
    words = ["logits" if kind == "logits" else "dense layer", _activation(layer.negative_slope)]
    return LinearLayer(
        name,
        f"{inputs} -> {rows}: {', '.join(filter(None, words))}",
        kind,
        source,
        target,
        1,
        layer.weight,
        layer.bias,
        steps,
        0,
        1,
        layer.negative_slope,
        np.ones(rows),
        np.zeros(rows),
    )


def _activation(negative_slope: float) -> str:
    if negative_slope == 1:
        return ""
    return "ReLU" if negative_slope == 0 else f"LeakyReLU({negative_slope:g})"
