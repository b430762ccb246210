"""skdualcnn train: a decider, trained and saved."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import keep_apart, new_file
from skdualcnn._commands._model import note
from skdualcnn._commands._source import (
    add_source_arguments,
    divide,
    positive,
    read_source,
    seed,
)
from skdualcnn.exceptions import ArchitectureError, NormalClassError, UsageError

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "train a decider and save it"
DESCRIPTION = (
    "Load a data set, hold out what an honest split holds out, train the network with the "
    "decision on top on the rest, and save both in one file without code in it."
)
EXAMPLES = """\
skdualcnn train --out ward.skdualcnn
skdualcnn train --architecture compact --data wustl_ehms --data-dir FOLDER
skdualcnn train --csv beds.csv --groups bed --window 8 --patient heart_rate spo2 \\
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
        "--normal",
        nargs="+",
        default=[],
        metavar="CLASS",
        help="class of each head that means normal, where it is neither normal nor 0",
    )
    parser.add_argument(
        "--window",
        type=positive,
        default=1,
        metavar="ROWS",
        help="rows of the CSV file that the network sees at once: a row and those before it, of "
        "its group if there are --groups, in the file's order (default: 1)",
    )
    parser.add_argument(
        "--vital-changes",
        action="store_true",
        help="let windows hold what changed in the patient's numbers since the row before, instead "
        "of the numbers: for long recordings, and people who differ",
    )
    parser.add_argument(
        "--architecture",
        choices=("paper", "compact"),
        help="shape of the network (default: the one chosen for the data set)",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the training rows (default: as many as suit the data set)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of the split and of training (default: 0)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    keep_apart(options, ["out"], ["csv"])
    from skdualcnn._fitting import interruption_raised  # noqa: PLC0415
    from skdualcnn._fusion_pipeline import vital_numbers  # noqa: PLC0415
    from skdualcnn._persistence import save_trained  # noqa: PLC0415  (imports torch)
    from skdualcnn._studies import (  # noqa: PLC0415
        OURS,
        fit,
        labels_of,
        thin,
        with_architecture,
    )

    console = Console()
    if options.vital_changes and not (options.window > 1 and options.patient):
        raise UsageError("--vital-changes needs columns of --patient, and --window of 2 or more")
    study, dataset = read_source(options, window=options.window, by=options.groups)
    if options.vital_changes:
        if not vital_numbers(dataset.data, dataset.modalities):
            raise UsageError(
                f"--vital-changes needs numbers of the patient, but {', '.join(options.patient)} "
                "of --patient hold text. Name a column of numbers too, or train without it."
            )
        study = replace(study, vital_changes=True)
    train, test = divide(dataset, options.seed)
    if options.quick:
        train = thin(train, study.window)
    y = labels_of(dataset, train)
    normal = choose_normal(options.normal, y)
    console.print(f"{study.title}: {len(train):,} training rows, {len(test):,} held out")
    for head in y:
        console.print(Text(f"{head}: {say_classes(y[head])}"))
    decider = study.models(dataset, quick=options.quick, verbose=1, random_state=options.seed)[OURS]
    if options.architecture:
        decider = with_architecture(decider, options.architecture)
    decider.set_params(normal=normal)
    name, classifier = decider.estimator.steps[-1]
    if options.epochs:
        classifier.set_params(max_epochs=options.epochs)
    try:
        with interruption_raised():
            fit(decider, dataset, train)
    except ArchitectureError as error:
        raise UsageError(
            f"{study.title} gives the network too few numbers in a row, expected two or more. Name "
            "more columns, or let it see several rows at once with --window."
        ) from error
    path = save_trained(decider, options.out, note(options, options.window))
    epochs = len(decider.estimator_[name].history_)
    console.print(f"{epochs} epochs; written: {path} ({path.stat().st_size:,} bytes)")
    return DONE


def say_classes(labels: "pd.Series[Any]") -> str:
    """Return the rows of each class, the most frequent first, and those without a label."""
    said = [f"{label!r} {n:,}" for label, n in labels.value_counts().head(20).items()]
    missing = int(labels.isna().sum())
    return ", ".join([*said, f"no label {missing:,}"] if missing else said)


def choose_normal(wanted: Sequence[str], y: Any) -> Any:
    """Return the class that means normal: of the one head, or a tuple of that of each.

    Raises
    ------
    UsageError
        If the labels are not classes, or which of them means normal is not known.
    """
    from skdualcnn._labels import Heads, Labels, find_normal  # noqa: PLC0415

    try:
        heads = Heads.from_labels(Labels.read(y))
    except ValueError as error:
        raise UsageError(str(error)) from error
    chosen, open_heads, unknown = [], [], set(wanted)
    for head, classes in zip(heads.names, heads.classes, strict=True):
        known = {str(one): one for one in classes.tolist()}
        named = [known[name] for name in wanted if name in known]
        unknown -= set(known)
        try:
            chosen.append(find_normal(head, classes, named[0] if named else None))
        except NormalClassError:
            open_heads.append(
                f"the label of the {head} head is one of {', '.join(map(repr, list(known)[:20]))}"
            )
    of_no_head = f"--normal names {', '.join(map(repr, sorted(unknown)))}, a class of no head"
    if open_heads:
        raise UsageError(
            f"{'; '.join(open_heads)}: name the class of each that means normal with --normal"
            + (f"; {of_no_head}" if unknown else "")
        )
    if unknown:
        raise UsageError(of_no_head)
    return chosen[0] if len(chosen) == 1 else tuple(chosen)
