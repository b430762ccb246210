"""The graph in floating point: calibration reads ranges off it, and noise is measured from it."""

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import (
    CategoricalColumn,
    Convolution,
    Dense,
    Floats,
    FrontEnd,
    Graph,
    Residual,
)


def scale_readings(front_end: FrontEnd, readings: NDArray[np.float32]) -> Floats:
    """Return the network's input, of shape (n, steps, channels), for readings with gaps.

    Readings are of shape (n, window, n_readings), or (n, n_readings) without a window.
    """
    rows = readings.reshape(-1, len(front_end.readings))
    inputs = np.zeros((len(rows), front_end.row_inputs))
    for column in front_end.columns:
        values = rows[:, column.reading].astype(np.float64)
        missing = np.isnan(values)
        if isinstance(column, CategoricalColumn):
            for position in range(len(column.categories)):
                chosen = (values == position) | (missing & (position == column.missing))
                inputs[:, column.output + position] = chosen
            continue
        if column.output is not None:
            filled = np.nan if column.missing is None else column.missing
            inputs[:, column.output] = np.where(missing, filled, column.curve(values))
        if column.indicator is not None:
            present, absent = column.indicator_values
            inputs[:, column.indicator] = np.where(missing, absent, present)
    return inputs.reshape(-1, front_end.steps, front_end.channels)


def run_reference(graph: Graph, signal: Floats) -> list[Floats]:
    """Run the network on (n, steps, channels); returns every tensor, the input first.

    The order is that of the integer graph: a convolution writes one tensor, a residual
    block three (first, second, sum), a dense layer and a head one each.
    """
    tensors = [signal]
    for path in graph.paths:
        current = signal
        for layer in path.layers:
            if isinstance(layer, Residual):
                first = convolve(current, layer.first)
                second = convolve(first, layer.second)
                current = current + second
                tensors += [first, second, current]
            else:
                current = convolve(current, layer)
                tensors.append(current)
        hidden = connect(current.reshape(len(current), -1), path.dense)
        tensors.append(hidden[:, None, :])
        tensors += [connect(hidden, head.dense)[:, None, :] for head in path.heads]
    return tensors


def convolve(signal: Floats, layer: Convolution) -> Floats:
    """Convolution, activation, batch norm and max-pool of (n, steps, channels)."""
    half = layer.weight.shape[2] // 2
    padded = np.pad(signal, ((0, 0), (half, half), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.weight.shape[2], axis=1)
    sums = np.tensordot(windows, layer.weight, axes=([2, 3], [1, 2])) + layer.bias
    values = _activate(sums, layer.negative_slope) * layer.post_scale + layer.post_shift
    n, steps, channels = values.shape
    pooled = steps // layer.pool_size
    values = values[:, : pooled * layer.pool_size]
    return values.reshape(n, pooled, layer.pool_size, channels).max(axis=2)


def connect(features: Floats, layer: Dense) -> Floats:
    """Dense layer with activation on (n, inputs)."""
    return _activate(features @ layer.weight.T + layer.bias, layer.negative_slope)


def _activate(values: Floats, negative_slope: float) -> Floats:
    return np.where(values >= 0, values, negative_slope * values)


def softmax(logits: Floats) -> Floats:
    """Probabilities of (n, n_classes) logits."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
