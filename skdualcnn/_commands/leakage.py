"""skdualcnn leakage: what a split lets through."""

import argparse
import json

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE, FOUND
from skdualcnn._commands._source import (
    add_source_arguments,
    divide,
    positive,
    read_source,
    seed,
)

SUMMARY = "find what makes a score on a split say too much"
DESCRIPTION = (
    "Load a data set, divide it, and look for columns that give the label or the time away, names "
    "of rows, copies, and groups and windows on both sides of the split."
)
EXAMPLES = """\
skdualcnn leakage --split random --window 8
skdualcnn leakage --data wustl_ehms --data-dir FOLDER --all-columns
skdualcnn leakage --csv beds.csv --groups bed --patient heart_rate --health state --strict"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_source_arguments(parser)
    parser.add_argument(
        "--split",
        choices=("honest", "random"),
        default="honest",
        help="the split that the data set asks for, or single rows at random (default: honest)",
    )
    parser.add_argument(
        "--window",
        type=positive,
        default=1,
        help="rows of the window the model will see (default: 1)",
    )
    parser.add_argument(
        "--all-columns",
        action="store_true",
        help="keep the columns that the loader drops because they give the label away",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 4 if something of severity high is found"
    )
    parser.add_argument("--seed", type=seed, default=0, help="seed of the split (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from sklearn.model_selection import ShuffleSplit  # noqa: PLC0415

    from skdualcnn._studies import labelled_heads  # noqa: PLC0415  (imports torch)
    from skdualcnn.model_selection import leakage_report  # noqa: PLC0415

    _, dataset = read_source(options, drop_leaky=not options.all_columns)
    if options.split == "random":
        split = next(ShuffleSplit(1, test_size=0.2, random_state=options.seed).split(dataset.data))
    else:
        split = divide(dataset, options.seed)
    report = leakage_report(
        dataset.data,
        dataset.target[labelled_heads(dataset)],
        dataset.groups,
        [split],
        window=options.window,
        series=dataset.groups if dataset.split_by == "groups" else None,
        random_state=options.seed,
        verbose=not options.json,
    )
    if options.json:
        Console().out(json.dumps(report.to_dict()), highlight=False)
    else:
        Console().print(report)
    high = any(one.severity == "high" for one in report.findings)
    return FOUND if options.strict and high else DONE
