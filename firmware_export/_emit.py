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
from firmware_export._emit_columns import column_context
from firmware_export._emit_layers import arena_map, layer_context, tensor_context
from firmware_export._integer import (
    EXP2_COARSE,
    EXP2_FINE,
    EXP_CUTOFF,
    LOG2_E_Q15,
    Q30_ONE,
)
from firmware_export._integer_graph import IntegerGraph
from firmware_export._literals import constant_bytes, float_literal, table
from firmware_export._names import (
    class_identifiers,
    comment_text,
    head_identifiers,
    string_literal,
)
from firmware_export._packaging import Metadata, package_context, package_files
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


def render_firmware(
    graph: IntegerGraph, prefix: str, vectors: GoldenVectors, metadata: Metadata | None = None
) -> dict[str, str]:
    """Return the text of every file, by its path in the exported folder.

    Parameters
    ----------
    graph : IntegerGraph
    prefix : str
        Checked by :func:`firmware_export._names.check_prefix`.
    vectors : GoldenVectors
        At least one.
    metadata : Metadata or None
        What the manifests say about the model; None takes the defaults.
    """
    context = _context(graph, prefix)
    context["vectors"] = _vectors(vectors, context["heads"])
    first = vectors.readings[0].tolist()
    context |= package_context(context, metadata or Metadata(), first)
    names = {
        **_sources(prefix),
        f"src/{prefix}_selftest.h": "selftest.h.j2",
        f"src/{prefix}_selftest.c": "selftest.c.j2",
        **package_files(prefix),
    }
    return {name: render_template(template, context) for name, template in names.items()}


def _sources(prefix: str) -> dict[str, str]:
    """Return the templates of the library itself, by the path that each is written to."""
    return {
        f"src/{prefix}.h": "header.h.j2",
        f"src/{prefix}_model.c": "model.c.j2",
        f"src/{prefix}_kernels.h": "kernels.h.j2",
        f"src/{prefix}_kernels.c": "kernels.c.j2",
        f"src/{prefix}_weights.h": "weights.h.j2",
        f"src/{prefix}_weights.c": "weights.c.j2",
    }


def render_predictor(graph: IntegerGraph, prefix: str) -> dict[str, str]:
    """Return the sources of a shared library for calls from Python, by file name.

    The kernels are those of `templates/host.c.j2`, for processors with vectors.
    """
    context = _context(graph, prefix, host=True)
    names = {**_sources(prefix), f"src/{prefix}_predictor.c": "predictor.c.j2"}
    return {Path(name).name: render_template(template, context) for name, template in names.items()}


def render_harness(graph: IntegerGraph, prefix: str) -> str:
    """Return a host program that answers rows from a file; see the template."""
    context = {
        "p": prefix,
        "P": prefix.upper(),
        "heads": _heads(graph),
        "decision": graph.decision,
        "window": graph.window,
    }
    return render_template("harness.c.j2", context)


def render_template(template: str, context: dict[str, Any]) -> str:
    """Return a template of the package, filled in."""
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


def _context(graph: IntegerGraph, prefix: str, *, host: bool = False) -> dict[str, Any]:
    offsets, arena_values = plan_arena(graph)
    tensors = tensor_context(graph, offsets)
    layers = layer_context(graph, tensors, host=host)
    heads = _heads(graph)
    return {
        "p": prefix,
        "P": prefix.upper(),
        "host": host,
        "most_rows": max(layer.get("rows", 0) for layer in layers),
        "version": skdualcnn.__version__,
        "provenance": _provenance(graph),
        "digest": graph.digest,
        **column_context(graph),
        "inputs": graph.tensors[0].size,
        "window": graph.window,
        "stride": graph.stride,
        "mark": graph.mark,
        "changes": graph.changes,
        "input_kept": graph.is_input_kept,
        "input_limit": graph.tensors[0].limit,
        "history": graph.history,
        "row_inputs": graph.row_inputs,
        "state_bytes": state_bytes(graph),
        "heads": heads,
        "decision": _decision(graph, heads),
        "decision_names": DECISIONS.tolist(),
        "decision_literals": ", ".join(string_literal(name) for name in DECISIONS),
        "arena_values": arena_values,
        "arena_bytes": arena_values * graph.signal_bytes,
        "signal_bits": graph.activation_bits,
        "arena_map": arena_map(graph, offsets),
        "constant_bytes": constant_bytes(graph),
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
        "tensors": tensors,
        "layers": layers,
        "kernels": {layer["kernel"] for layer in layers},
        "exp2_coarse": table(EXP2_COARSE),
        "exp2_fine": table(EXP2_FINE),
        "exp_cutoff": EXP_CUTOFF,
        "log2_e_q15": LOG2_E_Q15,
        "one": Q30_ONE,
    }


def _provenance(graph: IntegerGraph) -> str:
    shape = graph.tensors[0]
    apart = f" that are {graph.stride} apart" if graph.stride > 1 else ""
    window = f", windows of {graph.window} rows{apart}" if graph.window > 1 else ""
    lines = [
        f"Generated by skdualcnn {skdualcnn.__version__} (firmware_export); do not edit.",
        f"graph sha256 {graph.digest}",
        f"{len(graph.readings)} readings{window} -> {shape.steps} x {shape.channels} inputs",
        f"{graph.parameters} parameters, {graph.multiply_adds} multiply-adds",
        f"int8 weights, {graph.activation_bits}-bit activations, calibration {graph.calibration}",
    ]
    return "/*\n" + "\n".join(f" * {comment_text(line)}" for line in lines) + "\n */"


def _heads(graph: IntegerGraph) -> list[dict[str, Any]]:
    identifiers = head_identifiers(head.name for head in graph.heads)
    enumerators = class_identifiers(identifiers, [head.classes for head in graph.heads])
    return [
        {
            "text": comment_text(repr(head.name)),
            "literal": string_literal(head.name),
            "lower": identifier,
            "upper": identifier.upper(),
            "fraction_bits": head.fraction_bits,
            "labels": ", ".join(comment_text(one) for one in head.classes),
            "literals": ", ".join(string_literal(one) for one in head.classes),
            "classes": [
                {"upper": one.upper(), "text": comment_text(repr(label))}
                for label, one in zip(head.classes, own, strict=True)
            ],
        }
        for head, identifier, own in zip(graph.heads, identifiers, enumerators, strict=True)
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
        "distrust": decision.distrust,
        "scores": scores,
    }


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
