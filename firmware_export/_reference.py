"""The graph in floating point: calibration reads ranges off it, and noise is measured from it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import CategoricalColumn, Floats, FrontEnd, Graph, SeriesFrontEnd
from firmware_export._layers import Layer, LinearLayer, PoolLayer, SumLayer, list_layers
from firmware_export._rows import BLANK
from firmware_export._series import carry_forward
from skdualcnn.preprocessing._gathered import take_changes


def scale_readings(front_end: FrontEnd, readings: NDArray[np.float32]) -> Floats:
    """Return the network's input, of shape (n, steps, channels), for readings with gaps.

    Readings are of shape (n, window, n_readings), or (n, n_readings) without a window. A
    row of `BLANK` is a step before a device's first row.
    """
    return take_changes(scale_rows(front_end, readings), front_end.changes)


def scale_rows(front_end: FrontEnd, readings: NDArray[np.float32]) -> Floats:
    """Return what `scale_readings` takes changes of: the inputs that each row gives."""
    rows = readings.reshape(-1, front_end.row_readings)
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
    if front_end.has_blank_steps:
        is_blank = (rows == BLANK).all(axis=1)
        inputs[is_blank] = np.arange(front_end.row_inputs) >= front_end.row_inputs // 2
    signal = inputs.reshape(-1, front_end.steps, front_end.channels)
    if isinstance(front_end, SeriesFrontEnd):
        carry_forward(signal, np.isnan(rows), np.array(front_end.ages))
    return signal


def run_reference(graph: Graph, signal: Floats) -> list[Floats]:
    """Run the network on (n, steps, channels); returns every tensor, the input first.

    The order is that of the integer graph: a convolution writes one tensor, a residual
    block three (first, second, sum), a pooling over all steps, a dense layer and a head
    one each.
    """
    return run_layers(list_layers(graph), [signal])


def run_layers(layers: Sequence[Layer], tensors: Sequence[Floats]) -> list[Floats]:
    """Return all tensors of a network, given the first ones of them."""
    tensors = list(tensors)
    for layer in layers[len(tensors) - 1 :]:
        if isinstance(layer, SumLayer):
            tensors.append(tensors[layer.left] + tensors[layer.right])
        elif isinstance(layer, PoolLayer):
            signal = tensors[layer.source]
            pooled = [signal.mean(axis=1, keepdims=True), signal.max(axis=1, keepdims=True)]
            tensors.append(np.concatenate(pooled, axis=2))
        else:
            tensors.append(_run_linear(layer, tensors[layer.source]))
    return tensors


def _run_linear(layer: LinearLayer, signal: Floats) -> Floats:
    """Weighted sums over windows, activation, batch norm and max-pool."""
    padded = np.pad(signal, ((0, 0), (layer.padding, layer.padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, axis=1)
    weight = layer.weight.reshape(len(layer.weight), layer.kernel, -1)
    sums = np.tensordot(windows, weight, axes=([3, 2], [1, 2])) + layer.bias
    values = np.where(sums >= 0, sums, layer.negative_slope * sums)
    values = values * layer.post_scale + layer.post_shift
    values = values[:, : layer.steps * layer.pool]
    return values.reshape(len(values), layer.steps, layer.pool, -1).max(axis=2)
