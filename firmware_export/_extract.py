"""Fitted estimator -> graph: the only place that knows how the estimators keep their weights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from firmware_export._columns import plain_front_end, read_front_end
from firmware_export._graph import (
    Convolution,
    Decision,
    Dense,
    Floats,
    FrontEnd,
    GlobalPooling,
    Graph,
    Head,
    Path,
    Residual,
)
from skdualcnn import DualPathCNNClassifier, FusionDecider, TunedFusionDecider
from skdualcnn._fusion_rule import FusionRule
from skdualcnn.exceptions import ExportError
from skdualcnn.network import _blocks


def extract_graph(estimator: Any) -> Graph:
    """Read the layers off a fitted estimator.

    Parameters
    ----------
    estimator : FusionDecider, Pipeline or DualPathCNNClassifier
        Fitted; a FrozenEstimator around any of them is looked through.

    Returns
    -------
    Graph

    Raises
    ------
    ExportError
        If it is not fitted, or it or one of its steps is of a kind that cannot be
        turned into firmware.
    """
    estimator = unfreeze(estimator)
    if isinstance(estimator, FusionDecider):
        _check_fitted(estimator)
        graph = _calibrate(extract_graph(estimator.estimator_), estimator)
        return replace(graph, decision=_read_decision(estimator))
    steps: Sequence[tuple[str, Any]] = []
    classifier = estimator
    if isinstance(estimator, Pipeline):
        _check_fitted(estimator)
        kept = [(name, step) for name, step in estimator.steps if not _is_passthrough(step)]
        steps, classifier = kept[:-1], unfreeze(kept[-1][1])
    if not isinstance(classifier, DualPathCNNClassifier):
        raise ExportError(
            f"Cannot export a {type(classifier).__name__}, expected a fitted "
            "DualPathCNNClassifier, a Pipeline that ends in one, or a FusionDecider or "
            "TunedFusionDecider around either. Fit one of these and export it; of a "
            "search export its best_estimator_, of a ConformalFusionDecider its decider_: "
            "prediction sets are not in the C."
        )
    _check_fitted(classifier)
    return _read_classifier(classifier, steps)


def unfreeze(estimator: Any) -> Any:
    """Return what a FrozenEstimator or a TunedFusionDecider holds; anything else as it is."""
    while isinstance(estimator, FrozenEstimator | TunedFusionDecider):
        if isinstance(estimator, TunedFusionDecider):
            _check_fitted(estimator)
            estimator = estimator.decider_
        else:
            estimator = estimator.estimator
    return estimator


def _is_passthrough(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _check_fitted(estimator: Any) -> None:
    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise ExportError(
            f"The {type(estimator).__name__} is not fitted, expected one that predicts. Call fit "
            "before the export."
        ) from error


def _read_classifier(classifier: DualPathCNNClassifier, steps: Sequence[tuple[str, Any]]) -> Graph:
    channels, length = classifier.input_shape_
    single = not isinstance(classifier.classes_, list)
    classes = [classifier.classes_] if single else classifier.classes_
    named = zip(classifier.head_names_, classes, strict=True)
    heads = [(name, tuple(labels.tolist())) for name, labels in named]
    paths = []
    for net in classifier.nets_:
        paths.append(_read_network(net.module_, heads, channels))
        heads = heads[len(paths[-1].heads) :]
    return Graph(_read_front_end(classifier, steps, length, channels), tuple(paths), None, single)


def _read_front_end(
    classifier: DualPathCNNClassifier,
    steps: Sequence[tuple[str, Any]],
    length: int,
    channels: int,
) -> FrontEnd:
    if not steps:
        names = getattr(classifier, "feature_names_in_", None)
        named = None if names is None or classifier.windowed_ else [str(one) for one in names]
        return plain_front_end(length, channels, named)
    front_end = read_front_end(steps)
    if (front_end.steps, front_end.channels) != (length, channels):
        raise ExportError(
            f"The steps before the classifier make {front_end.steps} columns, but the classifier "
            f"was fitted on {length} steps of {channels} channel(s). Export the pipeline that was "
            "fitted as one."
        )
    return front_end


def _read_network(module: Any, heads: Sequence[tuple[str, tuple[Any, ...]]], channels: int) -> Path:
    slope = _negative_slope(module.activation)
    layers: list[Convolution | Residual | GlobalPooling] = []
    for block in module.blocks:
        if hasattr(block, "units"):
            first, second = (_read_convolution(unit) for unit in block.units)
            layers.append(Residual(first, second))
        else:
            layers.append(_read_convolution(block))
            channels = block.conv.out_channels
    weight = _array(module.dense.weight)
    if isinstance(module.pooling, _blocks.GlobalPooling):
        layers.append(GlobalPooling())
    else:
        # The network flattens channels first; signals are kept steps first here.
        apart = weight.reshape(len(weight), channels, -1)
        weight = apart.transpose(0, 2, 1).reshape(len(weight), -1)
    dense = Dense(weight, _array(module.dense.bias), slope)
    own = heads[: len(module.heads)]
    return Path(
        tuple(layers),
        dense,
        tuple(
            Head(name, classes, Dense(_array(head.weight), _array(head.bias)))
            for (name, classes), head in zip(own, module.heads, strict=True)
        ),
    )


def _read_convolution(block: Any) -> Convolution:
    norm = block.norm
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return Convolution(
        weight=_array(block.conv.weight),
        bias=_array(block.conv.bias),
        negative_slope=_negative_slope(block.activation),
        post_scale=scale,
        post_shift=_array(norm.bias) - _array(norm.running_mean) * scale,
        pool_size=int(getattr(block.pool, "kernel_size", 1)),
    )


def _negative_slope(activation: Any) -> float:
    return float(getattr(activation, "negative_slope", 0.0))


def _array(parameter: Any) -> Floats:
    return parameter.detach().cpu().numpy().astype(np.float64)


def _calibrate(graph: Graph, decider: FusionDecider) -> Graph:
    """Fold what calibrates each head into its dense layer."""
    if decider.calibrators_ is None:
        return graph
    calibrators = iter(decider.calibrators_)
    paths = tuple(
        replace(
            path,
            heads=tuple(_calibrate_head(head, next(calibrators), decider) for head in path.heads),
        )
        for path in graph.paths
    )
    return replace(graph, paths=paths)


def _calibrate_head(head: Head, calibrator: Any, decider: FusionDecider) -> Head:
    folded = calibrator.on_logits(len(head.classes))
    if folded is None:
        raise ExportError(
            f"calibration={decider.calibration!r} of head {head.name!r} with {len(head.classes)} "
            'classes, expected one that multiplies logits: "temperature", or "sigmoid" of two '
            'classes. Fit with calibration="temperature" to export.'
        )
    matrix, shift = folded
    weight, bias = matrix @ head.dense.weight, matrix @ head.dense.bias + shift
    return replace(head, dense=replace(head.dense, weight=weight, bias=bias))


def _read_decision(decider: FusionDecider) -> Decision:
    rule = FusionRule.of(decider)
    return Decision(
        rule="confidence" if rule.rule == "confidence" else "anomaly",
        delta=float(rule.delta),
        thresholds=rule.thresholds,
        abstention=float(rule.abstention),
        heads=rule.heads,
        normal=rule.normal,
        distrust=rule.distrust,
    )
