"""skdualcnn train: a decider, trained and saved."""

import argparse
from pathlib import Path

from rich.console import Console

from skdualcnn._commands._exit import DONE
from skdualcnn._commands._source import (
    add_source_arguments,
    divide,
    new_file,
    positive,
    read_source,
)

SUMMARY = "train a decider and save it"
DESCRIPTION = (
    "Load a data set, hold out what an honest split holds out, train the network with the "
    "decision on top on the rest, and save both in one file without code in it."
)
EXAMPLES = """\
skdualcnn train --out ward.skdualcnn
skdualcnn train --architecture compact --data wustl_ehms --data-dir FOLDER
skdualcnn train --csv beds.csv --groups bed --patient heart_rate spo2 \\
    --network packet_rate --health state --cyber attack"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_source_arguments(parser)
    parser.add_argument(
        "--out",
        type=new_file,
        default=Path("model.skdualcnn"),
        help="file to write; an earlier one is replaced (default: model.skdualcnn)",
    )
    parser.add_argument(
        "--architecture",
        choices=("paper", "compact"),
        help="shape of the network (default: the one chosen for the data set)",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the training rows, at most (default: as many as suit the data set)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the split and of training (default: 0)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from skdualcnn import save  # noqa: PLC0415  (imports torch)
    from skdualcnn._studies import OURS, fit, thin  # noqa: PLC0415

    console = Console()
    study, dataset = read_source(options)
    train, test = divide(dataset, options.seed)
    if options.quick:
        train = thin(train, study.window)
    console.print(f"{study.title}: {len(train):,} training rows, {len(test):,} held out")
    decider = study.models(dataset, quick=options.quick, verbose=1, random_state=options.seed)[OURS]
    name, classifier = decider.estimator.steps[-1]
    chosen = {"architecture": options.architecture, "max_epochs": options.epochs}
    classifier.set_params(**{key: value for key, value in chosen.items() if value is not None})
    fit(decider, dataset, train)
    path = save(decider, options.out)
    epochs = len(decider.estimator_[name].history_)
    console.print(f"{epochs} epochs; written: {path} ({path.stat().st_size:,} bytes)")
    return DONE
