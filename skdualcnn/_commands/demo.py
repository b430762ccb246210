"""skdualcnn demo: the whole way on one data set."""

import argparse
from pathlib import Path

from skdualcnn._commands._console import Console
from skdualcnn._commands._data import add_data_arguments, check_data_arguments
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import keep_apart
from skdualcnn._commands._source import seed

SUMMARY = "train, score, export and report on one data set"
DESCRIPTION = (
    "Load a data set, split it honestly, train the network and six baselines, score them, save "
    "the network, export it as fixed-point C, check the C on every test row, and write "
    "report.html, report.json, model.skdualcnn and the firmware folder."
)
EXAMPLES = """\
skdualcnn demo --quick
skdualcnn demo --data physionet2012 --data-dir FOLDER --out report"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_data_arguments(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("skdualcnn_demo"),
        help="folder to write; an earlier one is replaced (default: skdualcnn_demo)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    parser.add_argument("--seed", type=seed, default=0, help="seed of everything (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    keep_apart(options, ["out"], ["data_dir"])
    from skdualcnn._demo import run_demo  # noqa: PLC0415  (imports torch)
    from skdualcnn._fitting import interruption_raised  # noqa: PLC0415

    check_data_arguments(options)
    with interruption_raised():
        run_demo(
            options.data,
            data_dir=options.data_dir,
            out=options.out,
            quick=options.quick,
            seed=options.seed,
            command=options.command_line,
            console=Console(),
        )
    return DONE
