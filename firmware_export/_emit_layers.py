"""Template values of the network: tensors, where they lie, and the layers' tables."""

import textwrap
from typing import Any

from firmware_export._integer_graph import Add, GlobalPool, IntegerGraph, Linear, Operation
from firmware_export._literals import interleave, plain_rows, table, vector_rows
from firmware_export._names import comment_text, head_identifiers, unique_identifiers


def tensor_context(graph: IntegerGraph, offsets: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return what the templates print of each tensor."""
    symbols = unique_identifiers([tensor.name for tensor in graph.tensors])
    tensors: list[dict[str, Any]] = [
        {
            "index": index,
            "symbol": symbol,
            "upper": symbol.upper(),
            "at": f"arena + AT_{symbol.upper()}",
            "offset": offset,
            "steps": tensor.steps,
            "shape": f"{tensor.steps} x {tensor.channels}",
            "size": tensor.size,
            "storage": tensor.storage,
            "before": tensor.padding * tensor.channels,
            "lead": _plus(tensor.padding * tensor.channels),
            "after": tensor.padding * tensor.channels + tensor.spare,
        }
        for index, (tensor, symbol, offset) in enumerate(
            zip(graph.tensors, symbols, offsets, strict=True)
        )
    ]
    if graph.is_input_kept:
        tensors[0]["at"] = "state->inputs"
    names = head_identifiers(head.name for head in graph.heads)
    for head, name in zip(graph.heads, names, strict=True):
        tensors[head.tensor]["at"] = f"result->{name}_logit"
    return tensors


def layer_context(
    graph: IntegerGraph, tensors: list[dict[str, Any]], *, host: bool
) -> list[dict[str, Any]]:
    """Return what the templates print of each layer, in the order they run."""
    return [_layer(graph, operation, tensors, host=host) for operation in graph.operations]


def _layer(
    graph: IntegerGraph, operation: Operation, tensors: list[dict[str, Any]], *, host: bool
) -> dict[str, Any]:
    own = {
        "symbol": tensors[operation.target]["symbol"],
        "text": _wrapped(f"{operation.name}: {operation.summary}."),
        "limit": graph.tensors[operation.target].limit,
        "target": tensors[operation.target],
    }
    if isinstance(operation, Linear):
        return own | _linear(graph, operation, tensors, host=host)
    if isinstance(operation, Add):
        return own | _add(graph, operation, tensors)
    return own | _global_pool(graph, operation, tensors)


def arena_map(graph: IntegerGraph, offsets: tuple[int, ...]) -> list[str]:
    """Return a line for each tensor: place, shape, scale."""
    width = max(len(comment_text(tensor.name)) for tensor in graph.tensors)
    places = [
        f"{offset:6d} .. {offset + tensor.storage - 1:6d}"
        for tensor, offset in zip(graph.tensors, offsets, strict=True)
    ]
    if graph.is_input_kept:
        places[0] = f"{'in the state':>16}"
    for head in graph.heads:
        places[head.tensor] = f"{'in the result':>16}"
    return [
        f"{comment_text(tensor.name):<{width}}  {place}  "
        f"{tensor.steps} x {tensor.channels}"
        f"{f', {tensor.padding} step(s) of zeros around it' if tensor.padding else ''}"
        f", scale {tensor.scale:.6g}, limit {tensor.limit}"
        for tensor, place in zip(graph.tensors, places, strict=True)
    ]


def _linear(
    graph: IntegerGraph, layer: Linear, tensors: list[dict[str, Any]], *, host: bool
) -> dict[str, Any]:
    source, target = graph.tensors[layer.source], graph.tensors[layer.target]
    scaling = layer.scaling
    weights = plain_rows(layer) if host else interleave(layer)
    # On esp-nn.
    takes_vectors = not host and graph.signal_bytes == 1 and layer.kind != "convolution"
    vectors = vector_rows(layer) if takes_vectors else None
    lowest, highest = layer.weight_scale.min(), layer.weight_scale.max()
    channels = zip(scaling.bias, scaling.multiplier, scaling.preshift, scaling.shift, strict=True)
    return {
        "kind": "convolution" if layer.kind == "convolution" else "dense",
        "kernel": _kernel(graph, layer),
        "notes": [
            f"input scale {source.scale:.6g}, limit {source.limit}; "
            f"output scale {target.scale:.6g}, limit {target.limit}",
            f"weight scales {lowest:.6g} .. {highest:.6g}",
            f"no accumulator can exceed {layer.bound} in magnitude, "
            f"{layer.bound / 2**31:.0%} of 32 bits",
        ],
        "rows": len(layer.weight),
        "window": layer.reach,
        "stride": source.channels,
        "steps": target.steps,
        "pool": layer.pool,
        "slope": scaling.slope,
        "slope_shift": scaling.slope_shift,
        "offsets": table(scaling.offset),
        "weight_count": weights.size,
        "weights": table(weights),
        "vectors": "" if vectors is None else table(vectors.ravel()),
        "vector_inputs": 0 if vectors is None else vectors.shape[1],
        "channels": [f"{{ {', '.join(str(int(value)) for value in row)} }}" for row in channels],
        "sources": [
            tensors[layer.source]["at"] + _plus((source.padding - layer.padding) * source.channels)
        ],
    }


def _add(graph: IntegerGraph, layer: Add, tensors: list[dict[str, Any]]) -> dict[str, Any]:
    target = graph.tensors[layer.target]
    return {
        "kind": "add",
        "kernel": "add",
        "notes": [f"output scale {target.scale:.6g}, limit {target.limit}"],
        "count": target.size,
        "multiplier_left": layer.multiplier_left,
        "multiplier_right": layer.multiplier_right,
        "shift": layer.shift,
        "sources": [_first_value(tensors[layer.left]), _first_value(tensors[layer.right])],
    }


def _global_pool(
    graph: IntegerGraph, layer: GlobalPool, tensors: list[dict[str, Any]]
) -> dict[str, Any]:
    source = graph.tensors[layer.source]
    return {
        "kind": "global_pool",
        "kernel": "global_pool",
        "notes": [
            f"scale {source.scale:.6g}, limit {source.limit}, of the input and of the output",
            f"no sum can exceed {layer.bound} in magnitude, {layer.bound / 2**31:.0%} of 32 bits",
        ],
        "count": source.size,
        "channels": source.channels,
        "multiplier": layer.multiplier,
        "preshift": layer.preshift,
        "shift": layer.shift,
        "sources": [_first_value(tensors[layer.source])],
    }


def _kernel(graph: IntegerGraph, layer: Linear) -> str:
    """Return the kernel that runs a layer, the last part of its name in C."""
    if layer.kind == "convolution" and layer.pool > 1:
        return "pooled"
    if layer.kind == "logits" and graph.signal_bytes == 2:
        return "dense"
    return layer.kind


def _first_value(tensor: dict[str, Any]) -> str:
    return f"{tensor['at']}{tensor['lead']}"


def _plus(values: int) -> str:
    return f" + {values}u" if values else ""


def _wrapped(text: str) -> str:
    """Return the inside of a comment in lines of readable length."""
    return textwrap.fill(comment_text(text), width=92, subsequent_indent="     * ")
