"""What a check of leakage found, and the report that holds it."""

from dataclasses import asdict, dataclass, field
from html import escape
from io import StringIO
from typing import Any, Literal

import pandas as pd
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}
_FIELDS = ("severity", "check", "column", "head", "evidence", "finding", "advice")
WIDTH = 110


@dataclass(frozen=True)
class LeakageFinding:
    """One thing that makes a score on the split say too much.

    Attributes
    ----------
    severity : {"high", "medium", "low"}
        "high": scores on this split cannot be trusted before it is dealt with;
        "medium": look at it; "low": harmless here, but good to know.
    check : str
        What found it: "label", "clock", "drift", "identifier", "row order", "rows",
        "groups", "windows", "duplicates" or "near duplicates".
    finding : str
        What it is, in a sentence.
    advice : str
        What to do.
    column : str or None
        Column of X, if it is about one.
    head : str or None
        Column of y, if it is about one.
    evidence : dict of str to number or str
        The figures behind it.

    See Also
    --------
    leakage_report : Makes the findings.
    """

    severity: Severity
    check: str
    finding: str
    advice: str
    column: str | None = None
    head: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LeakageReport:
    """What was found, and what was looked for.

    It prints as a table, and shows as one in a notebook.

    Attributes
    ----------
    findings : tuple of LeakageFinding
        The worst first.
    checked : tuple of str
        What was compared with what, and what was not checked and why.
    n_rows, n_columns, n_folds : int
        Size of X and of the split.

    See Also
    --------
    leakage_report : Makes the report.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.model_selection import leakage_report
    >>> X = np.random.default_rng(0).integers(0, 9, size=(300, 3))
    >>> report = leakage_report(X, X[:, 1] > 4, random_state=0)
    >>> [(one.severity, one.check, one.column) for one in report.findings]
    [('high', 'label', 'x1')]
    """

    findings: tuple[LeakageFinding, ...]
    checked: tuple[str, ...]
    n_rows: int
    n_columns: int
    n_folds: int

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a table.

        Returns
        -------
        DataFrame of shape (n_findings, 7)
            Columns ``severity``, ``check``, ``column``, ``head``, ``evidence`` (a dict),
            ``finding``, ``advice``.
        """
        rows = [[getattr(one, name) for name in _FIELDS] for one in self.findings]
        return pd.DataFrame(rows, columns=list(_FIELDS), dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, ready for JSON.

        Returns
        -------
        dict
            The attributes; ``findings`` is a list of dicts.
        """
        return {
            **asdict(self),
            "findings": [asdict(one) for one in self.findings],
            "checked": list(self.checked),
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self._headline(), style="bold")
        if self.findings:
            yield self._table()
            yield Text("What to do:", style="bold")
            for advice, checks in self._advice().items():
                yield Text(f"- {', '.join(checks)}: {advice}")
        yield Text("What was checked:", style="bold")
        for line in self.checked:
            yield Text(f"- {line}")

    def __str__(self) -> str:
        console = Console(file=StringIO(), width=WIDTH, color_system=None)
        with console.capture() as capture:
            console.print(self)
        return "\n".join(line.rstrip() for line in capture.get().splitlines())

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in _FIELDS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in self._cells(one)) + "</tr>"
            for one in self.findings
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        checked = "".join(f"<li>{escape(line)}</li>" for line in self.checked)
        return (
            f"<p><strong>{escape(self._headline())}</strong></p>"
            f"{table if self.findings else ''}<p>What was checked:</p><ul>{checked}</ul>"
        )

    def _headline(self) -> str:
        counts = {
            severity: sum(one.severity == severity for one in self.findings)
            for severity in SEVERITIES
        }
        listed = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
        return (
            f"Leakage: {listed or 'nothing found'} "
            f"({self.n_rows:,} rows, {self.n_columns:,} columns, {self.n_folds:,} fold(s))"
        )

    def _advice(self) -> dict[str, list[str]]:
        """Return each piece of advice with the checks that give it."""
        given: dict[str, list[str]] = {}
        for one in self.findings:
            checks = given.setdefault(one.advice, [])
            if one.check not in checks:
                checks.append(one.check)
        return given

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
        table.add_column("severity", no_wrap=True)
        table.add_column("check", no_wrap=True)
        table.add_column("column", overflow="fold")
        table.add_column("head", overflow="fold")
        table.add_column("finding", ratio=1)
        for one in self.findings:
            severity, check, column, head, evidence, finding, _ = map(Text, self._cells(one))
            severity.stylize(_STYLES[one.severity])
            evidence.stylize("dim")
            table.add_row(severity, check, column, head, Text("\n").join([finding, evidence]))
        return table

    @staticmethod
    def _cells(one: LeakageFinding) -> list[str]:
        evidence = ", ".join(f"{name} {_write(value)}" for name, value in one.evidence.items())
        cells = {**asdict(one), "evidence": evidence}
        return [str(cells[name] or "") for name in _FIELDS]


def _write(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value}"


def severity_of_share(share: float) -> Severity:
    """Return how bad it is if a share of the test rows is not what it seems."""
    return "high" if share >= 0.1 else "medium" if share >= 0.01 else "low"
