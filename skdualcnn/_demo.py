"""The whole way on one data set: load, split, train, score, export, check, report."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.utils import Bunch

from firmware_export import FirmwareReport, check_firmware, export_firmware
from skdualcnn._decider import FusionDecider
from skdualcnn._evaluation import ModelResult, decision_table, evaluate, head_tables
from skdualcnn._folders import staged_folder
from skdualcnn._studies import OURS, STUDIES, Study, fit, labelled_heads, labels_of, thin
from skdualcnn._versions import describe_environment
from skdualcnn.exceptions import ToolchainError
from skdualcnn.inspection import (
    ConfusionSharesDisplay,
    DecisionMapDisplay,
    Figure,
    HeadCalibrationDisplay,
    HeadCurvesDisplay,
    TrainingHistoryDisplay,
    print_report,
    write_json,
    write_report,
)
from skdualcnn.model_selection import honest_split

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
        models, results = _train(study, dataset, train, test, quick, seed, console)
        decider = models[OURS]
        console.print("exporting to fixed-point C")
        calibration = dataset.data.iloc[train[-CALIBRATION_ROWS:]]
        firmware = export_firmware(
            decider, folder / "firmware", calibration_data=calibration, prefix="ward_monitor"
        )
        try:
            checked = str(check_firmware(firmware, dataset.data.iloc[test]))
        except ToolchainError as error:
            checked = f"not checked: {error}"
        console.print(f"firmware against its twin: {checked}")
        report = {
            "title": f"skdualcnn on {study.title}" + (" (quick run)" if quick else ""),
            "summary": _summarise(results, dataset, checked),
            "data": {
                "name": study.title,
                "simulated": not study.needs_files,
                "rows": len(dataset.data),
                "columns": dataset.data.shape[1],
                "modalities": {name: len(cols) for name, cols in dataset.modalities.items()},
                "description": dataset.DESCR,
            },
            "protocol": {
                "sentence": dataset.protocol,
                "train_rows": len(train),
                "test_rows": len(test),
                "held_out": {
                    "groups": "whole groups (patients, or blocks of packets)",
                    "time": "the last fifth of the recording",
                    "file": "the authors' test file",
                }[dataset.split_by],
            },
            "heads": head_tables(results, OURS),
            "decisions": {
                "explained": (
                    "A head's anomaly score is one minus its probability of normal; at 0.5 or "
                    "more it raises its alert. When both do, the larger one wins if it leads by "
                    "more than 0.1; otherwise the decision is both."
                ),
                **decision_table(results, OURS),
            },
            "firmware": {"checked": checked, **_firmware_tables(firmware)},
            "environment": describe_environment(),
            "seed": seed,
            "command": command,
        }
        write_json(folder / "report.json", report)
        figures = _draw(decider, results, len(train))
        write_report(folder / "report.html", report, figures)
    print_report(report, console)
    console.print(f"written: {out / 'report.html'}, {out / 'report.json'}, {out / 'firmware'}")


def _train(
    study: Study,
    dataset: Bunch,
    train: Any,
    test: Any,
    quick: bool,
    seed: int,
    console: Console,
) -> tuple[dict[str, FusionDecider], dict[str, ModelResult]]:
    """Fit our model and the baselines on the same rows, and score them on the same."""
    models = study.models(dataset, quick=quick, verbose=1, random_state=seed)
    results = {}
    for position, (name, decider) in enumerate(models.items(), start=1):
        console.print(f"training {name} ({position} of {len(models)})")
        start = time.perf_counter()
        fit(decider, dataset, train)
        seconds = time.perf_counter() - start
        results[name] = evaluate(
            decider, dataset.data.iloc[test], labels_of(dataset, test), seconds
        )
    return models, results


def _summarise(results: dict[str, ModelResult], dataset: Bunch, checked: str) -> list[str]:
    """Return the result in sentences; where a baseline wins, they say so."""
    heads = " and the ".join(f"{name} head" for name in labelled_heads(dataset))
    sentences = [
        f"One convolutional network with the {heads} was trained and compared with six baselines "
        f"on the same rows and features. Protocol: {dataset.protocol}"
    ]
    for name in labelled_heads(dataset):
        auc = {model: result.heads[name].metrics()["roc_auc"] for model, result in results.items()}
        best = max(auc, key=lambda model: np.nan_to_num(auc[model]))
        average_precision = results[OURS].heads[name].metrics()["average_precision"]
        verdict = (
            "the best of all models"
            if best == OURS
            else f"behind the {best}, which reaches {auc[best]:.4f}"
        )
        sentences.append(
            f"{name.capitalize()} head: ROC-AUC {auc[OURS]:.4f}, average precision {average_precision:.3f}; "
            f"by ROC-AUC {verdict}."
        )
    sentences.append(f"Fixed-point C, compiled here and compared with its twin: {checked}.")
    return sentences


def _firmware_tables(firmware: FirmwareReport) -> dict[str, Any]:
    """Return the rows of the firmware table, with the paper's figures beside ours."""
    code = firmware.flash_bytes.get("code")
    rows = [
        ("parameters", firmware.parameters, "", "the paper: about 280,000"),
        ("multiply-adds", firmware.multiply_adds, "per row", ""),
        ("flash, constants", firmware.flash_bytes["constants"], "bytes", "the paper: under 3 MB"),
        ("flash, code", code, "bytes", "compiled for this machine, -O2"),
        ("RAM", firmware.ram_bytes, "bytes", "workspace that the caller provides"),
        ("stack", firmware.stack_bytes, "bytes", "on this machine"),
    ]
    return {
        "rows": [
            {"name": name, "value": value, "unit": unit, "note": note}
            for name, value, unit, note in rows
        ],
        "layers": firmware.to_dict()["layers"],
    }


def _draw(decider: FusionDecider, results: dict[str, ModelResult], n_train: int) -> list[Figure]:
    """Return the figures of the report."""
    history = TrainingHistoryDisplay.from_estimator(decider.estimator_[-1])
    figures = [
        Figure(
            "Learning curves",
            f"Loss and accuracy over the epochs on {n_train:,} training rows, a tenth of whose "
            "groups was held out to stop in time.",
            "Curves of training and validation loss and accuracy by epoch.",
            history.figure_,
        )
    ]
    for name, head in results[OURS].heads.items():
        scores = {model: result.heads[name].score for model, result in results.items()}
        given = {"normal": head.normal, "ours": OURS, "head": name}
        confusion = ConfusionSharesDisplay.from_predictions(
            head.y_true,
            head.y_pred,
            classes=list(head.classes),
            title=f"{name} head",
        )
        curves = HeadCurvesDisplay.from_predictions(head.y_true, scores, **given)
        calibration = HeadCalibrationDisplay.from_predictions(head.y_true, scores, **given)
        figures += [
            Figure(
                f"Confusion of the {name} head",
                "Rows are the truth, columns what our network said; the diagonal is right.",
                f"Confusion matrix of the {name} head.",
                confusion.figure_,
                name,
            ),
            Figure(
                f"ROC and precision-recall of the {name} head",
                "Normal against everything else: the nearer to the upper corner, the better.",
                f"ROC and precision-recall curves of all models on the {name} head.",
                curves.figure_,
                name,
            ),
            Figure(
                f"Calibration of the {name} head",
                "On the diagonal, a predicted probability of 0.7 comes true in 7 of 10 rows.",
                f"Calibration curves of all models on the {name} head.",
                calibration.figure_,
                name,
            ),
        ]
    ours = results[OURS]
    thresholds = decider.thresholds
    decision_map = DecisionMapDisplay.from_predictions(
        ours.scores,
        ours.states,
        thresholds=thresholds,
        abstention=decider.abstention,
        delta=decider.delta,
        rule=decider.rule,
    )
    figures.append(
        Figure(
            "Decision map",
            "Each test row by its two anomaly scores; the shading is the decision, the colour and "
            "shape the truth.",
            "Plane of health and cyber anomaly score with the regions of the decisions.",
            decision_map.figure_,
            "decisions",
        )
    )
    return figures
