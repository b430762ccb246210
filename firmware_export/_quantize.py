"""Float graph and calibration data -> integer graph: scales, ranges, overflow bounds.

Weights are int8, one scale per output channel, symmetric. Activations are symmetric
integers limited to what `activation_bits` allows, or to less where an accumulator
of a layer that reads them could otherwise leave 32 bits: for each row of weights

    sum(|weight|) * limit + |bias| < 2**31

holds by construction, whatever the input. Logits always keep 16 bits.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_export._calibration import CALIBRATIONS, Calibration, measure_ranges
from firmware_export._graph import Decision, Floats, Graph, SeriesFrontEnd
from firmware_export._integer import EXP_FRACTION_BITS, INT16_MAX, Q30_ONE
from firmware_export._integer_graph import (
    INT32_MAX,
    Add,
    GlobalPool,
    HeadOutput,
    IntegerDecision,
    IntegerGraph,
    Linear,
    Operation,
    Tensor,
)
from firmware_export._layers import Layer, LinearLayer, PoolLayer, SumLayer, list_layers
from firmware_export._quantize_columns import choose_fraction_bits, quantise_columns, to_input
from firmware_export._quantize_limits import Limits, check_limits, quantise_limits
from firmware_export._quantize_scaling import fit_shift, scale_channels, scale_mean
from firmware_export._reference import scale_rows
from skdualcnn.exceptions import ExportError

WEIGHT_MAX = 127
BIAS_MAX = 2**29
"""A bias may take a quarter of the accumulator; beyond, its row's weights get coarser."""
ADD_MULTIPLIER_MAX = 16383
LOGIT_HEADROOM = 1.25
"""Logits may exceed the calibration data's largest by this factor before they saturate."""
MOST_INPUTS = 65534
MOST_HISTORY = 65534
"""Rows of a device that a counter of 16 bits can count."""
MOST_CLASSES = 256
SMALLEST_LIMIT = 63
"""Below six bits of magnitude a tensor is not worth computing with."""


@dataclass(frozen=True)
class _Weights:
    integers: NDArray[np.int8]
    scale: Floats


def quantise(
    graph: Graph,
    readings: NDArray[np.float32],
    *,
    activation_bits: int = 16,
    calibration: Calibration = "minmax",
    limits: Limits | None = None,
) -> IntegerGraph:
    """Turn a float graph into an integer one.

    Parameters
    ----------
    graph : Graph
    readings : ndarray of shape (n, window, n_readings), or (n, n_readings) without window
        Calibration data in single precision: what
        :func:`firmware_export._columns.encode_readings` returns, or windows of it.
    activation_bits : {8, 16}
        Bits of the activations between layers.
    calibration : {"minmax", "percentile", "mse"}
        How the range of each tensor is read off the calibration data; see
        :mod:`firmware_export._calibration`.
    limits : mapping of str to (float, float), default=None
        Lowest and highest value that a reading is accepted at.

    Raises
    ------
    ExportError
        If an argument is out of its domain, the calibration data are empty or not
        finite, or a layer has too many inputs for a 32-bit accumulator.
    """
    if activation_bits not in {8, 16}:
        raise ExportError(f"activation_bits={activation_bits!r}, expected 8 or 16.")
    if calibration not in CALIBRATIONS:
        raise ExportError(f"calibration={calibration!r}, expected one of {CALIBRATIONS}.")
    if len(readings) == 0:
        raise ExportError("calibration_data has no row, expected a sample of the training data.")
    _check_sizes(graph)
    bounds = check_limits(graph.front_end, limits)
    inputs = scale_rows(graph.front_end, readings)
    if not np.isfinite(inputs).all():
        raise ExportError(
            "calibration_data holds missing or infinite values that the estimator does not "
            "impute, expected finite numbers. Leave those rows out."
        )
    layers = list_layers(graph)
    limit = 2 ** (activation_bits - 1) - 1
    ranges = measure_ranges(graph, inputs, layers, calibration, limit)
    weights = {
        layer.target: _quantise_weights(layer, ranges[layer.source], limit)
        for layer in layers
        if isinstance(layer, LinearLayer)
    }
    tensors = _make_tensors(graph, layers, weights, ranges, limit)
    operations = tuple(_quantise_layer(layer, weights, tensors) for layer in layers)
    tensors = _with_spare_values(tensors, operations)
    front_end = graph.front_end
    numeric, categorical = quantise_columns(front_end, tensors[0])
    fractions = choose_fraction_bits(front_end.row_readings, numeric, bounds)
    ages = front_end.ages if isinstance(front_end, SeriesFrontEnd) else ()
    logits = [layer for layer in layers if isinstance(layer, LinearLayer) and layer.is_head]
    return IntegerGraph(
        readings=front_end.readings,
        fraction_bits=fractions * (len(front_end.readings) // front_end.row_readings),
        limits=tuple(
            quantise_limits(front_end.readings[reading], reading, pair, fractions[reading])
            for reading, pair in bounds.items()
        ),
        window=front_end.window,
        stride=front_end.stride,
        mark=to_input(1.0, tensors[0]) if front_end.has_blank_steps else None,
        changes=front_end.changes,
        ages=tuple(to_input(age, tensors[0]) for age in ages),
        numeric=numeric,
        categorical=categorical,
        tensors=tensors,
        operations=operations,
        heads=tuple(
            HeadOutput(head.name, head.classes, one.target, _fraction_bits(ranges[one.target]))
            for head, one in zip(graph.heads, logits, strict=True)
        ),
        decision=None if graph.decision is None else _quantise_decision(graph.decision),
        single_output=graph.single_output,
        activation_bits=activation_bits,
        calibration=calibration,
        digest=graph.digest,
    )


def _check_sizes(graph: Graph) -> None:
    front = graph.front_end
    if max(front.steps * front.channels, len(front.readings)) > MOST_INPUTS:
        raise ExportError(
            f"The network has {front.steps * front.channels} inputs from {len(front.readings)} "
            f"readings, expected at most {MOST_INPUTS} of either. Select fewer columns."
        )
    history = (front.window - 1) * front.stride + 1
    if history > MOST_HISTORY:
        raise ExportError(
            f"A window of {front.window} rows that are {front.stride} apart reaches over {history} "
            f"rows, expected at most {MOST_HISTORY}. Use a smaller length or stride."
        )
    for head in graph.heads:
        if len(head.classes) > MOST_CLASSES:
            raise ExportError(
                f"Head {head.name!r} has {len(head.classes)} classes, expected at most "
                f"{MOST_CLASSES}. Merge classes before fitting."
            )


def _quantise_weights(layer: LinearLayer, source_range: float, limit: int) -> _Weights:
    largest = np.abs(layer.weight).max(axis=1)
    scale = np.maximum(largest / WEIGHT_MAX, np.abs(layer.bias) * limit / (source_range * BIAS_MAX))
    scale = np.where(scale > 0, scale, 1.0)
    return _Weights(np.rint(layer.weight / scale[:, None]).astype(np.int8), scale)


def _make_tensors(
    graph: Graph,
    layers: list[Layer],
    weights: dict[int, _Weights],
    ranges: list[float],
    limit: int,
) -> tuple[Tensor, ...]:
    limits = [limit] * len(ranges)
    paddings = [0] * len(ranges)
    for layer in layers:
        if isinstance(layer, LinearLayer):
            source = layer.source
            limits[source] = min(limits[source], _safe_limit(layer, weights, ranges[source]))
            paddings[source] = max(paddings[source], layer.padding)
    pools = [layer for layer in layers if isinstance(layer, PoolLayer)]
    for layer in pools:
        limits[layer.source] = min(limits[layer.source], limits[layer.target])
    for layer in pools:
        limits[layer.target] = limits[layer.source]
    front = graph.front_end
    tensors = [
        Tensor("input", front.steps, front.channels, paddings[0], limits[0], ranges[0] / limits[0])
    ]
    for index, layer in enumerate(layers, start=1):
        if isinstance(layer, LinearLayer) and layer.is_head:
            limits[index], scale = INT16_MAX, 2.0 ** -_fraction_bits(ranges[index])
        else:
            scale = ranges[index] / limits[index]
        tensors.append(
            Tensor(layer.name, layer.steps, layer.channels, paddings[index], limits[index], scale)
        )
    return tuple(tensors)


def _with_spare_values(
    tensors: tuple[Tensor, ...], operations: tuple[Operation, ...]
) -> tuple[Tensor, ...]:
    """Return the tensors with what layers read beyond them."""
    spare = [0] * len(tensors)
    for layer in operations:
        if isinstance(layer, Linear):
            source = tensors[layer.source]
            start = source.padding - layer.padding + tensors[layer.target].steps * layer.pool - 1
            end = start * source.channels + layer.reach
            spare[layer.source] = max(spare[layer.source], end - source.storage)
    return tuple(replace(one, spare=more) for one, more in zip(tensors, spare, strict=True))


def _safe_limit(layer: LinearLayer, weights: dict[int, _Weights], source_range: float) -> int:
    """Return the largest input magnitude for which no accumulator can leave 32 bits.

    Both terms of the bound grow with the limit: a finer input makes the bias count more.
    """
    quantised = weights[layer.target]
    rows = np.abs(quantised.integers.astype(np.int64)).sum(axis=1)
    bias_per_step = np.abs(layer.bias) / (source_range * quantised.scale)
    largest = float((rows + bias_per_step).max())
    safe = INT32_MAX if largest == 0 else int((INT32_MAX - 1) / largest)
    if safe < SMALLEST_LIMIT:
        raise ExportError(
            f"Layer {layer.name!r} sums {layer.weight.shape[1]} inputs: a 32-bit accumulator "
            f"could overflow at any input of magnitude above {safe}, expected at least "
            f"{SMALLEST_LIMIT}. Use fewer channels or a larger pool_size."
        )
    return safe


def _fraction_bits(largest: float) -> int:
    """Return the finest binary step in which logits of this size fit 16 bits."""
    bits = np.floor(np.log2(INT16_MAX / (largest * LOGIT_HEADROOM)))
    return int(np.clip(bits, 0, EXP_FRACTION_BITS))


def _quantise_layer(
    layer: Layer, weights: dict[int, _Weights], tensors: tuple[Tensor, ...]
) -> Operation:
    target = tensors[layer.target]
    if isinstance(layer, SumLayer):
        left = tensors[layer.left].scale / target.scale
        right = tensors[layer.right].scale / target.scale
        shift = fit_shift(max(left, right), ADD_MULTIPLIER_MAX, 29)
        return Add(
            layer.name,
            layer.summary,
            layer.left,
            layer.right,
            layer.target,
            min(round(left * 2.0**shift), ADD_MULTIPLIER_MAX),
            min(round(right * 2.0**shift), ADD_MULTIPLIER_MAX),
            shift,
        )
    source = tensors[layer.source]
    if isinstance(layer, PoolLayer):
        bound = source.steps * source.limit
        _check_bound(layer, bound)
        division = scale_mean(source.steps, source.limit)
        return GlobalPool(layer.name, layer.summary, layer.source, layer.target, *division, bound)
    quantised = weights[layer.target]
    step = source.scale * quantised.scale
    bias = np.rint(layer.bias / step)
    rows = np.abs(quantised.integers.astype(np.int64)).sum(axis=1)
    bound = int((rows * source.limit + np.abs(bias).astype(np.int64)).max())
    _check_bound(layer, bound)
    scaling = scale_channels(
        bias.astype(np.int32),
        step * layer.post_scale / target.scale,
        layer.negative_slope,
        layer.post_shift / target.scale,
        target.limit,
    )
    return Linear(
        layer.name,
        layer.summary,
        layer.kind,
        layer.source,
        layer.target,
        quantised.integers,
        layer.kernel,
        layer.padding,
        layer.pool,
        scaling,
        quantised.scale,
        bound,
    )


def _check_bound(layer: Layer, bound: int) -> None:
    if bound > INT32_MAX:
        raise AssertionError(f"{layer.name}: accumulator bound {bound} exceeds 32 bits")


def _quantise_decision(decision: Decision) -> IntegerDecision:
    """Bring the settings of the rule, shares of one, to Q30, rounded to the nearest."""
    distrust = decision.distrust
    return IntegerDecision(
        rule=decision.rule,
        delta=_q30(decision.delta),
        thresholds=(_q30(decision.thresholds[0]), _q30(decision.thresholds[1])),
        abstention=_q30(decision.abstention),
        heads=decision.heads,
        normal=decision.normal,
        distrust=None if distrust is None else (_q30(distrust[0]), _q30(distrust[1])),
    )


def _q30(value: float) -> int:
    return int(np.clip(np.rint(value * Q30_ONE), 0, Q30_ONE))
