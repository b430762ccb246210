"""Numbers and tables as C text, and how many bytes the tables take."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._integer_graph import (
    ROWS_AT_A_TIME,
    Add,
    IntegerCategorical,
    IntegerGraph,
    IntegerLimits,
    IntegerNumeric,
    Linear,
)

NO_CATEGORY = 0xFFFF
VECTOR = 16
"""Inputs that esp-nn takes at a time on an ESP32-S3."""
LINE_WIDTH = 100
INDENT = "    "
CHANNEL_BYTES = 8
OFFSET_BYTES = 4
LAYER_BYTES = {"convolution": 40, "dense": 28, "logits": 28, "add": 12, "global_pool": 16}
COLUMN_BYTES = {"numeric": 10, "indicator": 8, "categorical": 10, "segment": 12, "limits": 12}
CHANGE_BYTES = 2
SOFTMAX_TABLE_BYTES = 256


def interleave(layer: Linear) -> NDArray[np.uint8]:
    """Return a layer's weights as the kernels walk them: +128, some rows side by side.

    Zeros follow each row's weights up to the layer's `reach`. Rows of zeros fill up a
    convolution's last group; those that a dense layer has left come one after the other.
    """
    together = ROWS_AT_A_TIME[layer.kind]
    rows, window = layer.weight.shape
    left = rows % together
    filled = rows - left + together if left and layer.kind == "convolution" else rows
    weight = np.full((filled, layer.reach), 128, dtype=np.uint8)
    weight[:rows, :window] = layer.weight.astype(np.int16) + 128
    grouped = filled - filled % together
    groups = weight[:grouped].reshape(-1, together, layer.reach).transpose(0, 2, 1)
    return np.concatenate([groups.ravel(), weight[grouped:].ravel()])


def plain_rows(layer: Linear) -> NDArray[np.int8]:
    """Return a layer's weights as `templates/host.c.j2` walks them.

    A dense layer's row by row; of a convolution, those of an input side by side. Zeros
    follow each row's weights up to the layer's `reach`.
    """
    rows, window = layer.weight.shape
    weight = np.zeros((rows, layer.reach), dtype=np.int8)
    weight[:, :window] = layer.weight
    return weight.T.ravel() if layer.kind == "convolution" else weight.ravel()


def vector_rows(layer: Linear) -> NDArray[np.int8]:
    """Return a dense layer's weights row by row, zeros after each up to whole vectors."""
    rows, inputs = layer.weight.shape
    weight = np.zeros((rows, -(-inputs // VECTOR) * VECTOR), dtype=np.int8)
    weight[:, :inputs] = layer.weight
    return weight


def constant_bytes(graph: IntegerGraph) -> int:
    """Return the bytes of constant tables that a 32-bit chip stores."""
    total = SOFTMAX_TABLE_BYTES
    total += graph.row_readings  # fractional bits
    total += graph.signal_bytes * len(graph.ages)
    scaled = [column for column in graph.numeric if column.output is not None]
    total += COLUMN_BYTES["numeric"] * len(scaled)
    total += COLUMN_BYTES["segment"] * sum(len(column.starts) for column in scaled)
    total += COLUMN_BYTES["indicator"] * sum(one.indicator is not None for one in graph.numeric)
    total += COLUMN_BYTES["categorical"] * len(graph.categorical)
    total += COLUMN_BYTES["limits"] * len(graph.limits)
    total += CHANGE_BYTES * len(graph.changes)
    for operation in graph.operations:
        if isinstance(operation, Linear):
            rows = len(operation.weight)
            total += interleave(operation).size + rows * CHANNEL_BYTES + LAYER_BYTES[operation.kind]
            if operation.kind == "convolution":
                total += rows * OFFSET_BYTES
        else:
            total += LAYER_BYTES["add" if isinstance(operation, Add) else "global_pool"]
    return total


def numeric_line(column: IntegerNumeric) -> str:
    """Return the initialiser of the entry of a numeric column that has an output."""
    missing = "REQUIRED" if column.missing is None else column.missing
    return (
        f"{{ {column.reading}u, {column.output}u, {len(column.starts)}u, {column.highest}, "
        f"{missing} }}"
    )


def indicator_line(column: IntegerNumeric) -> str:
    """Return the initialiser of the entry of a numeric column's indicator."""
    present, absent = column.indicator_values
    return f"{{ {column.reading}u, {column.indicator}u, {present}, {absent} }}"


def segment_lines(column: IntegerNumeric) -> list[str]:
    """Return the initialisers of a numeric column's segments."""
    table = zip(
        column.starts, column.bases, column.fractions, column.slopes, column.upshifts, strict=True
    )
    return [
        f"{{ {start}, {base}, {fraction}, {slope}u, {upshift}u }}"
        for start, base, fraction, slope, upshift in table
    ]


def limits_line(limits: IntegerLimits) -> str:
    """Return the initialiser of a reading's limits."""
    return (
        f"{{ {int32_literal(limits.low)}, {int32_literal(limits.high)}, {limits.reading}u, "
        f"{limits.low_fraction}, {limits.high_fraction} }}"
    )


def categorical_line(column: IntegerCategorical) -> str:
    """Return the initialiser of a categorical column's entry."""
    return (
        f"{{ {column.reading}u, {column.output}u, {len(column.categories)}u, "
        f"{NO_CATEGORY if column.missing is None else column.missing}u, {column.one} }}"
    )


def int32_literal(value: int) -> str:
    """Return a C literal of type int, which the smallest number has none of its own in.

    Examples
    --------
    >>> int32_literal(-5), int32_literal(-(2**31))
    ('-5', 'INT32_MIN')
    """
    return "INT32_MIN" if value == -(2**31) else str(value)


def float_literal(value: float) -> str:
    """Return a C literal that reads back as the same single-precision number."""
    if np.isnan(value):
        return "NAN"
    text = f"{np.float32(value):.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


def table(values: Iterable[Any]) -> str:
    """Return integers as the lines of an initialiser, at most 24 to a line."""
    texts = [str(int(value)) for value in values]
    width = max(len(text) for text in texts) + 2
    per_line = min(24, (LINE_WIDTH - len(INDENT)) // width)
    lines = [texts[start : start + per_line] for start in range(0, len(texts), per_line)]
    return ",\n".join(INDENT + ", ".join(line) for line in lines)
