"""Quantisation-aware fine-tuning: a fitted network learns to answer alike in integers.

The network trains with the rounding and clipping of its integers on the probabilities
that it gave without them: the answers that the firmware is to repeat. Training on labels
instead moved more answers than the rounding does (docs/house.md).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from firmware_export._calibration import Calibration
from firmware_export._extract import extract_graph, unfreeze
from firmware_export._graph import Graph, Residual
from firmware_export._integer_graph import IntegerGraph, Linear
from firmware_export._quantize import quantise
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._fitting import as_signals
from skdualcnn.network._batches import plan_visits
from skdualcnn.network._fake_quantization import IntegerSteps, fake_quantised
from skdualcnn.network._imitation import imitate


def fine_tune(
    estimator: Any,
    X: Any,
    readings: NDArray[np.float32],
    fit_params: Mapping[str, Any],
    *,
    epochs: int,
    lr: float,
    activation_bits: int,
    calibration: Calibration,
) -> None:
    """Train the network in a fitted estimator to answer in integers as it does in floats.

    Before each epoch the ranges are measured anew; rounding and clipping during it are
    those of the integer graph that would follow.

    Parameters
    ----------
    estimator : FusionDecider, Pipeline or DualPathCNNClassifier
        Fitted; changed in place.
    X : DataFrame or array-like
        What the estimator takes.
    readings : ndarray
        Calibration data, as :func:`firmware_export._quantize.quantise` takes them.
    fit_params : dict
        What the estimator's `fit` was given; the sample weights among it are used.
    epochs : int
        Passes over X.
    lr : float
        Learning rate of Adam in the first epoch; it falls in equal steps towards zero.
    activation_bits : {8, 16}
    calibration : {"minmax", "percentile", "mse"}
    """
    classifier, inputs, sample_weight = _reach_classifier(estimator, X, fit_params)
    answers = classifier.predict_proba(inputs)
    heads = answers if isinstance(answers, list) else [answers]
    inputs = np.asarray(inputs, dtype=np.float32)
    weights = np.ones((len(inputs), len(heads)))
    if sample_weight is not None:
        weights *= np.asarray(sample_weight, dtype=np.float64).reshape(len(inputs), -1)
    for epoch in range(epochs):
        graph = extract_graph(estimator)
        integers = quantise(
            graph, readings, activation_bits=activation_bits, calibration=calibration
        )
        first = 0
        for net, steps in zip(classifier.nets_, read_steps(graph, integers), strict=True):
            own = slice(first, first + len(net.module_.heads))
            first = own.stop
            unlabelled = np.zeros(weights[:, own].shape, dtype=np.int64)
            with fake_quantised(net.module_, steps):
                imitate(
                    net.module_,
                    as_signals(inputs),
                    plan_visits(inputs, unlabelled, weights[:, own]),
                    heads[own],
                    lr=lr * (1 - epoch / epochs),
                    batch_size=classifier.batch_size,
                    seed=(classifier.seed_ + epoch) % 2**31,
                )


def _reach_classifier(
    estimator: Any, X: Any, fit_params: Mapping[str, Any]
) -> tuple[DualPathCNNClassifier, Any, Any]:
    """Return the classifier in an estimator, what it reads of X, and the sample weights."""
    estimator = unfreeze(estimator)
    if isinstance(estimator, FusionDecider):
        return _reach_classifier(estimator.estimator_, X, fit_params)
    sample_weight = fit_params.get("sample_weight")
    if not isinstance(estimator, Pipeline):
        return estimator, X, sample_weight
    name, last = estimator.steps[-1]
    if len(estimator.steps) > 1:
        X = estimator[:-1].transform(X)
    return unfreeze(last), X, fit_params.get(f"{name}__sample_weight", sample_weight)


def read_steps(graph: Graph, integers: IntegerGraph) -> Iterator[IntegerSteps]:
    """Yield what the integers of each path are worth."""
    operations = iter(integers.operations)
    for path in graph.paths:
        body = sum(3 if isinstance(layer, Residual) else 1 for layer in path.layers) + 1
        own = list(islice(operations, body + len(path.heads)))
        signals = [integers.tensors[target] for target in (0, *(one.target for one in own[:body]))]
        yield IntegerSteps(
            weights=tuple(one.weight_scale for one in own if isinstance(one, Linear)),
            signals=tuple(tensor.scale for tensor in signals),
            limits=tuple(tensor.limit for tensor in signals),
        )
