"""The report's tables in the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from skdualcnn.inspection import _tables
from skdualcnn.inspection._schema import Report, check_report


def print_report(report: Report, console: Console | None = None) -> None:
    """Print the tables of a report.

    Our model is bold, the best value of each column has a star.

    Parameters
    ----------
    report : Report
        The report, as `write_report` takes it.
    console : rich.console.Console, default=None
        Where to print; None prints to the standard output.

    Raises
    ------
    ReportError
        If the report lacks a section.

    See Also
    --------
    write_report : The same as a page, with figures.

    Examples
    --------
    >>> from skdualcnn.inspection import print_report
    >>> print_report({"title": "Empty"})
    Traceback (most recent call last):
    skdualcnn.exceptions.ReportError: report has the entries ['title'], expected ...
    """
    check_report(report)
    console = console or Console()
    # Text, not markup: names of classes and models are printed as they stand.
    console.print(Text(report["title"], style="bold"))
    for paragraph in report["summary"]:
        console.print(Text(paragraph))
    data, protocol = report["data"], report["protocol"]
    kind = "simulated data" if data["simulated"] else "measured data"
    console.print(
        Text(f"\n{data['name']} ({kind}): {data['rows']:,} rows, {data['columns']:,} columns. ")
        + Text(
            f"{protocol['sentence']} Train {protocol['train_rows']:,}, test "
            f"{protocol['test_rows']:,} rows; held out: {protocol['held_out']}."
        )
    )
    if report.get("intervals"):
        console.print(Text(f"\n{report['intervals']}"))
    for head in report["heads"]:
        _print_table(console, _tables.classes_table(head))
        _print_table(console, _tables.head_table(head, _tables.IN_SHORT))
    decisions = report.get("decisions")
    if decisions:
        console.print(Text(f"\n{decisions['explained']}"))
        _print_table(console, _tables.decisions_table(report))
        _print_table(console, _tables.confusion_table(report))
    firmware = report.get("firmware")
    if firmware:
        console.print(Text(f"\nFirmware: {firmware['checked']}"))
        _print_table(console, _tables.firmware_table(report))
    console.print(Text(f"\nSeed {report['seed']}; to repeat: {report['command']}"))


def _print_table(console: Console, table: _tables.Table | None) -> None:
    if table is None or not table.rows:
        return
    console.print(Text(f"\n{table.caption}", style="italic"))
    drawn = RichTable(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for column in table.columns:
        note = " (lower is better)" if column.better == "lower" else ""
        drawn.add_column(
            Text(column.title + note),
            justify="right" if column.numeric else "left",
            no_wrap=column is table.columns[0],
        )
    for row in table.rows:
        drawn.add_row(
            *(
                _show(cell, marked=table.marked) if column.numeric else Text(cell.text)
                for cell, column in zip(row.cells, table.columns, strict=True)
            ),
            style="bold" if row.ours else None,
        )
    console.print(drawn)


def _show(cell: _tables.Cell, *, marked: bool) -> Text:
    """Return a number, its interval under it."""
    number = Text(cell.text + ("★" if cell.best else " " if marked else ""))
    if cell.interval:
        number += Text(f"\n{cell.interval}" + (" " if marked else ""), style="dim not bold")
    return number
