"""The tables of a report, formatted once for the page and for the terminal."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from skdualcnn.inspection._schema import HeadSection, Report, SectionTable

MISSING = "–"
# With its sign, alone or before "±", "to" and the like; also in "< 0.001".
_LEADING_NUMBER = re.compile(r"(?:< )?([+-]?\d[\d,]*(?:\.\d+)?)(?=$|[ %;-])")


@dataclass(frozen=True)
class Column:
    """A column: its title, what it means, and which values are better, if any."""

    title: str
    numeric: bool = True
    better: str | None = None
    meaning: str = ""


@dataclass(frozen=True)
class Cell:
    """A value as shown, the number to sort by, whether it is the column's best, its interval."""

    text: str
    order: float | None = None
    best: bool = False
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """A row; ours is highlighted."""

    cells: tuple[Cell, ...]
    ours: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def explained(self) -> list[Column]:
        """The columns that have an explanation."""
        return [column for column in self.columns if column.meaning]

    @property
    def marked(self) -> bool:
        """Whether a best value is marked anywhere."""
        return any(cell.best for row in self.rows for cell in row.cells)


def share(value: Any) -> Cell:
    """Return a share of 1 as a percentage."""
    return _number(value, lambda number: f"{100 * number:.1f} %")


def score(value: Any) -> Cell:
    """Return a score with three decimals."""
    return _number(value, lambda number: f"{number:.3f}")


def with_interval(cell: Cell, ends: Any, form: Callable[[Any], Cell]) -> Cell:
    """Return a cell with the ends of its interval, in the same form."""
    if not ends or cell.order is None:
        return cell
    # Narrow enough to stand under the number in a terminal of 80 columns.
    low, high = (re.sub(r"^0(?=\.\d+$)|(?<=100)\.0 %$| %$", "", form(end).text) for end in ends)
    return replace(cell, interval=f"{low}–{high}")


def seconds(value: Any) -> Cell:
    """Return a time in seconds."""
    return _number(value, lambda number: f"{number:,.1f} s" if number >= 10 else f"{number:.2f} s")


def count(value: Any) -> Cell:
    """Return a whole number with thousands set apart."""
    return _number(value, lambda number: f"{int(number):,}")


def text(value: Any) -> Cell:
    """Return text as it stands."""
    return Cell(MISSING if value is None else str(value))


def any_value(value: Any) -> Cell:
    """Return a number in a form that fits its size, or text as it stands."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return text(value)
    return _number(value, _fitting)


_MODEL = Column("Model", numeric=False)
_SCORES: dict[str, tuple[Column, Callable[[Any], Cell]]] = {
    "roc_auc": (
        Column(
            "ROC-AUC",
            better="higher",
            meaning="how often a row that is not normal gets a higher score than a normal one; "
            "0.5 is chance, 1 is perfect",
        ),
        score,
    ),
    "average_precision": (
        Column(
            "Average precision",
            better="higher",
            meaning="how many of the flagged rows are right, averaged over all thresholds; chance "
            "is the share of rows that are not normal",
        ),
        score,
    ),
    "f1": (
        Column(
            "F1",
            better="higher",
            meaning="between 0 and 1: high only if few rows that are not normal are missed and "
            "few normal ones flagged",
        ),
        score,
    ),
    "accuracy": (
        Column("Accuracy", better="higher", meaning="the share of rows given the right class"),
        share,
    ),
    "balanced_accuracy": (
        Column(
            "Balanced accuracy",
            better="higher",
            meaning="the share given the right class of each class, averaged over the classes, so "
            "that a rare class counts as much as a frequent one",
        ),
        share,
    ),
    "detection_accuracy": (
        Column(
            "Detection accuracy",
            better="higher",
            meaning="the share of rows rightly called normal or not normal, whatever the class",
        ),
        share,
    ),
    "brier": (
        Column(
            "Brier score",
            better="lower",
            meaning="the mean squared error of the probabilities; 0 is perfect",
        ),
        score,
    ),
    "fit_seconds": (
        Column("Training time", better="lower", meaning="seconds to train on this machine"),
        seconds,
    ),
}


IN_SHORT = ("roc_auc", "average_precision", "f1", "accuracy", "brier")
"""The scores that fit into a terminal."""


def head_table(head: HeadSection, scores: Sequence[str] = tuple(_SCORES)) -> Table:
    """Return the models of one head, the best ROC-AUC first; a score that none has is left out."""
    models = sorted(head["models"], key=lambda model: _descending(model.get("roc_auc")))
    forms = {key: _SCORES[key][1] for key in scores}
    shown = {
        key: form
        for key, form in forms.items()
        if key == "roc_auc" or any(form(model.get(key)).order is not None for model in models)
    }
    rows = []
    for model in models:
        ends = model.get("intervals") or {}
        cells = [
            text(model["name"]),
            *(with_interval(form(model.get(k)), ends.get(k), form) for k, form in shown.items()),
        ]
        rows.append((cells, bool(model["ours"])))
    columns = (_MODEL, *(_SCORES[key][0] for key in shown))
    return _finish(f"Models on the {head['name']} head, sorted by ROC-AUC", columns, rows)


def classes_table(head: HeadSection) -> Table:
    """Return the test rows of each class, those that the head does not know last."""
    names = list(dict.fromkeys([*head["classes"], *head["test_counts"]]))
    total = sum(map(int, head["test_counts"].values()))
    rows = []
    for name in names:
        number = int(head["test_counts"].get(name, 0))
        shown = name if name in head["classes"] else f"{name} (not trained on)"
        rows.append(([text(shown), count(number), share(number / total if total else None)], False))
    columns = (Column("Class", numeric=False), Column("Test rows"), Column("Share"))
    return _finish(f"Test rows of each class of the {head['name']} head", columns, rows)


def decisions_table(report: Report) -> Table | None:
    """Return the decisions of each model, the highest accuracy first."""
    decisions = report.get("decisions")
    if not decisions:
        return None
    models = sorted(decisions["models"], key=lambda model: _descending(model.get("accuracy")))
    states = list(dict.fromkeys(state for model in models for state in model["recall"]))
    columns = (
        _MODEL,
        Column(
            "Accuracy",
            better="higher",
            meaning="the share of rows with the right decision; uncertain counts as wrong",
        ),
        *(
            Column(
                f"Found: {state}",
                better="higher",
                meaning=f"the share of the rows that are truly {state} and were decided so",
            )
            for state in states
        ),
        Column("Uncertain", meaning="the share of rows left to a person"),
    )
    rows = []
    for model in models:
        ends = model.get("intervals") or {"recall": {}}
        shares = [
            (model.get("accuracy"), ends.get("accuracy")),
            *((model["recall"].get(state), ends["recall"].get(state)) for state in states),
            (model.get("uncertain"), ends.get("uncertain")),
        ]
        cells = [with_interval(share(value), interval, share) for value, interval in shares]
        rows.append(([text(model["name"]), *cells], bool(model["ours"])))
    return _finish("Decisions of each model, sorted by accuracy", columns, rows)


def confusion_table(report: Report) -> Table | None:
    """Return how many rows of each true state got which decision."""
    decisions = report.get("decisions")
    if not decisions:
        return None
    confusion = decisions["confusion"]
    columns = (
        Column("True state", numeric=False),
        *(Column(f"Decided: {name}") for name in confusion["decisions"]),
    )
    rows = [
        ([text(state), *(count(number) for number in numbers)], False)
        for state, numbers in zip(confusion["states"], confusion["counts"], strict=True)
    ]
    return _finish("Test rows of each true state by decision of our model", columns, rows)


def data_table(report: Report) -> Table:
    """Return the columns of each modality."""
    columns = (Column("Modality", numeric=False), Column("Columns"))
    rows = [([text(k), count(v)], False) for k, v in report["data"]["modalities"].items()]
    return _finish("Columns of each kind of measurement", columns, rows)


def firmware_table(report: Report) -> Table | None:
    """Return the quantities of the firmware."""
    firmware = report.get("firmware")
    if not firmware:
        return None
    columns = (
        Column("Quantity", numeric=False),
        Column("Value"),
        Column("Unit", numeric=False),
        Column("Note", numeric=False),
    )
    rows = [
        ([text(row["name"]), any_value(row["value"]), text(row["unit"]), text(row["note"])], False)
        for row in firmware["rows"]
    ]
    return _finish("What the program on the chip needs", columns, rows)


def layers_table(report: Report) -> Table | None:
    """Return the layers of the network on the chip, in their order."""
    firmware = report.get("firmware")
    if not firmware or not firmware["layers"]:
        return None
    layers = firmware["layers"]
    names = list(dict.fromkeys(name for layer in layers for name in layer))
    cells = [[any_value(layer.get(name)) for name in names] for layer in layers]
    columns = tuple(
        Column(
            re.sub(" db$", " (dB)", f"{name[:1].upper()}{name[1:]}".replace("_", " ")),
            numeric=any(row[i].order is not None for row in cells),
        )
        for i, name in enumerate(names)
    )
    return _finish(
        "Layers of the network on the chip, in order", columns, [(c, False) for c in cells]
    )


def further_table(given: SectionTable) -> Table:
    """Return a table of a further section; a column of numbers is set as such."""
    cells = [[_any_cell(value) for value in row] for row in given["rows"]]
    columns = tuple(
        Column(title, numeric=i > 0 and _are_numbers([row[i] for row in cells]))
        for i, title in enumerate(given["columns"])
    )
    rows = [(row, position == given["ours"]) for position, row in enumerate(cells)]
    return _finish(given["caption"], columns, rows)


def _any_cell(value: Any) -> Cell:
    """Return text or a number as a cell; text such as "0.91 ± 0.02" is ordered by its number."""
    if not isinstance(value, str):
        return score(value) if isinstance(value, float) else any_value(value)
    number = _LEADING_NUMBER.match(value)
    return Cell(value, float(number[1].replace(",", "")) if number else None)


def _are_numbers(cells: Sequence[Cell]) -> bool:
    known = [cell for cell in cells if cell.text != MISSING]
    return bool(known) and all(cell.order is not None for cell in known)


def environment_table(report: Report) -> Table:
    """Return the versions that the numbers were made with."""
    columns = (Column("Part", numeric=False), Column("Version", numeric=False))
    rows = [([text(k), text(v)], False) for k, v in report["environment"].items()]
    return _finish("What the numbers were made with", columns, rows)


def _finish(
    caption: str, columns: tuple[Column, ...], rows: Sequence[tuple[Sequence[Cell], bool]]
) -> Table:
    """Return the table with the best value of each column marked."""
    best = [_best_text(column, [cells[i] for cells, _ in rows]) for i, column in enumerate(columns)]
    return Table(
        caption,
        columns,
        tuple(
            Row(
                tuple(replace(cell, best=cell.text == best[i]) for i, cell in enumerate(cells)),
                ours,
            )
            for cells, ours in rows
        ),
    )


def _best_text(column: Column, cells: Sequence[Cell]) -> str | None:
    """Return the best value as shown: values that look the same are equally good."""
    known = [cell for cell in cells if cell.order is not None]
    if column.better is None or len(known) < 2:
        return None
    sign = 1 if column.better == "higher" else -1
    return max(known, key=lambda cell: sign * (cell.order or 0)).text


def _number(value: Any, form: Callable[[float], str]) -> Cell:
    if value is None or not isinstance(value, Real) or not math.isfinite(float(value)):
        return Cell(MISSING)
    return Cell(form(float(value)), float(value))


def _fitting(number: float) -> str:
    """Return a whole or large number without decimals, another with four digits."""
    if number == round(number) or abs(number) >= 1000:
        return f"{round(number):,}"
    return f"{number:,.4g}"


def _descending(value: Any) -> tuple[bool, float]:
    """Return a key that sorts high values first and missing ones last."""
    cell = score(value)
    return cell.order is None, -(cell.order or 0.0)


def glance(report: Report | Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the results in short: for each a name, a value, and what to set it against."""
    facts = []
    for head in report["heads"]:
        facts += _stand(f"{head['name']} head", head["models"], "roc_auc", "ROC-AUC", score)
    decisions = report.get("decisions")
    if decisions:
        facts += _stand("decisions", decisions["models"], "accuracy", "accuracy", share)
    return facts


def _stand(
    subject: str,
    models: Sequence[Mapping[str, Any]],
    key: str,
    measure: str,
    form: Callable[[Any], Cell],
) -> list[tuple[str, str, str]]:
    """Return how our best model stands among all."""
    known = [model for model in models if score(model.get(key)).order is not None]
    ours = max((m for m in known if m["ours"]), key=lambda m: m[key], default=None)
    if ours is None:
        return []
    cell = with_interval(form(ours[key]), (ours.get("intervals") or {}).get(key), form)
    value, others = cell.text, [m for m in known if not m["ours"]]
    against = f"{measure}, 95 % interval {cell.interval}" if cell.interval else measure
    if others:
        rival = max(others, key=lambda model: model[key])
        rank = 1 + sum(model[key] > ours[key] for model in others)
        against += (
            f"; place {rank} of {1 + len(others)}, best other: {rival['name']} "
            f"with {form(rival[key]).text}"
        )
    return [(subject, value, against)]
