"""The firmware report as Markdown: what it costs, before anything is flashed."""

from typing import Any

from firmware_export._emit import render_template
from firmware_export._footprint import FirmwareReport
from firmware_export._latency import CHIPS, METHOD

PAPER = {
    "parameters": "about 280,000",
    "flash": "less than 3 MB",
    "latency": "120 to 150 ms",
    "power": "less than 240 mW",
}
"""Table 3 of the paper, for the ESP32."""


def render_report(report: FirmwareReport) -> str:
    """Return a report as Markdown.

    Parameters
    ----------
    report : FirmwareReport
    """
    return render_template("report.md.j2", _context(report))


def _context(report: FirmwareReport) -> dict[str, Any]:
    counts = {
        name: costs["O2"].instructions
        for name, costs in report.targets.items()
        if costs["O2"].instructions is not None
    }
    return {
        "report": report,
        "graph": report.twin.integer_graph_,
        "paper": PAPER,
        "latencies": report.latencies,
        "method": METHOD,
        "chips": CHIPS,
        "costs": [
            (name, level, cost)
            for name, levels in report.targets.items()
            for level, cost in levels.items()
        ],
        "counts": counts,
        "baselines": [
            (name, target, cost)
            for name, costs in report.baselines.items()
            for target, cost in costs.items()
        ],
    }
