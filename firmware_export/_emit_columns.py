"""Template values of the front end: readings and the tables of their columns."""

from typing import Any

from firmware_export._integer_graph import IntegerCategorical, IntegerGraph, IntegerNumeric
from firmware_export._integer_readings import CATEGORY_BITS, LEVEL_BITS
from firmware_export._literals import (
    COLUMN_BYTES,
    categorical_line,
    indicator_line,
    limits_line,
    numeric_line,
    segment_lines,
    table,
)
from firmware_export._names import comment_text, unique_identifiers


def column_context(graph: IntegerGraph) -> dict[str, Any]:
    """Return what the templates print of the columns."""
    scaled = [column for column in graph.numeric if column.output is not None]
    return {
        "readings": _readings(graph),
        "numeric": [numeric_line(column) for column in scaled],
        "indicators": [indicator_line(one) for one in graph.numeric if one.indicator is not None],
        "segments": [
            {"name": comment_text(column.name), "lines": segment_lines(column)} for column in scaled
        ],
        "required": any(column.missing is None for column in scaled),
        "categorical": [categorical_line(column) for column in graph.categorical],
        "limits": [limits_line(limits) for limits in graph.limits],
        "fraction_bits": table(graph.fraction_bits[: graph.row_readings]),
        "ages": table(graph.ages) if graph.ages else None,
        "row_readings": graph.row_readings,
        "column_bytes": COLUMN_BYTES,
        "level_bits": LEVEL_BITS,
        "category_bits": CATEGORY_BITS,
    }


def _readings(graph: IntegerGraph) -> list[dict[str, Any]]:
    columns: dict[int, IntegerNumeric | IntegerCategorical] = {}
    columns.update({column.reading: column for column in graph.numeric})
    columns.update({column.reading: column for column in graph.categorical})
    limits = {one.reading: one.bounds for one in graph.limits}
    result = []
    identifiers = unique_identifiers(list(graph.readings))
    for index, (name, identifier) in enumerate(zip(graph.readings, identifiers, strict=True)):
        column = columns[index % graph.row_readings]
        categories = []
        if isinstance(column, IntegerNumeric):
            note = _numeric_note(column)
        else:
            note = "category"
            categories = [comment_text(repr(label)) for label in column.categories]
            if column.missing is not None:
                categories[column.missing] += ", which a missing reading counts as"
        if index in limits:
            low, high = limits[index]
            note += f"; refused outside {low:.6g} .. {high:.6g}"
        bits = graph.fraction_bits[index]
        result.append(
            {
                "text": comment_text(name),
                "upper": identifier.upper(),
                "comment": f" /* {comment_text(name)}: {note} */",
                "categories": categories,
                "fraction_bits": bits,
                "format": f"Q{31 - bits}.{bits}: within +-{2.0 ** (31 - bits):.6g} in steps of "
                f"{2.0**-bits:.3g}",
            }
        )
    return result


def _numeric_note(column: IntegerNumeric) -> str:
    if column.output is None:
        return "only whether it is there counts"
    return f"limited to {column.span[0]:.6g} .. {column.span[1]:.6g}"
