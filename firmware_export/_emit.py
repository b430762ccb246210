"""Integer graph -> C source, through the templates."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

import skdualcnn
from firmware_export._arena import plan_arena, state_bytes
from firmware_export._integer import (
    EXP2_COARSE,
    EXP2_FINE,
    EXP_CUTOFF,
    LOG2_E_Q15,
    Q30_ONE,
)
from firmware_export._integer_graph import (
    Add,
    IntegerCategorical,
    IntegerGraph,
    IntegerNumeric,
    Linear,
)
from firmware_export._literals import (
    categorical_line,
    constant_bytes,
    float_literal,
    interleave,
    numeric_line,
    segment_lines,
    table,
)
from firmware_export._names import comment_text, unique_identifiers
from skdualcnn._rules import DECISIONS


@dataclass(frozen=True)
class GoldenVectors:
    """Rows with the twin's answers, for the self-test.

    Attributes
    ----------
    readings : ndarray of shape (n, n_readings) and dtype float32
    logits, probabilities : list of ndarray of shape (n, n_classes)
        One per head.
    decisions : ndarray of shape (n,) or None
        Positions in `DECISIONS`.
    """

    readings: NDArray[np.float32]
    logits: list[NDArray[np.int32]]
    probabilities: list[NDArray[np.int32]]
    decisions: NDArray[np.int64] | None


def render_firmware(graph: IntegerGraph, prefix: str, vectors: GoldenVectors) -> dict[str, str]:
    """Return the text of every source file, by file name.

    Parameters
    ----------
    graph : IntegerGraph
    prefix : str
        Checked by :func:`firmware_export._names.check_prefix`.
    vectors : GoldenVectors
    """
    context = _context(graph, prefix, vectors)
    names = {
        f"{prefix}.h": "header.h.j2",
        f"{prefix}_model.c": "model.c.j2",
        f"{prefix}_kernels.h": "kernels.h.j2",
        f"{prefix}_kernels.c": "kernels.c.j2",
        f"{prefix}_weights.h": "weights.h.j2",
        f"{prefix}_weights.c": "weights.c.j2",
        f"{prefix}_selftest.c": "selftest.c.j2",
        "Makefile": "Makefile.j2",
        "README.md": "README.md.j2",
    }
    return {name: _render(template, context) for name, template in names.items()}


def render_harness(graph: IntegerGraph, prefix: str) -> str:
    """Return a host program that answers rows from a file; see the template."""
    context = {
        "p": prefix,
        "P": prefix.upper(),
        "heads": _heads(graph, {}),
        "decision": graph.decision,
        "window": graph.window,
    }
    return _render("harness.c.j2", context)


def _render(template: str, context: dict[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["share"] = lambda value: f"{value / Q30_ONE:.5g}"
    return environment.get_template(template).render(context).rstrip("\n") + "\n"


def _context(graph: IntegerGraph, prefix: str, vectors: GoldenVectors) -> dict[str, Any]:
    offsets, arena_values = plan_arena(graph)
    symbols = unique_identifiers([tensor.name for tensor in graph.tensors])
    tensors: list[dict[str, Any]] = [
        {
            "index": index,
            "upper": symbol.upper(),
            "at": f"arena + AT_{symbol.upper()}",
            "offset": offset,
            "steps": tensor.steps,
            "channels": tensor.channels,
            "shape": f"{tensor.steps} x {tensor.channels}",
            "size": tensor.size,
            "storage": tensor.storage,
            "lead": _plus(tensor.padding * tensor.channels),
        }
        for index, (tensor, symbol, offset) in enumerate(
            zip(graph.tensors, symbols, offsets, strict=True)
        )
    ]
    if graph.window > 1:
        tensors[0]["at"] = "state->inputs"
    heads = _heads(graph, {index: one["at"] for index, one in enumerate(tensors)})
    return {
        "p": prefix,
        "P": prefix.upper(),
        "version": skdualcnn.__version__,
        "provenance": _provenance(graph),
        "digest": graph.digest,
        "readings": _readings(graph),
        "inputs": graph.tensors[0].size,
        "window": graph.window,
        "row_inputs": graph.row_inputs,
        "state_bytes": state_bytes(graph),
        "heads": heads,
        "decision": _decision(graph, heads),
        "decision_names": DECISIONS.tolist(),
        "arena_values": arena_values,
        "arena_bytes": 2 * arena_values,
        "arena_map": _arena_map(graph, offsets),
        "constant_bytes": constant_bytes(graph),
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
        "tensors": tensors,
        "numeric": [numeric_line(column) for column in graph.numeric],
        "segments": [
            {"name": comment_text(column.name), "lines": segment_lines(column)}
            for column in graph.numeric
            if column.output is not None
        ],
        "required": any(column.missing is None for column in graph.numeric),
        "categorical": [categorical_line(column) for column in graph.categorical],
        "layers": [
            _linear(graph, operation, tensors, symbols)
            if isinstance(operation, Linear)
            else _add(graph, operation, tensors, symbols)
            for operation in graph.operations
        ],
        "exp2_coarse": table(EXP2_COARSE),
        "exp2_fine": table(EXP2_FINE),
        "exp_cutoff": EXP_CUTOFF,
        "log2_e_q15": LOG2_E_Q15,
        "one": Q30_ONE,
        "vectors": _vectors(vectors, heads),
    }


def _provenance(graph: IntegerGraph) -> str:
    shape = graph.tensors[0]
    window = f", windows of {graph.window} rows" if graph.window > 1 else ""
    lines = [
        f"Generated by skdualcnn {skdualcnn.__version__} (firmware_export); do not edit.",
        f"graph sha256 {graph.digest}",
        f"{len(graph.readings)} readings{window} -> {shape.steps} x {shape.channels} inputs; "
        f"{graph.parameters} parameters; {graph.multiply_adds} multiply-adds",
        f"int8 weights, {graph.activation_bits}-bit activations, calibration {graph.calibration}",
    ]
    return "/*\n" + "\n".join(f" * {comment_text(line)}" for line in lines) + "\n */"


def _readings(graph: IntegerGraph) -> list[dict[str, Any]]:
    columns: dict[int, IntegerNumeric | IntegerCategorical] = {}
    columns.update({column.reading: column for column in graph.numeric})
    columns.update({column.reading: column for column in graph.categorical})
    result = []
    identifiers = unique_identifiers(list(graph.readings))
    for index, (name, identifier) in enumerate(zip(graph.readings, identifiers, strict=True)):
        column = columns[index]
        if isinstance(column, IntegerNumeric):
            note = "only whether it is there counts"
            if column.output is not None:
                note = f"limited to {column.starts[0]:.6g} .. {column.high:.6g}"
            categories = []
        else:
            note = "category"
            categories = [comment_text(repr(label)) for label in column.categories]
            if column.missing is not None:
                categories[column.missing] += ", which NAN counts as"
        result.append(
            {
                "text": comment_text(name),
                "upper": identifier.upper(),
                "comment": f" /* {comment_text(name)}: {note} */",
                "categories": categories,
            }
        )
    return result


def _heads(graph: IntegerGraph, places: dict[int, str]) -> list[dict[str, Any]]:
    identifiers = unique_identifiers([head.name for head in graph.heads])
    return [
        {
            "text": comment_text(repr(head.name)),
            "lower": identifier,
            "upper": identifier.upper(),
            "fraction_bits": head.fraction_bits,
            "at": places.get(head.tensor, ""),
            "labels": ", ".join(comment_text(one) for one in head.classes),
            "classes": [
                {"upper": one.upper()}
                for one in unique_identifiers([str(label) for label in head.classes])
            ],
        }
        for head, identifier in zip(graph.heads, identifiers, strict=True)
    ]


def _decision(graph: IntegerGraph, heads: list[dict[str, Any]]) -> dict[str, Any] | None:
    decision = graph.decision
    if decision is None:
        return None
    scores = []
    for head, normal in zip(decision.heads, decision.normal, strict=True):
        if head is None:
            scores.append("0")
        elif decision.rule == "confidence":
            name = heads[head]["lower"]
            scores.append(f"(int32_t)result->{name}_probability[result->{name}_class]")
        else:
            scores.append(f"ONE - (int32_t)result->{heads[head]['lower']}_probability[{normal}]")
    text = {
        "anomaly": "A score is one minus the probability of the normal class.",
        "confidence": "A score is the largest probability of the head (eq. 11 of the paper).",
    }
    return {
        "rule": decision.rule,
        "text": text[decision.rule],
        "delta": decision.delta,
        "thresholds": decision.thresholds,
        "abstention": decision.abstention,
        "scores": scores,
    }


def _arena_map(graph: IntegerGraph, offsets: tuple[int, ...]) -> list[str]:
    width = max(len(comment_text(tensor.name)) for tensor in graph.tensors)
    places = [
        f"{offset:6d} .. {offset + tensor.storage - 1:6d}"
        for tensor, offset in zip(graph.tensors, offsets, strict=True)
    ]
    if graph.window > 1:
        places[0] = f"{'in the state':>16}"
    return [
        f"{comment_text(tensor.name):<{width}}  {place}  "
        f"{tensor.steps} x {tensor.channels}"
        f"{f', {tensor.padding} step(s) of zeros around it' if tensor.padding else ''}"
        f", scale {tensor.scale:.6g}, limit {tensor.limit}"
        for tensor, place in zip(graph.tensors, places, strict=True)
    ]


def _linear(
    graph: IntegerGraph, layer: Linear, tensors: list[dict[str, Any]], symbols: list[str]
) -> dict[str, Any]:
    source, target = graph.tensors[layer.source], graph.tensors[layer.target]
    scaling = layer.scaling
    rows, window = layer.weight.shape
    weights = interleave(layer.weight)
    lowest, highest = layer.weight_scale.min(), layer.weight_scale.max()
    channels = zip(
        scaling.bias,
        scaling.offset,
        scaling.multiplier_positive,
        scaling.multiplier_negative,
        scaling.preshift_positive,
        scaling.preshift_negative,
        scaling.shift,
        strict=True,
    )
    return {
        "kind": "linear",
        "symbol": symbols[layer.target],
        "text": _wrapped(f"{layer.name}: {layer.summary}."),
        "notes": [
            f"input scale {source.scale:.6g}, limit {source.limit}; "
            f"output scale {target.scale:.6g}, limit {target.limit}",
            f"weight scales {lowest:.6g} .. {highest:.6g}",
            f"no accumulator can exceed {layer.bound} in magnitude, "
            f"{layer.bound / 2**31:.0%} of 32 bits",
        ],
        "rows": rows,
        "window": window,
        "stride": source.channels,
        "steps": target.steps,
        "pool": layer.pool,
        "padding": target.padding * target.channels,
        "limit": target.limit,
        "weight_count": weights.size,
        "weights": table(weights),
        "channels": [f"{{ {', '.join(str(int(value)) for value in row)} }}" for row in channels],
        "source": tensors[layer.source]["at"]
        + _plus((source.padding - layer.padding) * source.channels),
        "target": tensors[layer.target],
    }


def _add(
    graph: IntegerGraph, layer: Add, tensors: list[dict[str, Any]], symbols: list[str]
) -> dict[str, Any]:
    target = graph.tensors[layer.target]
    return {
        "kind": "add",
        "symbol": symbols[layer.target],
        "text": _wrapped(f"{layer.name}: {layer.summary}."),
        "notes": [f"output scale {target.scale:.6g}, limit {target.limit}"],
        "count": target.size,
        "padding": target.padding * target.channels,
        "multiplier_left": layer.multiplier_left,
        "multiplier_right": layer.multiplier_right,
        "limit": target.limit,
        "shift": layer.shift,
        "left": tensors[layer.left]["at"] + tensors[layer.left]["lead"],
        "right": tensors[layer.right]["at"] + tensors[layer.right]["lead"],
        "target": tensors[layer.target],
    }


def _plus(values: int) -> str:
    return f" + {values}u" if values else ""


def _wrapped(text: str) -> str:
    """Return the inside of a comment in lines of readable length."""
    return textwrap.fill(comment_text(text), width=92, subsequent_indent="     * ")


def _vectors(vectors: GoldenVectors, heads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    result = []
    for row, readings in enumerate(vectors.readings):
        literals = ", ".join(float_literal(value) for value in readings)
        entry: dict[str, Any] = {
            "readings": textwrap.fill(
                literals, width=100, initial_indent=" " * 8, subsequent_indent=" " * 8
            ),
            "logits": {},
            "probabilities": {},
        }
        for head, logits, chances in zip(heads, vectors.logits, vectors.probabilities, strict=True):
            entry["logits"][head["lower"]] = ", ".join(str(int(one)) for one in logits[row])
            entry["probabilities"][head["lower"]] = ", ".join(str(int(one)) for one in chances[row])
        if vectors.decisions is not None:
            entry["decision"] = str(DECISIONS[vectors.decisions[row]]).upper()
        result.append(entry)
    return result
