from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._integer import linear, run
from firmware_export._integer_graph import GlobalPool, Linear
from firmware_export._integer_readings import quantise_readings
from firmware_export._quantize import quantise
from firmware_export._reference import run_reference, scale_readings
from firmware_export._rows import stack_windows
from firmware_export._twin import answer
from skdualcnn._softmax import softmax
from skdualcnn.exceptions import ExportError


def _readings(graph, rows=50, seed=1):
    shape = rows, len(graph.front_end.readings)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    steps=st.integers(5, 21),
    channels=st.integers(1, 4),
    kernel=st.sampled_from([1, 3, 5]),
    residuals=st.integers(0, 2),
    pooling=st.booleans(),
    slope=st.sampled_from([0.0, 0.01]),
    bits=st.sampled_from([8, 16]),
    calibration=st.sampled_from(["minmax", "percentile", "mse"]),
)
def test_no_accumulator_can_overflow(
    make_graph, seed, steps, channels, kernel, residuals, pooling, slope, bits, calibration
):
    graph = make_graph(
        seed,
        steps=steps,
        channels=channels,
        kernel=kernel,
        residuals=residuals,
        pooling=pooling,
        slope=slope,
    )
    quantised = quantise(graph, _readings(graph), activation_bits=bits, calibration=calibration)
    # Whatever comes in: every signal stays within its limit.
    wild = (_readings(graph, seed=seed) * 1e4).astype(np.float32)
    tensors = run(quantised, quantise_readings(quantised, wild))
    for tensor, values in zip(quantised.tensors, tensors, strict=True):
        assert np.abs(values).max() <= tensor.limit
    for layer in quantised.operations:
        if not isinstance(layer, Linear):
            continue
        limit = quantised.tensors[layer.source].limit
        weight, bias = layer.weight.astype(object), layer.scaling.bias.astype(object)
        worst = max(
            sum(abs(one) for one in row) * limit + abs(first)
            for row, first in zip(weight, bias, strict=True)
        )
        assert worst <= layer.bound < 2**31
        assert np.abs(layer.scaling.multiplier.astype(int)).max() <= 32767
        assert layer.scaling.preshift.max() <= 16
        assert 0 <= layer.scaling.slope <= 2**15
        assert 0 <= layer.scaling.slope_shift <= 15
        assert np.abs(layer.scaling.offset.astype(np.int64)).max() <= 2**30


@pytest.mark.parametrize("steps", [4, 5, 7, 12])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_kernels_read_nothing_beyond_a_tensor(make_graph, steps, channels, kernel):
    graph = make_graph(steps=steps, channels=channels, kernel=kernel, pool=1, residuals=1)
    quantised = quantise(graph, _readings(graph))
    for layer in quantised.operations:
        if isinstance(layer, Linear):
            source, target = quantised.tensors[layer.source], quantised.tensors[layer.target]
            first = (source.padding - layer.padding) * source.channels
            last_window = first + (target.steps * layer.pool - 1) * source.channels
            assert last_window + layer.reach <= source.storage
            assert layer.weight.shape[1] <= layer.reach < layer.weight.shape[1] + 4


def test_limit_is_lowered_where_the_accumulator_needs_it(make_graph):
    graph = make_graph(steps=300, blocks=(16,), pool=1, units=4)
    layers = graph.paths[0]
    loud = replace(layers.dense, weight=np.sign(layers.dense.weight))
    graph = replace(graph, paths=(replace(layers, dense=loud),))
    quantised = quantise(graph, _readings(graph))
    source = quantised.tensors[1]
    assert source.limit == pytest.approx(2**31 / (4800 * 127), rel=1e-2)
    dense = quantised.operations[1]
    # The input that makes a row as large as it can get.
    worst = np.sign(dense.weight[0].astype(np.int32)) * source.limit
    signal = worst.reshape(1, source.steps, source.channels)
    exact = int(np.abs(dense.weight[0].astype(int)).sum()) * source.limit
    exact += int(dense.scaling.bias[0])
    assert 2**30 < abs(exact) < 2**31
    target = quantised.tensors[2]
    assert linear(signal, dense, 1, target.limit)[0, 0, 0] == target.limit


def test_too_many_inputs_for_an_accumulator_is_an_error(make_graph):
    graph = make_graph(steps=20_000, blocks=(16,), pool=1, units=1, classes=(2,))
    path = graph.paths[0]
    loud = replace(path.dense, weight=np.ones_like(path.dense.weight))
    graph = replace(graph, paths=(replace(path, dense=loud),))
    with pytest.raises(ExportError, match=r"'dense' sums 320000 inputs: a 32-bit accumulator"):
        quantise(graph, _readings(graph, rows=1))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("calibration", ["minmax", "percentile", "mse"])
def test_what_is_pooled_keeps_its_scale(make_graph, bits, calibration):
    graph = make_graph(steps=48, residuals=1, pooling=True)
    quantised = quantise(graph, _readings(graph), activation_bits=bits, calibration=calibration)
    pool = next(one for one in quantised.operations if isinstance(one, GlobalPool))
    source, target = quantised.tensors[pool.source], quantised.tensors[pool.target]
    assert (source.scale, source.limit) == (target.scale, target.limit)
    assert (target.steps, target.channels) == (1, 2 * source.channels)
    assert pool.bound == 24 * source.limit


def test_what_is_pooled_has_the_limit_that_its_reader_needs(make_graph):
    graph = make_graph(steps=4, channels=900, blocks=(), pooling=True, separate=True)
    first, second = graph.paths
    loud = replace(first.dense, weight=np.sign(first.dense.weight))
    graph = replace(graph, paths=(replace(first, dense=loud), second))
    quantised = quantise(graph, _readings(graph))
    limits = {one.limit for one in quantised.tensors if one.name.endswith(("input", "pooling"))}
    assert len(limits) == 1
    assert limits.pop() == pytest.approx(2**31 / (1800 * 127), rel=1e-2)


def test_as_many_steps_are_pooled_as_a_graph_may_have(make_graph):
    graph = make_graph(steps=65_534, kernel=1, blocks=(), pooling=True, units=1, classes=(2,))
    readings = np.vstack([_readings(graph, rows=1), np.full((2, 65_534), 1e9)])
    readings[2] *= -1
    quantised = quantise(graph, readings[:1].astype(np.float32))
    tensors = run(quantised, quantise_readings(quantised, readings.astype(np.float32)))
    limit = quantised.tensors[0].limit
    assert limit == 32767
    assert tensors[1][1:].tolist() == [[[limit, limit]], [[-limit, -limit]]]
    with pytest.raises(ExportError, match="65535 inputs from 65535 readings, expected at most"):
        quantise(make_graph(steps=65_535, blocks=(), pooling=True), np.zeros((1, 65_535)))


@pytest.mark.parametrize(("bits", "worst_db", "worst_gap"), [(16, 30, 0.02), (8, 24, 0.05)])
@pytest.mark.parametrize("slope", [0.0, 0.01])
@pytest.mark.parametrize("pooling", [False, True])
def test_integers_stay_close_to_the_float_network(
    make_graph, bits, worst_db, worst_gap, slope, pooling
):
    graph = make_graph(
        steps=37, channels=2, blocks=(8, 8), residuals=2, slope=slope, pooling=pooling
    )
    readings = _readings(graph, rows=200)
    quantised = quantise(graph, readings, activation_bits=bits)
    exact = run_reference(graph, scale_readings(graph.front_end, readings))
    rounded = run(quantised, quantise_readings(quantised, readings))
    for tensor, wanted, got in zip(quantised.tensors, exact, rounded, strict=True):
        noise = np.sum((wanted - got * tensor.scale) ** 2)
        assert 10 * np.log10(np.sum(wanted**2) / noise) > worst_db, tensor.name
    for head, got in zip(quantised.heads, answer(quantised, readings).probabilities, strict=True):
        wanted = softmax(exact[head.tensor][:, 0])
        assert np.abs(wanted - got / 2**30).max() < worst_gap


def test_a_large_bias_does_not_cost_the_other_channels(make_graph):
    graph = make_graph(steps=9)
    first = graph.paths[0].layers[0]
    bias = first.bias.copy()
    bias[0] = 1e6
    path = replace(graph.paths[0], layers=(replace(first, bias=bias),))
    quantised = quantise(replace(graph, paths=(path,)), _readings(graph))
    assert quantised.tensors[0].limit > 20_000


def test_percentile_covers_less_than_the_largest(make_graph):
    graph = make_graph()
    readings = _readings(graph, rows=500)
    largest = quantise(graph, readings).tensors[1]
    usual = quantise(graph, readings, calibration="percentile").tensors[1]
    assert usual.scale * usual.limit < largest.scale * largest.limit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation_bits": 4}, "activation_bits=4, expected 8 or 16"),
        ({"calibration": "entropy"}, "calibration='entropy', expected one of"),
    ],
)
def test_arguments_out_of_their_domain(make_graph, change, message):
    graph = make_graph()
    with pytest.raises(ExportError, match=message):
        quantise(graph, _readings(graph), **change)


def test_calibration_data_must_be_there_and_finite(make_graph):
    graph = make_graph()
    readings = _readings(graph)
    with pytest.raises(ExportError, match="no row"):
        quantise(graph, readings[:0])
    readings[3, 2] = np.nan
    with pytest.raises(ExportError, match="missing or infinite"):
        quantise(graph, readings)


def test_rows_of_a_window_must_be_few_enough_to_count(make_graph):
    graph = make_graph(steps=3, window=True, stride=32766)
    windows = stack_windows(_readings(graph), 3)
    assert quantise(graph, windows).history == 65533
    far = replace(graph, front_end=replace(graph.front_end, stride=32767))
    with pytest.raises(ExportError, match="3 rows that are 32767 apart reaches over 65535 rows"):
        quantise(far, windows)


def test_digest_tells_graphs_apart(make_graph):
    assert make_graph(0).digest == make_graph(0).digest
    assert make_graph(0).digest != make_graph(1).digest
    assert len(make_graph(0).digest) == 64
