"""The command line."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from skdualcnn import __version__
from skdualcnn.exceptions import SkdualcnnError

EXIT_USAGE = 2  # also what the shell expects of a wrong argument

# Names here, and not read off the studies, so that --help does not import torch.
DATA_SETS = ("ward", "wustl_ehms", "physionet2012", "nsl_kdd", "icu_security")


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message alone and exit."""
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 for a wrong argument or file."""
    parser = _make_parser()
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    if options.data != "ward" and options.data_dir is None:
        parser.error(
            f"--data {options.data} reads files, but no folder was given; expected --data-dir "
            "FOLDER, or the variable SKDUALCNN_DATA"
        )
    try:
        return _demo(options, shlex.join(["skdualcnn", *given]))
    except (SkdualcnnError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"{parser.prog} {options.command}: error: {line}", file=sys.stderr)
        return EXIT_USAGE


def _demo(options: argparse.Namespace, command: str) -> int:
    from skdualcnn._demo import run_demo  # noqa: PLC0415  (imports torch)

    if options.data != "ward" and not options.data_dir.exists():
        raise FileNotFoundError(
            f"--data-dir {options.data_dir} does not exist; expected a folder with the files of "
            f"{options.data}."
        )
    run_demo(
        options.data,
        data_dir=options.data_dir,
        out=options.out,
        quick=options.quick,
        seed=options.seed,
        command=command,
        console=Console(),
    )
    return 0


def _make_parser() -> OneLineParser:
    parser = OneLineParser(
        prog="skdualcnn",
        description="Medical emergencies and cyberattacks from one multimodal stream.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train, score, export and report on one data set",
        description=(
            "Load a data set, split it honestly, train the network and six baselines, score "
            "them, export the network as fixed-point C, check the C on every test row, and write "
            "report.html, report.json and the firmware folder."
        ),
    )
    demo.add_argument(
        "--data", choices=DATA_SETS, default="ward", help="data set (default: the simulated ward)"
    )
    demo.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("SKDUALCNN_DATA") and Path(os.environ["SKDUALCNN_DATA"]),
        help="folder of the data set's files, or the folder above it (default: $SKDUALCNN_DATA)",
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("skdualcnn_demo"),
        help="folder to write; an earlier one is replaced (default: skdualcnn_demo)",
    )
    demo.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    demo.add_argument("--seed", type=int, default=0, help="seed of everything (default: 0)")
    return parser
