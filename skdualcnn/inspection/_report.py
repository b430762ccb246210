"""One self-contained page: what was done, on what, and the result."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skdualcnn._writing import write_whole
from skdualcnn.inspection import _tables
from skdualcnn.inspection._embed import to_html
from skdualcnn.inspection._schema import Report, check_report


@dataclass(frozen=True)
class Figure:
    """A figure of a report, with the one thing that it says.

    Parameters
    ----------
    title : str
        Its heading.
    message : str
        What the reader should see in it, in a sentence.
    alt : str
        What it shows, for who cannot see it.
    figure : matplotlib.figure.Figure
        The figure; a display has it as `figure_`.
    section : str, default="figures"
        Where it stands: the name of a head, "decisions", "firmware", or the title of a
        further section, the first in this order that it fits; or else a section of
        figures at the end.

    Examples
    --------
    >>> from matplotlib.figure import Figure as Canvas
    >>> from skdualcnn.inspection import Figure
    >>> Figure("Loss", "Training has settled.", "A falling curve.", Canvas()).section
    'figures'
    """

    title: str
    message: str
    alt: str
    figure: Any
    section: str = "figures"


def write_report(
    path: str | os.PathLike[str], report: Report, figures: Sequence[Figure] = ()
) -> Path:
    """Write a report as one HTML file that needs nothing else.

    Figures are embedded; nothing is loaded from anywhere. All text of the report is
    escaped.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced, whole or not at all.
    report : Report
        The numbers and words; `skdualcnn.inspection.Report` lists the entries.
    figures : sequence of Figure, default=()
        The figures in the order they are read.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ReportError
        If the report lacks a section, or a row of a table has too few or many cells.

    See Also
    --------
    write_json : The same numbers for a program.
    print_report : The same tables in the terminal.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skdualcnn.inspection import write_report
    >>> report = {
    ...     "title": "A ward",
    ...     "summary": ["Nothing was trained."],
    ...     "data": {"name": "ward", "simulated": True, "rows": 2, "columns": 1,
    ...              "modalities": {"patient": 1}, "description": "Two rows."},
    ...     "protocol": {"sentence": "Hold out one row.", "train_rows": 1, "test_rows": 1,
    ...                  "held_out": "rows"},
    ...     "heads": [], "environment": {"python": "3.11"}, "seed": 0, "command": "true",
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(Path(folder) / "report.html", report)
    ...     page.read_text(encoding="utf-8").startswith("<!doctype html>")
    True
    """
    check_report(report)
    environment = Environment(
        loader=PackageLoader("skdualcnn.inspection"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        report={"decisions": None, "firmware": None, "intervals": "", **report},
        heads=[
            {
                "id": f"head-{i}",
                "name": head["name"],
                "models": _tables.head_table(head),
                "classes": _tables.classes_table(head),
            }
            for i, head in enumerate(report["heads"])
        ],
        further=[
            {
                "id": f"section-{i}",
                "title": one["title"],
                "paragraphs": one["paragraphs"],
                "tables": [_tables.further_table(table) for table in one["tables"]],
            }
            for i, one in enumerate(report.get("sections", []))
        ],
        glance=_tables.glance(report),
        data=_tables.data_table(report),
        decisions=_tables.decisions_table(report),
        confusion=_tables.confusion_table(report),
        firmware=_tables.firmware_table(report),
        layers=_tables.layers_table(report),
        environment=_tables.environment_table(report),
        figures=_place(report, figures),
        paragraphs=_paragraphs(report["data"]["description"]),
    )
    return write_whole(path, page.encode())


def _place(report: Report, figures: Sequence[Figure]) -> dict[str, list[dict[str, Any]]]:
    """Return the figures of each section, by its id, as HTML, numbered as they are read."""
    names = {f"head-{i}": head["name"] for i, head in enumerate(report["heads"])}
    names |= {name: name for name in ("decisions", "firmware") if report.get(name)}
    names |= {f"section-{i}": one["title"] for i, one in enumerate(report.get("sections", []))}
    placed: dict[str, list[Figure]] = {key: [] for key in (*names, "figures")}
    for one in figures:
        fitting = (key for key, name in names.items() if name == one.section)
        placed[next(fitting, "figures")].append(one)
    numbers = count(1)
    return {
        section: [_describe(one, next(numbers)) for one in held]
        for section, held in placed.items()
        if held
    }


def _describe(one: Figure, number: int) -> dict[str, Any]:
    key = f"figure-{number}"
    return {
        "id": key,
        "number": number,
        "title": one.title,
        "message": one.message,
        "html": Markup(to_html(one.figure, key=key, alt=one.alt)),
    }


def _paragraphs(description: str) -> list[str]:
    """Return the paragraphs of a description whose lines were broken by hand."""
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n", description) if block.strip()]
