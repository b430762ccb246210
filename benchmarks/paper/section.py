"""What a page is made of: sections of sentences, tables and figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skdualcnn.inspection import Figure

Value = str | int | float | None
NONE = "–"


@dataclass(frozen=True)
class Table:
    """A table whose cells are text or numbers.

    Attributes
    ----------
    caption : str
    columns : tuple of str
    rows : list of lists
    ours : int or None
        Position of the row to emphasise.
    """

    caption: str
    columns: tuple[str, ...]
    rows: list[list[Value]]
    ours: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a report takes it."""
        return {
            "caption": self.caption,
            "columns": list(self.columns),
            "rows": self.rows,
            "ours": self.ours,
        }


@dataclass(frozen=True)
class Section:
    """One question and its answer.

    Attributes
    ----------
    title : str
    sentences : list of str
        Paragraphs before the tables.
    tables : list of Table
    figures : list of Figure
    """

    title: str
    sentences: list[str]
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def spread(values: Iterable[float | None], digits: int = 3) -> str:
    """Return the mean, and half the width of its 95 % interval by Student's t.

    One value stands alone, and there is none for missing ones.
    """
    known = _known(values)
    if len(known) == 0:
        return NONE
    if len(known) == 1:
        return f"{known[0]:.{digits}f}"
    return f"{known.mean():.{digits}f} ± {_half_width(known):.{digits}f}"


def ends(values: Iterable[float | None]) -> tuple[float, float] | None:
    """Return the ends of the 95 % interval by Student's t; None with fewer than two values.

    The values are shares, so the interval ends at 0 and at 1.
    """
    known = _known(values)
    if len(known) < 2:
        return None
    half = _half_width(known)
    return max(float(known.mean()) - half, 0.0), min(float(known.mean()) + half, 1.0)


def _known(values: Iterable[float | None]) -> NDArray[np.float64]:
    known = np.array([one for one in values if one is not None], dtype=np.float64)
    return known[np.isfinite(known)]


def _half_width(known: NDArray[np.float64]) -> float:
    spread = known.std(ddof=1) / np.sqrt(len(known))
    return float(stats.t.ppf(0.975, len(known) - 1) * spread)


def p_text(value: float | None) -> str:
    """Return a p-value as text."""
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def average(values: Sequence[float]) -> float | None:
    """Return the mean, None where there is nothing to average."""
    known = [one for one in values if one is not None and np.isfinite(one)]
    return float(np.mean(known)) if known else None


def to_markdown(section: Section, files: Sequence[str]) -> str:
    """Return a section as Markdown; `files` are the places of its figures."""
    lines = [f"## {section.title}", ""]
    for sentence in section.sentences:
        lines += [sentence, ""]
    for table in section.tables:
        lines += [f"**{table.caption}**", "", "| " + " | ".join(table.columns) + " |"]
        lines.append("|" + " --- |" * len(table.columns))
        for number, row in enumerate(table.rows):
            cells = [_to_text(cell) for cell in row]
            if number == table.ours:
                cells[0] = f"**{cells[0]}**"
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    for figure, file in zip(section.figures, files, strict=True):
        lines += [f"![{figure.alt}]({file})", "", f"*{figure.title}.* {figure.message}", ""]
    return "\n".join(lines)


def _to_text(cell: Value) -> str:
    if cell is None or (isinstance(cell, float) and not np.isfinite(cell)):
        return NONE
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return f"{cell:,}" if isinstance(cell, int) else cell.replace("|", "\\|")
