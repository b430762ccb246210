import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from firmware_export._encoding import encode_readings
from firmware_export._extract import extract_graph
from firmware_export._graph import Residual
from firmware_export._reference import run_reference, scale_readings
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._softmax import softmax
from skdualcnn.exceptions import ExportError

SHAPES = {
    "default": ({}, (60, 9), 2),
    "relu, three heads": ({"activation": "relu", "pool_size": 3}, (60, 10), 3),
    "separate": ({"sharing": "none", "conv_channels": (3, 5)}, (60, 13), 2),
    "one head": ({"pool_size": 1, "kernel_size": 5}, (60, 7), 0),
    "global pooling": ({"global_pooling": True, "residual_blocks": 1}, (60, 24), 3),
    "window, separate, global pooling": (
        {"global_pooling": True, "sharing": "none", "conv_channels": (3, 4), "pool_size": 1},
        (60, 7, 3),
        2,
    ),
    "no block": ({"conv_channels": ()}, (60, 7, 3), 2),
    "no block, global pooling": ({"conv_channels": (), "global_pooling": True}, (60, 7, 3), 2),
    "window": ({"residual_blocks": 2, "conv_channels": (4,)}, (60, 11, 3), 2),
}


def _fit(parameters, shape, heads):
    rng = np.random.default_rng(0)
    X = rng.random(shape)
    y = rng.integers(0, 3, (shape[0], heads)) if heads else rng.integers(0, 2, shape[0])
    settings = {"conv_channels": (5,), "dense_units": 6, "max_epochs": 2, "lr": 0.01}
    classifier = DualPathCNNClassifier(random_state=0, **(settings | parameters)).fit(X, y)
    # Batch norm far from the identity, with a negative scale.
    for net in classifier.nets_:
        for module in net.module_.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                with torch.no_grad():
                    module.weight.copy_(torch.linspace(-1, 2, len(module.weight)))
                    module.bias.copy_(torch.linspace(1, -1, len(module.bias)))
    return classifier, X


@pytest.mark.parametrize(("parameters", "shape", "heads"), SHAPES.values(), ids=SHAPES.keys())
def test_graph_computes_what_the_classifier_computes(parameters, shape, heads):
    classifier, X = _fit(parameters, shape, heads)
    graph = extract_graph(FrozenEstimator(classifier))
    signal = scale_readings(graph.front_end, encode_readings(graph.front_end, X))
    tensors = run_reference(graph, signal)
    wanted = classifier.predict_proba(X)
    wanted = list(wanted) if heads else [wanted]
    assert graph.single_output == (heads == 0)
    assert [head.classes for head in graph.heads] == [tuple(range(one.shape[1])) for one in wanted]
    for path in graph.paths:
        outputs = [one[:, 0] for one in tensors[: _tensors_of(path)][-len(path.heads) :]]
        tensors = tensors[_tensors_of(path) - 1 :]
        for got in outputs:
            np.testing.assert_allclose(softmax(got), wanted.pop(0), atol=1e-5)
    assert not wanted


def _tensors_of(path):
    """Return how many tensors a path has, the input included."""
    layers = sum(3 if isinstance(layer, Residual) else 1 for layer in path.layers)
    return 2 + layers + len(path.heads)


def test_decider_around_a_pipeline(decider):
    graph = extract_graph(decider)
    assert graph.decision.rule == "anomaly"
    assert graph.decision.thresholds == (0.5, 0.4)
    assert graph.decision.heads == (0, 1)
    names = [head.classes[i] for head, i in zip(graph.heads, graph.decision.normal, strict=True)]
    assert names == ["normal", "normal"]


def test_decider_with_one_head(ward, small_network):
    X, y = ward
    numeric = make_pipeline(MinMaxScaler(clip=True), small_network)
    decider = FusionDecider(numeric).fit(X[["Heart rate", "bytes"]], y[["cyber"]])
    graph = extract_graph(decider)
    assert graph.decision.heads == (None, 0)
    assert graph.decision.normal == (0, 1)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "Cannot export a LogisticRegression, expected a fitted Dual"),
        (GridSearchCV(LogisticRegression(), {}), "of a search export its best_estimator_"),
        (DualPathCNNClassifier(), "DualPathCNNClassifier is not fitted"),
        (FusionDecider(DualPathCNNClassifier()), "FusionDecider is not fitted"),
        (make_pipeline(MinMaxScaler(), DualPathCNNClassifier()), "is not fitted"),
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_named(estimator, message):
    with pytest.raises(ExportError, match=message):
        extract_graph(estimator)
