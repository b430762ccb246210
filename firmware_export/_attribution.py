"""Which layer makes the integers answer unlike the floats, found by trying each alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_export._figures import HeadLabels
from firmware_export._graph import Floats, Graph
from firmware_export._integer import Q30_ONE, decide
from firmware_export._integer_graph import IntegerDecision, IntegerGraph, Linear, Operation, Tensor
from firmware_export._integer_readings import quantise_readings
from firmware_export._layers import Layer, LinearLayer, list_layers
from firmware_export._reference import run_layers, scale_readings
from firmware_export._twin import batches
from skdualcnn._softmax import softmax

Kind = Literal["weights", "rounding", "clipping", "training"]
Effect = tuple[str, Kind]
Probabilities = list[Floats]
"""Of each head, an array of shape (n, n_classes)."""

PROBABILITIES = "probabilities"
"""Stands for the last rounding, to multiples of 2**-30, among the layers."""


@dataclass(frozen=True)
class Cause:
    """What one effect of quantisation does to the answers of the float network on its own.

    Attributes
    ----------
    layer : str
        Signal that is rounded or clipped, or layer whose weights are in 8 bits; "network"
        for all of it.
    kind : {"weights", "rounding", "clipping", "training"}
        "training" is that of `qat_epochs`, before anything is rounded.
    changed : float
        Share of the rows that it gives another answer.
    roc_auc_changes : tuple of float
        By how much it moves the ROC-AUC of each head, not a number if there is none;
        empty without labels.
    """

    layer: str
    kind: Kind
    changed: float
    roc_auc_changes: tuple[float, ...]


def find_causes(
    graph: Graph,
    quantised: IntegerGraph,
    windows: NDArray[np.float32],
    labels: Sequence[HeadLabels],
    untrained: Probabilities | None = None,
) -> tuple[Cause, ...]:
    """Return what each effect of quantisation does on its own, the largest first.

    Parameters
    ----------
    graph : Graph
    quantised : IntegerGraph
        Of the graph.
    windows : ndarray of shape (n, window, n_readings) and dtype float32
    labels : sequence of HeadLabels
        One per head; empty without labels.
    untrained : list of ndarray of shape (n, n_classes) or None
        Of each head, the probabilities before quantisation-aware training.
    """
    exact, tried = try_effects(graph, quantised, windows)
    pairs = {effect: (exact, changed) for effect, changed in tried.items()}
    if untrained is not None:
        pairs["network", "training"] = (untrained, exact)
    causes = []
    for (layer, kind), (before, after) in pairs.items():
        told = [answer_codes(one, quantised.decision) for one in (before, after)]
        causes.append(
            Cause(
                layer,
                kind,
                changed=float((told[0] != told[1]).any(axis=1).mean()),
                roc_auc_changes=tuple(
                    head.roc_auc(after[position]) - head.roc_auc(before[position])
                    for position, head in enumerate(labels)
                ),
            )
        )
    return tuple(sorted(causes, key=lambda cause: -cause.changed))


def answer_codes(
    probabilities: Probabilities, decision: IntegerDecision | None
) -> NDArray[np.int64]:
    """Return decisions, of shape (n, 1), or without a decider classes, (n, n_heads)."""
    if decision is None:
        return np.column_stack([one.argmax(axis=1) for one in probabilities])
    integers = [np.rint(one * Q30_ONE).astype(np.int32) for one in probabilities]
    return decide(integers, decision)[:, None]


def try_effects(
    graph: Graph, quantised: IntegerGraph, windows: NDArray[np.float32]
) -> tuple[Probabilities, dict[Effect, Probabilities]]:
    """Run the float network, and again for each effect of quantisation with this one alone.

    Parameters
    ----------
    graph : Graph
    quantised : IntegerGraph
        Of the graph.
    windows : ndarray of shape (n, window, n_readings) and dtype float32

    Returns
    -------
    exact : list of ndarray of shape (n, n_classes)
        Without any.
    tried : dict
        The same with each, by layer and kind; an effect without consequence is left out.
    """
    layers = list_layers(graph)
    outputs = [head.tensor for head in quantised.heads]
    parts: list[Probabilities] = []
    changes: list[dict[Effect, Probabilities]] = []
    for batch in batches(quantised, windows):
        tensors = run_layers(layers, [scale_readings(graph.front_end, batch)])
        input_integers = quantise_readings(quantised, batch)
        exact = [softmax(tensors[output][:, 0]) for output in outputs]
        parts.append(exact)
        changes.append({(PROBABILITIES, "rounding"): [_round_q30(one) for one in exact]})
        for effect, changed in _run_effects(layers, quantised, tensors, input_integers):
            changes[-1][effect] = [softmax(changed[output][:, 0]) for output in outputs]
    exact = _join(parts)
    effects = {effect for change in changes for effect in change}
    return exact, {
        effect: _join(
            [change.get(effect, part) for change, part in zip(changes, parts, strict=True)]
        )
        for effect in effects
    }


def _join(parts: Sequence[Probabilities]) -> Probabilities:
    return [np.concatenate(head) for head in zip(*parts, strict=True)]


def _run_effects(
    layers: list[Layer],
    quantised: IntegerGraph,
    tensors: list[Floats],
    input_integers: NDArray[np.int32],
) -> Iterator[tuple[Effect, list[Floats]]]:
    """Yield each effect with all tensors that follow from it."""
    for index, tensor in enumerate(quantised.tensors):
        for kind, changed in _change_signal(tensor, tensors[index], index, input_integers):
            yield (tensor.name, kind), run_layers(layers, [*tensors[:index], changed])
    operations = {operation.target: operation for operation in quantised.operations}
    for index, layer in enumerate(layers):
        if isinstance(layer, LinearLayer):
            coarse = _round_weights(layer, operations[layer.target], quantised.tensors)
            changed_layers = [*layers[:index], coarse, *layers[index + 1 :]]
            yield (layer.name, "weights"), run_layers(changed_layers, tensors[: index + 1])


def _change_signal(
    tensor: Tensor, exact: Floats, index: int, input_integers: NDArray[np.int32]
) -> Iterator[tuple[Kind, Floats]]:
    """Yield a signal rounded but not clipped, and clipped but not rounded."""
    largest = tensor.limit * tensor.scale
    # The front end rounds in its own way, single precision of the readings included.
    rounded = input_integers if index == 0 else np.rint(exact / tensor.scale)
    beyond = np.abs(exact) > largest * (1 + 1e-9)
    yield "rounding", np.where(beyond, exact, rounded * tensor.scale)
    if beyond.any():
        yield "clipping", np.clip(exact, -largest, largest)


def _round_weights(
    layer: LinearLayer, operation: Operation, tensors: Sequence[Tensor]
) -> LinearLayer:
    """Return the layer with the real values of its integer weights and biases."""
    if not isinstance(operation, Linear):
        raise AssertionError(f"{layer.name}: {type(operation).__name__} in place of Linear")
    step = tensors[layer.source].scale * operation.weight_scale
    return replace(
        layer,
        weight=operation.weight * operation.weight_scale[:, None],
        bias=np.rint(layer.bias / step) * step,
    )


def _round_q30(probabilities: Floats) -> Floats:
    """Round down to Q30, what is left over going to the most likely class."""
    rounded = np.floor(probabilities * Q30_ONE) / Q30_ONE
    rows = np.arange(len(rounded))
    rounded[rows, probabilities.argmax(axis=1)] += 1 - rounded.sum(axis=1)
    return rounded
