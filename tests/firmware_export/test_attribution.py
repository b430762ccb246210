from dataclasses import replace

import numpy as np
import pytest

from firmware_export._attribution import find_causes, try_effects
from firmware_export._figures import read_head_labels
from firmware_export._quantize import quantise
from firmware_export._reference import run_reference, scale_readings
from skdualcnn._softmax import softmax


def _readings(rows=400, columns=12):
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)


def _with_tensor(quantised, index, **change):
    tensors = list(quantised.tensors)
    tensors[index] = replace(tensors[index], **change)
    return replace(quantised, tensors=tuple(tensors))


@pytest.mark.parametrize("pooling", [False, True])
@pytest.mark.parametrize("separate", [False, True])
def test_every_effect_is_tried_on_its_own(make_graph, separate, pooling):
    graph = make_graph(residuals=1, separate=separate, pooling=pooling, rule="anomaly")
    readings = _readings()
    quantised = quantise(graph, readings, calibration="percentile", activation_bits=8)
    exact, tried = try_effects(graph, quantised, readings[:, None])
    tensors = run_reference(graph, scale_readings(graph.front_end, readings))
    for head, probabilities in zip(quantised.heads, exact, strict=True):
        np.testing.assert_allclose(probabilities, softmax(tensors[head.tensor][:, 0]))
    names = {tensor.name for tensor in quantised.tensors}
    assert {layer for layer, kind in tried if kind == "rounding"} == {*names, "probabilities"}
    assert {layer for layer, kind in tried if kind == "weights"} == {
        operation.name for operation in quantised.operations if hasattr(operation, "weight")
    }
    assert ("residual1_sum" in names) != separate
    assert ("pooling" in names) == (pooling and not separate)
    for effect, probabilities in tried.items():
        gap = max(np.abs(a - b).max() for a, b in zip(exact, probabilities, strict=True))
        assert 0 < gap < 0.5, effect


@pytest.mark.parametrize(
    ("spoil", "layer", "kind"),
    [
        # as few steps as fit the same range
        (lambda tensor: {"limit": 2, "scale": tensor.scale * tensor.limit / 2}, 1, "rounding"),
        # the same steps, but a tenth of the range
        (lambda tensor: {"limit": tensor.limit // 10}, 2, "clipping"),
    ],
)
def test_the_spoilt_signal_is_named(make_graph, spoil, layer, kind):
    graph, readings = make_graph(residuals=1, rule="anomaly"), _readings()
    quantised = quantise(graph, readings)
    spoilt = _with_tensor(quantised, layer, **spoil(quantised.tensors[layer]))
    labels = read_head_labels(graph, np.random.default_rng(0).integers(0, 2, (400, 2)))
    causes = find_causes(graph, spoilt, readings[:, None], labels)
    assert (causes[0].layer, causes[0].kind) == (quantised.tensors[layer].name, kind)
    assert causes[0].changed > 5 * causes[1].changed
    assert len(causes[0].roc_auc_changes) == 2
    assert abs(causes[0].roc_auc_changes[0]) > 0


def test_spoilt_weights_are_named(make_graph):
    graph, readings = make_graph(rule="anomaly"), _readings()
    quantised = quantise(graph, readings)
    dense = quantised.operations[1]
    coarse = np.rint(dense.weight / 100).astype(np.int8)
    spoilt = replace(dense, weight=coarse, weight_scale=dense.weight_scale * 100)
    operations = (quantised.operations[0], spoilt, *quantised.operations[2:])
    causes = find_causes(graph, replace(quantised, operations=operations), readings[:, None], [])
    assert (causes[0].layer, causes[0].kind) == ("dense", "weights")
    assert causes[0].roc_auc_changes == ()


def test_training_is_a_cause_too(make_graph):
    graph, readings = make_graph(), _readings()
    quantised = quantise(graph, readings)
    before = [np.eye(len(head.classes))[np.zeros(400, dtype=int)] for head in quantised.heads]
    causes = find_causes(graph, quantised, readings[:, None], [], before)
    assert (causes[0].layer, causes[0].kind) == ("network", "training")
