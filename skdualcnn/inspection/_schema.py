"""What a report holds: one dict that the page, the terminal and the JSON file show."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from skdualcnn.exceptions import ReportError


class DataSection(TypedDict):
    """The data set."""

    name: str
    simulated: bool
    rows: int
    columns: int
    modalities: Mapping[str, int]
    description: str


class ProtocolSection(TypedDict):
    """How rows were divided."""

    sentence: str
    train_rows: int
    test_rows: int
    held_out: str


class ModelScores(TypedDict):
    """One model's scores on one head; shares in [0, 1], None or NaN where unknown.

    `intervals` has the two ends of each score that has an interval, by its name.
    """

    name: str
    ours: bool
    accuracy: float | None
    balanced_accuracy: float | None
    detection_accuracy: float | None
    f1: float | None
    roc_auc: float | None
    average_precision: float | None
    brier: float | None
    fit_seconds: float | None
    intervals: NotRequired[Mapping[str, tuple[float, float] | None]]


class HeadSection(TypedDict):
    """One head: its classes and the models on it.

    `test_counts` may have classes that the head was not trained on, too.
    """

    name: str
    classes: list[str]
    test_counts: Mapping[str, int]
    models: list[ModelScores]


class DecisionScores(TypedDict):
    """One model's decisions: shares of the test rows, recall of each true state.

    `intervals` has the two ends of each, in the same form.
    """

    name: str
    ours: bool
    accuracy: float | None
    uncertain: float | None
    recall: Mapping[str, float | None]
    intervals: NotRequired[Mapping[str, Any]]


class Confusion(TypedDict):
    """Test rows of each true state (rows) by decision (columns)."""

    states: list[str]
    decisions: list[str]
    counts: list[list[int]]


class DecisionSection(TypedDict):
    """The decisions of the fused heads."""

    explained: str
    models: list[DecisionScores]
    confusion: Confusion


class FirmwareQuantity(TypedDict):
    """One quantity of the firmware, such as its flash."""

    name: str
    value: float | str | None
    unit: str
    note: str


class FirmwareSection(TypedDict):
    """What the chip does: whether it was checked, what it costs, layer by layer."""

    checked: str
    rows: list[FirmwareQuantity]
    layers: list[Mapping[str, Any]]


class SectionTable(TypedDict):
    """A table of a further section: cells are text or numbers; `ours` is a row or None."""

    caption: str
    columns: list[str]
    rows: list[list[Any]]
    ours: int | None


class FurtherSection(TypedDict):
    """A section of one's own: paragraphs, tables, and the figures that name its title."""

    title: str
    paragraphs: list[str]
    tables: list[SectionTable]


class Report(TypedDict):
    """A whole report, ready for JSON.

    Numbers may be NumPy scalars, and NaN or None where there is none. Shares and scores
    are in [0, 1], times in seconds. `intervals` says how those of the scores are made.
    `firmware` and `decisions` are None where there is no such part.
    """

    title: str
    summary: list[str]
    data: DataSection
    protocol: ProtocolSection
    heads: list[HeadSection]
    decisions: NotRequired[DecisionSection | None]
    firmware: NotRequired[FirmwareSection | None]
    sections: NotRequired[list[FurtherSection]]
    intervals: NotRequired[str]
    environment: Mapping[str, str]
    seed: int | str
    command: str


_OPTIONAL = {"decisions", "firmware", "sections", "intervals"}
_NESTED: dict[str, type] = {
    "data": DataSection,
    "protocol": ProtocolSection,
    "decisions": DecisionSection,
    "firmware": FirmwareSection,
}


def check_report(report: Report | Mapping[str, Any]) -> None:
    """Check that a report has every section and every entry of each, and whole tables.

    Raises
    ------
    ReportError
        If one is missing, or a row of a table has too few or many cells.
    """
    _check("report", report, set(Report.__annotations__) - _OPTIONAL)
    for name, section in _NESTED.items():
        if name not in _OPTIONAL or report.get(name) is not None:
            # The names are TypedDict keys by construction, which mypy cannot see.
            _check(name, report[name], set(section.__annotations__))  # type: ignore[literal-required]
    for head in report["heads"]:
        _check(f"heads[{head.get('name')!r}]", head, set(HeadSection.__annotations__))
        for model in head["models"]:
            _check(f"model of head {head['name']!r}", model, {"name", "ours"})
    for further in report.get("sections", []):
        where = f"sections[{further.get('title')!r}]"
        _check(where, further, set(FurtherSection.__annotations__))
        for table in further["tables"]:
            _check(f"table of {where}", table, set(SectionTable.__annotations__))
            _check_rows(f"table {table['caption']!r} of {where}", table["rows"], table["columns"])
    decisions = report.get("decisions")
    if decisions is not None:
        _check("decisions.confusion", decisions["confusion"], set(Confusion.__annotations__))
        confusion = decisions["confusion"]
        _check_rows("decisions.confusion", confusion["counts"], confusion["decisions"])


def _check(where: str, part: Mapping[str, Any], expected: set[str]) -> None:
    missing = sorted(expected - set(part))
    if missing:
        raise ReportError(
            f"{where} has the entries {sorted(part)}, expected also {missing}. "
            "skdualcnn.inspection.Report lists what a report holds."
        )


def _check_rows(where: str, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    for position, row in enumerate(rows):
        if len(row) != len(columns):
            raise ReportError(
                f"Row {position} of {where} has {len(row)} cells, expected {len(columns)}, one of "
                f"each of its columns {list(columns)}. Give None where there is no value."
            )
