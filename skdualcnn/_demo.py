"""The whole way on one data set: load, split, train, score, export, check, report."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.utils import Bunch

from firmware_export import FirmwareReport, check_firmware, export_firmware
from skdualcnn._decider import FusionDecider
from skdualcnn._demo_report import Run, assemble_report, draw_figures
from skdualcnn._evaluation import ModelResult, evaluate
from skdualcnn._persistence import save_trained
from skdualcnn._studies import OURS, STUDIES, Study, fit, labels_of, thin
from skdualcnn._writing import staged_folder
from skdualcnn.exceptions import ToolchainError
from skdualcnn.inspection import print_report, write_json, write_report
from skdualcnn.model_selection import honest_split

MODEL = "model.skdualcnn"
CALIBRATION_ROWS = 2000  # training rows that set the ranges of the integers


def run_demo(
    data: str,
    *,
    data_dir: Path | None,
    out: Path,
    quick: bool,
    seed: int,
    command: str,
    console: Console,
) -> None:
    """Run the whole way on one data set and write the folder `out`.

    Parameters
    ----------
    data : str
        Name of a study.
    data_dir : Path or None
        Folder of the data set's files.
    out : Path
        Folder to write; it appears only when everything has succeeded.
    quick : bool
        Fewer rows and epochs.
    seed : int
        Seed of everything.
    command : str
        The command line, for the report.
    console : rich.console.Console
        Where tables and progress go.

    Raises
    ------
    FileExistsError, OSError
        If `out` holds something else or cannot be written.
    DataFileError
        If the files of the data set are not as their authors publish them.
    """
    study = STUDIES[data]
    with staged_folder(out, marker="report.json") as folder:
        console.print(f"[bold]{study.title}[/bold]: loading")
        dataset = study.load(data_dir or Path(), seed)
        train, test = honest_split(dataset, random_state=seed)
        if quick:
            train = thin(train, study.window)
        console.print(f"{len(train):,} training rows, {len(test):,} test rows; {dataset.protocol}")
        models = study.models(dataset, quick=quick, verbose=1, random_state=seed)
        results = _fit_and_score(models, dataset, train, test, console)
        save_trained(models[OURS], folder / MODEL, {"data": data, "seed": seed})
        firmware, checked = _export(
            study, models[OURS], dataset, train, test, folder / "firmware", console
        )
        fixed_point = firmware.twin.predict(dataset.data.iloc[test])
        run = Run(study, dataset, train, test, results, quick, seed, command)
        report = assemble_report(run, firmware, checked, fixed_point)
        write_json(folder / "report.json", report)
        write_report(folder / "report.html", report, draw_figures(run, models[OURS]))
    print_report(report, console)
    written = [str(out / name) for name in ("report.html", "report.json", MODEL, "firmware")]
    console.print(f"written: {', '.join(written)}")


def _fit_and_score(
    models: dict[str, FusionDecider],
    dataset: Bunch,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    console: Console,
) -> dict[str, ModelResult]:
    """Fit every model on the same rows, and score them on the same."""
    results = {}
    for position, (name, decider) in enumerate(models.items(), start=1):
        console.print(f"training {name} ({position} of {len(models)})")
        start = time.perf_counter()
        fit(decider, dataset, train)
        seconds = time.perf_counter() - start
        results[name] = evaluate(
            decider,
            dataset.data.iloc[test],
            labels_of(dataset, test),
            dataset.groups.iloc[test].to_numpy(),
            fit_seconds=seconds,
        )
    return results


def _export(
    study: Study,
    decider: FusionDecider,
    dataset: Bunch,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    folder: Path,
    console: Console,
) -> tuple[FirmwareReport, str]:
    """Export the decider, and compare the C with its twin on every test row."""
    console.print("exporting to fixed-point C")
    calibration = dataset.data.iloc[thin(train, study.window, at_most=CALIBRATION_ROWS)]
    firmware = export_firmware(
        decider,
        folder,
        calibration_data=calibration,
        prefix="ward_monitor",
        measure="instructions",
    )
    try:
        checked = str(check_firmware(firmware, dataset.data.iloc[test]))
    except ToolchainError as error:
        checked = f"not checked: {error}"
    console.print(f"firmware against its twin: {checked}")
    return firmware, checked
