"""The benchmarks as commands: `python -m benchmarks NAME --help`."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import (
    adversarial,
    alignment,
    architectures,
    baselines,
    calibration,
    conformance,
    coverage,
    drift,
    explanation,
    federated,
    firmware,
    firmware_classical,
    paper,
    quality,
    robustness,
    speed,
    streaming,
    tampering,
    tuning,
    unlabelled,
    windows,
)
from benchmarks._studies import STUDIES
from skdualcnn import _studies
from skdualcnn._cli import OneLineParser, in_one_line
from skdualcnn._commands import _exit
from skdualcnn._commands._source import positive
from skdualcnn._writing import check_writable
from skdualcnn.exceptions import SkdualcnnError


def main() -> int:
    """Run the benchmark that was asked for; return one of `skdualcnn._commands._exit`."""
    parser = _make_parser()
    options = parser.parse_args()
    named = f"{parser.prog} {options.command}"
    try:
        answer = options.run(options)
    except (SkdualcnnError, OSError) as error:
        print(f"{named}: error: {in_one_line(error)}", file=sys.stderr)
        return _exit.USAGE
    except KeyboardInterrupt:
        kept = (
            f"; finished jobs are kept in {options.out / 'jobs'}, and the same command resumes"
            if options.command == "paper"
            else ""
        )
        print(f"{named}: interrupted{kept}", file=sys.stderr)
        return _exit.INTERRUPTED
    return answer if isinstance(answer, int) else _exit.DONE


def _make_parser() -> OneLineParser:
    parser = OneLineParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, purpose: str, run: Callable[[argparse.Namespace], Any], quick: str = ""
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=purpose)
        command.set_defaults(run=run)
        if quick:
            command.add_argument(
                "--out",
                type=_folder,
                default=Path(f"benchmark_{name}"),
                help="folder to write to (default: %(default)s)",
            )
            command.add_argument("--quick", action="store_true", help=quick)
        return command

    def add_on_studies(
        name: str,
        purpose: str,
        run: Callable[..., Any],
        quick: str = "fewer rows and epochs",
        seeds: int = 3,
        *,
        offer_series: bool = False,
    ) -> None:
        command = add(name, purpose, _on_studies(run), quick=quick)
        _add_studies(command, seeds, offer_series=offer_series)

    add("conformance", "scikit-learn's common checks, counted", lambda _: conformance.run())
    add_on_studies(
        "baselines",
        "our network beside six classifiers, two protocols, every data set",
        baselines.run,
        seeds=1,
    )
    rerun = add(
        "paper",
        "every table and figure of the paper, under its protocol and under an honest one",
        _run_paper,
        quick="fewer rows and epochs; two models in the five folds",
    )
    _add_studies(rerun, seeds=3, offer_all=True, offer_series=True)
    add_on_studies(
        "architectures",
        "the named architectures: size, flash and scores, beside six classifiers",
        architectures.run,
    )
    add_on_studies(
        "quality",
        "our network beside six classifiers on honest test rows: every figure, and tests",
        quality.run,
        offer_series=True,
    )
    add_on_studies(
        "robustness",
        "what noise and missing values cost each model, and what training on them saves",
        robustness.run,
    )
    add_on_studies(
        "unlabelled",
        "what rows without a label are worth: most labels of the training rows taken away",
        unlabelled.run,
    )
    add_on_studies(
        "tuning",
        "settings of our network compared on training rows alone",
        tuning.run,
        offer_series=True,
    )
    add_on_studies(
        "calibration",
        "whether our probabilities come true on honest test rows, before and after calibration",
        calibration.run,
    )
    add_on_studies(
        "explanation",
        "whether contributions find the columns that matter: deletion against chance",
        explanation.run,
    )
    add_on_studies(
        "adversarial",
        "readings moved within sensor accuracy, before and after adversarial training",
        adversarial.run,
        quick="fewer rows, epochs and steps",
    )
    add(
        "firmware",
        "instructions, code, RAM and stack on three chips, beside the peers'",
        lambda given: firmware.run(given.out, quick=given.quick),
        quick="at -O2 only",
    )
    add(
        "firmware_classical",
        "classical models of the same pipeline, by micromlgen, on the same chips",
        lambda given: firmware_classical.run(given.out, quick=given.quick),
        quick="without the forest and the support vectors, which take minutes to compile",
    )
    align = add(
        "alignment",
        "a million readings, and models on the result",
        lambda given: alignment.run(given.data_dir, given.out, quick=given.quick),
        quick="fewer readings, patients and trees",
    )
    _add_folder(align)
    moved = add(
        "drift",
        "drift alarms on changed and unchanged data, and on real data along time",
        _on_files(
            lambda given: drift.run(given.out, quick=given.quick, data_dir=given.data_dir),
            "wustl_ehms",
        ),
        quick="fewer patients",
    )
    _add_folder(moved)
    apart = add(
        "federated",
        "pooled training, federated training over loopback, and each site alone",
        lambda given: federated.run(
            given.out,
            quick=given.quick,
            data_dir=given.data_dir,
            seeds=given.seeds,
            rounds=given.rounds,
        ),
        quick="a short ward, two rounds, one seed",
    )
    _add_folder(apart)
    apart.add_argument("--seeds", type=positive, default=3, help="number of seeds (default: 3)")
    apart.add_argument(
        "--rounds",
        type=positive,
        default=20,
        help="rounds, and epochs of pooled training (default: 20)",
    )
    covered = add(
        "coverage",
        "prediction sets: coverage and uncertain decisions, on exchangeable and on changed data",
        _on_files(
            lambda given: coverage.run(given.out, quick=given.quick, data_dir=given.data_dir),
            *("wustl_ehms", "physionet2012", "nsl_kdd"),
        ),
        quick="fewer patients, epochs and repeats",
    )
    _add_folder(covered)
    tampered = add(
        "tampering",
        "false medical alerts under attack: health alone, and decisions that distrust vitals",
        _on_files(
            lambda given: tampering.run(given.out, quick=given.quick, data_dir=given.data_dir),
            "wustl_ehms",
        ),
        quick="one seed, fewer patients and epochs",
    )
    _add_folder(tampered)
    measured = add(
        "speed",
        "training, inference, search and preprocessing, beside the peers in turn",
        lambda given: speed.run(given.out, share=given.share, quick=given.quick, peers=given.peers),
        quick="a small share of the rows, one round",
    )
    measured.add_argument("--share", type=_share, default=1.0, help="of the rows (default: all)")
    measured.add_argument(
        "--peers",
        type=_present,
        help="folder of environments with Keras, tsai and aeon: docs/speed.md",
    )
    add(
        "streaming",
        "how long a reading takes in the online detector, with the network and compiled",
        lambda given: streaming.run(given.out, quick=given.quick),
        quick="fewer readings and devices",
    )
    add(
        "windows",
        "memory of long windows through the network",
        lambda given: windows.run(given.out, quick=given.quick),
        quick="fewer rows",
    )
    return parser


def _on_studies(run: Callable[..., Any]) -> Callable[[argparse.Namespace], Any]:
    """Return a command that runs a benchmark of several data sets and seeds."""

    def run_on(given: argparse.Namespace) -> Any:
        _check_files(given.data, given.data_dir)
        return run(given.data, given.data_dir, given.out, range(given.seeds), quick=given.quick)

    return run_on


def _on_files(
    run: Callable[[argparse.Namespace], Any], *names: str
) -> Callable[[argparse.Namespace], Any]:
    """Return a command that runs a benchmark which reads these data sets."""

    def run_on(given: argparse.Namespace) -> Any:
        _check_files(names, given.data_dir)
        return run(given)

    return run_on


def _check_files(names: Iterable[str], folder: Path) -> None:
    """Read every data set once, so that what is missing is said before any work."""
    for name in names:
        if STUDIES[name].needs_files:
            STUDIES[name].load(folder, 0)


def _run_paper(given: argparse.Namespace) -> None:
    if not given.all:
        _check_files(given.data, given.data_dir)
    paper.run(
        list(STUDIES) if given.all else given.data,
        given.data_dir,
        given.out,
        n_seeds=given.seeds,
        quick=given.quick,
        command=shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        skip_missing=given.all,
    )


def _add_studies(
    command: argparse.ArgumentParser,
    seeds: int,
    *,
    offer_all: bool = False,
    offer_series: bool = False,
) -> None:
    chosen = command.add_mutually_exclusive_group()
    chosen.add_argument(
        "--data",
        nargs="+",
        choices=STUDIES if offer_series else _studies.STUDIES,
        default=["ward"],
        help="data sets (default: ward, which is simulated and needs no files)",
    )
    if offer_all:
        chosen.add_argument(
            "--all", action="store_true", help="every data set whose files are there"
        )
    _add_folder(command)
    command.add_argument(
        "--seeds", type=positive, default=seeds, help="number of seeds (default: %(default)s)"
    )


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("SKDUALCNN_DATA", "."),
        help="folder of the files (default: $SKDUALCNN_DATA; if unset, the current folder)",
    )


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"got {text}; expected a number above 0, at most 1")
    return share


def _folder(text: str) -> Path:
    """Return the path of a folder that can be written, before there is work to lose."""
    path = Path(text)
    try:
        there = next(one for one in (path, *path.absolute().parents) if one.exists())
        if not there.is_dir():
            raise argparse.ArgumentTypeError(f"{there} is a file; expected a folder, or a new name")
        check_writable(there / "benchmark")
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"nothing can be written to {path}; choose a folder where it can"
        ) from error
    return path


def _present(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"got {text}; expected a folder that is there")
    return Path(text)


if __name__ == "__main__":
    raise SystemExit(main())
