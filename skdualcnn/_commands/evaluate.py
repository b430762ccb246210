"""skdualcnn evaluate: a saved decider on rows that were held out."""

import argparse
import json
from pathlib import Path
from typing import Any

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import keep_apart, new_file
from skdualcnn._commands._model import add_model_arguments, expect_fit, load_decider, read_rows
from skdualcnn._commands._source import divide
from skdualcnn.exceptions import UsageError

SUMMARY = "score a saved decider on the rows that were held out"
DESCRIPTION = (
    "Load a model and the data set or the columns that it was trained on, and score it on the rows "
    "that train held out: each head, and the decisions."
)
EXAMPLES = """\
skdualcnn evaluate ward.skdualcnn
skdualcnn evaluate model.skdualcnn --csv beds.csv --html report.html
skdualcnn evaluate ward.skdualcnn --card card.md"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model_arguments(parser)
    parser.add_argument(
        "--all", action="store_true", help="score all rows, not only those held out"
    )
    parser.add_argument(
        "--json", type=new_file, metavar="FILE", help="write the figures as JSON, too"
    )
    parser.add_argument("--html", type=new_file, metavar="FILE", help="write them as a page, too")
    parser.add_argument(
        "--card", type=new_file, metavar="FILE", help="write a model card in Markdown, too"
    )
    parser.add_argument(
        "--firmware",
        type=Path,
        metavar="FILE",
        help="report.json of an export of this model, for the card",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    keep_apart(options, ["json", "html", "card"], ["model", "csv", "firmware"])
    from skdualcnn._evaluation import evaluate  # noqa: PLC0415  (imports torch)
    from skdualcnn._studies import labels_of  # noqa: PLC0415
    from skdualcnn.inspection import print_report, write_json, write_report  # noqa: PLC0415
    from skdualcnn.model_card import write_model_card  # noqa: PLC0415

    if options.firmware is not None and options.card is None:
        raise UsageError("--firmware is for a model card; expected --card FILE, too")
    decider, noted = load_decider(options.model)
    study, dataset = read_rows(options, decider, noted)
    train, rows = _divide(dataset, options)
    with expect_fit(options.model, study.title):
        result = evaluate(
            decider,
            dataset.data.iloc[rows],
            labels_of(dataset, rows),
            dataset.groups.iloc[rows].to_numpy(),
        )
    protocol = {
        "sentence": dataset.protocol,
        "train_rows": len(train),
        "test_rows": len(rows),
        "held_out": _held_out(options, dataset.split_by, known=bool(noted)),
    }
    report = _assemble(options, study.title, dataset, protocol, result)
    card = (
        None if options.card is None else _make_card(options, study.title, decider, dataset, rows)
    )
    print_report(report, Console())
    if options.json is not None:
        write_json(options.json, report)
    if options.html is not None:
        write_report(options.html, report)
    if card is not None:
        write_model_card(options.card, card)
    return DONE


def _divide(dataset: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """Return the rows that train takes of the data, none if it cannot, and those to score."""
    import numpy as np  # noqa: PLC0415

    rows = np.arange(len(dataset.data))
    try:
        train, test = divide(dataset, options.seed)
    except UsageError:
        if options.all:
            return rows[:0], rows
        raise
    return train, rows if options.all else test


def _held_out(options: argparse.Namespace, split_by: str, *, known: bool) -> str:
    """Return what the training did not see; it is not `known` of files that train did not write."""
    from skdualcnn._studies import HELD_OUT  # noqa: PLC0415  (imports torch)

    if options.all:
        return "nothing: all rows are scored"
    if known:
        return HELD_OUT[split_by]
    return (
        f"{HELD_OUT[split_by]}; if it was not trained on them: the file of the model does not say"
    )


def _make_card(
    options: argparse.Namespace, title: str, decider: Any, dataset: Any, rows: Any
) -> Any:
    from skdualcnn._studies import labels_of  # noqa: PLC0415  (imports torch)
    from skdualcnn.model_card import make_model_card  # noqa: PLC0415

    subgroups = dataset.get("subgroups")
    firmware = None
    if options.firmware is not None:
        try:
            firmware = json.loads(options.firmware.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(
                f"{options.firmware} is no JSON: {error}; expected the report.json of an export"
            ) from error
    return make_model_card(
        decider,
        dataset.data.iloc[rows],
        labels_of(dataset, rows),
        groups=dataset.groups.iloc[rows],
        subgroups=None if subgroups is None else subgroups.iloc[rows],
        modalities=dataset.modalities,
        title=f"{options.model.name} on {title}",
        data=dataset.DESCR,
        protocol=dataset.protocol,
        limits="All rows were scored, those of the training included." if options.all else None,
        firmware=firmware,
    )


def _assemble(
    options: argparse.Namespace, title: str, dataset: Any, protocol: dict[str, Any], result: Any
) -> Any:
    from skdualcnn._evaluation import (  # noqa: PLC0415
        decision_table,
        head_tables,
        say_intervals,
        say_unknown,
    )
    from skdualcnn._versions import describe_environment  # noqa: PLC0415

    results = {options.model.name: result}
    return {
        "title": f"{options.model.name} on {title}",
        "summary": say_unknown(result),
        "data": {
            "name": title,
            "simulated": options.csv is None and options.data == "ward",
            "rows": len(dataset.data),
            "columns": sum(map(len, dataset.modalities.values())),
            "modalities": {name: len(columns) for name, columns in dataset.modalities.items()},
            "description": dataset.DESCR,
        },
        "protocol": protocol,
        "intervals": say_intervals(result),
        "heads": head_tables(results, options.model.name, options.seed),
        "decisions": {
            "explained": "",
            **decision_table(results, options.model.name, options.seed),
        },
        "environment": describe_environment(),
        "seed": options.seed,
        "command": options.command_line,
    }
