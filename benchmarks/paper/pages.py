"""From results to files: a page a protocol, one text of everything, one JSON file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd

from benchmarks._output import describe_run
from benchmarks.baselines import PROTOCOLS
from benchmarks.paper import (
    ablation,
    calibration,
    classes,
    deployment,
    five_folds,
    fusion,
    numbers,
    overview,
    reference,
    robustness,
    scores,
    significance,
    training,
)
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, average, ends, to_markdown
from skdualcnn._studies import OURS
from skdualcnn._writing import write_whole
from skdualcnn.inspection import write_json, write_report

DPI = 110


def write_pages(out: Path, found: Mapping[str, Results], command: str) -> list[Path]:
    """Write `paper.md`, `paper.json`, and a page of each data set and protocol.

    Parameters
    ----------
    out : Path
        Folder to write to.
    found : dict of str to Results
        By the name of the data set.
    command : str
        The command line that made them.

    Returns
    -------
    list of Path
        The files, pages first.
    """
    environment = describe_run()
    front = [reference.check_itself(), overview.build(found), overview.in_words(found)]
    text = ["# Every table and figure of the paper, rerun", "", f"`{command}`", ""]
    text += [f"- {name}: {value}" for name, value in environment.items()]
    text += ["", *(to_markdown(section, []) for section in front)]
    document: dict[str, Any] = {
        "command": command,
        "environment": environment,
        "overview": [_as_report(section) for section in front],
        "data": {},
    }
    pages = []
    for data, results in found.items():
        for protocol in PROTOCOLS:
            sections = _sections(data, results, protocol)
            files = _save_figures(out, f"{data}_{protocol}", sections)
            text += ["", f"# {results.title}: {_name(protocol)}", ""]
            text += [to_markdown(one, files[one.title]) for one in sections]
            page = out / f"{data}_{protocol}.html"
            report = _report(results, protocol, [*sections, *front], environment, command)
            pages.append(write_report(page, report, _placed(sections)))
            plt.close("all")
            document["data"].setdefault(data, {})[protocol] = {
                "sections": [_as_report(one) for one in sections],
                **numbers.collect(results, protocol),
            }
    written = write_whole(out / "paper.md", "\n".join(text).encode())
    return [*pages, written, write_json(out / "paper.json", document)]


def _sections(data: str, results: Results, protocol: str) -> list[Section]:
    """Return the sections of a page in the order they are read."""
    sections = [
        scores.build(results, protocol),
        significance.build(results, protocol),
        classes.build(results, protocol),
        training.build(results, protocol),
        five_folds.build(results, protocol),
        ablation.build(results, protocol),
        calibration.build(results, protocol),
        robustness.build(results, protocol),
        fusion.build(results, protocol),
    ]
    if protocol == "honest":
        sections.append(deployment.build(results))
    return [_stamp(section, data, protocol, quick=results.settings.quick) for section in sections]


def _stamp(section: Section, data: str, protocol: str, *, quick: bool) -> Section:
    """Return a section that names the protocol beside every table and figure.

    Where the paper's figures stand beside ours, a note says how they compare.
    """
    suffix = f", {_name(protocol)}"
    texts = [text for table in section.tables for text in (*table.columns, *_first(table))]
    compared = any(text.startswith("the paper") for text in texts)
    return replace(
        section,
        sentences=section.sentences
        + ([reference.note(data, protocol, quick=quick)] if compared else []),
        tables=[replace(one, caption=one.caption + suffix) for one in section.tables],
        figures=[replace(one, title=one.title + suffix) for one in section.figures],
    )


def _first(table: Table) -> list[str]:
    return [str(row[0]) for row in table.rows]


def _save_figures(out: Path, name: str, sections: list[Section]) -> dict[str, list[str]]:
    """Write every figure as a PNG; return the places of those of each section."""
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    places: dict[str, list[str]] = {}
    number = 0
    for section in sections:
        places[section.title] = []
        for figure in section.figures:
            number += 1
            file = folder / f"{name}_{number:02}.png"
            figure.figure.savefig(file, dpi=DPI, bbox_inches="tight", facecolor="white")
            places[section.title].append(f"figures/{file.name}")
    return places


def _placed(sections: list[Section]) -> list[Any]:
    return [replace(one, section=part.title) for part in sections for one in part.figures]


def _as_report(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "paragraphs": section.sentences,
        "tables": [table.to_dict() for table in section.tables],
    }


def _report(
    results: Results,
    protocol: str,
    sections: list[Section],
    environment: Mapping[str, str],
    command: str,
) -> Any:
    first = results.select(protocol, OURS)[0]
    quick = " (quick run)" if results.settings.quick else ""
    return {
        "title": f"{results.title[:1].upper()}{results.title[1:]}: {_name(protocol)}{quick}",
        "summary": [
            sentence
            for head in results.heads
            for sentence in (
                scores.verdict(results, protocol, head),
                significance.summarise(
                    significance.against_baselines(results, protocol, head), head
                ),
            )
        ],
        "data": {
            "name": results.title,
            "simulated": results.simulated,
            "rows": results.n_rows,
            "columns": results.n_columns,
            "modalities": results.modalities,
            "description": results.description,
        },
        "protocol": {
            "sentence": results.splits[protocol],
            "train_rows": first.facts["train_rows"],
            "test_rows": len(first.columns["group"]),
            "held_out": results.held_out[protocol],
        },
        "intervals": "Each figure is a mean over the seeds, and under it stands its 95 % interval "
        "by Student's t, where there is more than one seed. It is about training and, where the "
        "split is drawn, about the split.",
        "heads": [_head(results, protocol, head) for head in results.heads],
        "sections": [_as_report(one) for one in sections],
        "environment": environment,
        "seed": ", ".join(map(str, results.settings.seeds)),
        "command": command,
    }


def _head(results: Results, protocol: str, head: str) -> dict[str, Any]:
    """Return the means over the seeds, and the test rows of each class of the first seed."""
    first = results.select(protocol, OURS)[0].result(head)
    models = []
    for model in results.models(protocol):
        runs = pd.DataFrame(results.metrics(protocol, model, head))
        seconds = [one.facts["seconds"] for one in results.select(protocol, model)]
        models.append(
            {
                "name": model,
                "ours": model == OURS,
                **runs.mean().to_dict(),
                "intervals": {name: ends(runs[name]) for name in runs},
                "fit_seconds": average(seconds),
            }
        )
    counts = {str(label): int((first.y_true == label).sum()) for label in first.classes}
    return {"name": head, "classes": list(counts), "test_counts": counts, "models": models}


def _name(protocol: str) -> str:
    return "the paper's protocol" if protocol == "paper" else "the honest protocol"
