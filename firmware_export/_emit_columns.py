"""Template values of the front end: readings and the tables of their columns."""

from typing import Any

from firmware_export._integer_graph import IntegerCategorical, IntegerGraph, IntegerNumeric
from firmware_export._literals import categorical_line, numeric_line, segment_lines
from firmware_export._names import comment_text, unique_identifiers


def column_context(graph: IntegerGraph) -> dict[str, Any]:
    """Return what the templates print of the columns."""
    return {
        "readings": _readings(graph),
        "numeric": [numeric_line(column) for column in graph.numeric],
        "segments": [
            {"name": comment_text(column.name), "lines": segment_lines(column)}
            for column in graph.numeric
            if column.output is not None
        ],
        "required": any(column.missing is None for column in graph.numeric),
        "categorical": [categorical_line(column) for column in graph.categorical],
    }


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
