"""Where and how benchmark results are written."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from skdualcnn._versions import describe_environment


def describe_run() -> dict[str, str]:
    """Return the versions, the machine and the commit."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    ).stdout.strip()
    return {**describe_environment(), "commit": commit or "not a git checkout"}


def to_markdown(table: pd.DataFrame) -> str:
    """Return a table of means as Markdown, three decimals."""
    flat = table.reset_index()
    header = [str(column) for column in flat.columns]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for row in flat.itertuples(index=False):
        cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def say_run(environment: Mapping[str, str]) -> str:
    """Return what describes a run, in a line each."""
    return "\n".join(f"{key}: {value}" for key, value in environment.items())


def publish(out: Path, name: str, results: pd.DataFrame, table: pd.DataFrame) -> None:
    """Write the results and the means of this run, and print the means."""
    environment = describe_run()
    write_results(out, name, results, table, environment)
    print(say_run(environment))
    print(to_markdown(table))


def write_results(
    out: Path, name: str, results: pd.DataFrame, table: pd.DataFrame, environment: dict[str, str]
) -> None:
    """Write every single result as JSON and the means as Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    known = results.astype(object).where(results.notna(), None)  # JSON knows no NaN
    document = {"environment": environment, "results": known.to_dict(orient="records")}
    (out / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    lines = [f"- {key}: {value}" for key, value in environment.items()]
    text = "\n".join([f"# {name}", "", *lines, "", to_markdown(table), ""])
    (out / f"{name}.md").write_text(text, encoding="utf-8")
