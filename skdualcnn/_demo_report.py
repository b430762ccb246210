"""What the demo reports: tables, sentences and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from firmware_export import FirmwareReport
from skdualcnn._decider import FusionDecider
from skdualcnn._demo_messages import (
    say_calibration,
    say_confusion,
    say_decisions,
    say_ranking,
    say_training,
)
from skdualcnn._evaluation import (
    HeadResult,
    ModelResult,
    decision_table,
    head_tables,
    say_intervals,
)
from skdualcnn._percentages import percentage
from skdualcnn._studies import HELD_OUT, OURS, Study
from skdualcnn._versions import describe_environment
from skdualcnn.inspection import (
    ConfusionSharesDisplay,
    DecisionMapDisplay,
    Figure,
    HeadCalibrationDisplay,
    HeadCurvesDisplay,
    Report,
    TrainingHistoryDisplay,
)

TRAINING = "Training"


@dataclass(frozen=True)
class Run:
    """One run of the demo: its data, its split and the results of all models."""

    study: Study
    dataset: Bunch
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    results: dict[str, ModelResult]
    quick: bool
    seed: int
    command: str


def assemble_report(
    run: Run, firmware: FirmwareReport, checked: str, fixed_point: NDArray[np.str_]
) -> Report:
    """Return the report of a run, ready for JSON.

    Parameters
    ----------
    run : Run
        Data, split and results.
    firmware : FirmwareReport
        What the export wrote.
    checked : str
        How the comparison of the C with its twin ended.
    fixed_point : ndarray of shape (n_test,) and dtype str
        The twin's decisions on the test rows.
    """
    same = float(np.mean(fixed_point == run.results[OURS].decisions))
    dataset, study = run.dataset, run.study
    decisions: Any = {
        "explained": (
            "A head's anomaly score is one minus its probability of normal; at 0.5 or more it "
            "raises its alert. When both do, the larger one wins if it leads by more than 0.1; "
            "otherwise the decision is both."
        ),
        **decision_table(run.results, OURS, run.seed),
    }
    heads: Any = head_tables(run.results, OURS, run.seed)
    return {
        "title": f"skdualcnn on the {study.title}" + (" (quick run)" if run.quick else ""),
        "summary": _summarise(run, checked),
        "data": {
            "name": study.title,
            "simulated": not study.needs_files,
            "rows": len(dataset.data),
            "columns": dataset.data.shape[1],
            "modalities": {name: len(columns) for name, columns in dataset.modalities.items()},
            "description": dataset.DESCR,
        },
        "protocol": {
            "sentence": dataset.protocol,
            "train_rows": len(run.train),
            "test_rows": len(run.test),
            "held_out": HELD_OUT[dataset.split_by],
        },
        "intervals": say_intervals(run.results[OURS]),
        "heads": heads,
        "decisions": decisions,
        "firmware": {
            "checked": checked,
            "rows": firmware_rows(firmware, same),
            "layers": firmware.to_dict()["layers"],
        },
        "sections": [{"title": TRAINING, "paragraphs": [], "tables": []}],
        "environment": describe_environment(),
        "seed": run.seed,
        "command": run.command,
    }


def draw_figures(run: Run, decider: FusionDecider) -> list[Figure]:
    """Return the figures of the report."""
    history = TrainingHistoryDisplay.from_estimator(decider.estimator_[-1])
    figures = [
        Figure(
            "Learning curves",
            say_training(decider.estimator_[-1].history_),
            "Curves of loss and accuracy by epoch.",
            history.figure_,
            TRAINING,
        )
    ]
    for name, head in run.results[OURS].heads.items():
        figures += _draw_head(name, head, run.results)
    return [*figures, _draw_decisions(run.results[OURS], decider)]


def _draw_head(name: str, head: HeadResult, results: dict[str, ModelResult]) -> list[Figure]:
    scores = {model: result.heads[name].score for model, result in results.items()}
    confusion = ConfusionSharesDisplay.from_predictions(
        head.y_true, head.y_pred, classes=list(head.classes), title=f"{name} head"
    )
    curves = HeadCurvesDisplay.from_predictions(
        head.y_true, scores, normal=head.normal, ours=OURS, head=name
    )
    calibration = HeadCalibrationDisplay.from_predictions(
        head.y_true, scores, normal=head.normal, ours=OURS, head=name
    )
    return [
        Figure(
            f"Confusion of the {name} head",
            f"{say_confusion(head)} Rows are the truth; the diagonal is right.",
            f"Confusion matrix of the {name} head.",
            confusion.figure_,
            name,
        ),
        Figure(
            f"ROC and precision-recall of the {name} head",
            f"{say_ranking(results, OURS, name)} Normal against everything else.",
            f"ROC and precision-recall curves of all models on the {name} head.",
            curves.figure_,
            name,
        ),
        Figure(
            f"Calibration of the {name} head",
            f"{say_calibration(results, OURS, name)} On the diagonal, a probability of 0.7 comes "
            "true in 7 of 10 rows.",
            f"Calibration curves of all models on the {name} head.",
            calibration.figure_,
            name,
        ),
    ]


def _draw_decisions(ours: ModelResult, decider: FusionDecider) -> Figure:
    display = DecisionMapDisplay.from_predictions(
        ours.scores,
        ours.states,
        thresholds=decider.thresholds,
        abstention=decider.abstention,
        delta=decider.delta,
        rule=decider.rule,
        distrust=decider.distrust,
    )
    return Figure(
        "Decision map",
        f"{say_decisions(ours)} The shading is the decision, the colour and shape the truth.",
        "Plane of health and cyber anomaly score with the regions of the decisions.",
        display.figure_,
        "decisions",
    )


def _summarise(run: Run, checked: str) -> list[str]:
    """Return the result in sentences; where a baseline wins, they say so."""
    names = list(run.results[OURS].heads)
    heads = " and a ".join(f"{name} head" for name in names)
    sentences = [
        f"One convolutional network with a {heads} was trained and compared with six baselines "
        f"on the same rows and features. Protocol: {run.dataset.protocol}"
    ]
    for name in names:
        metrics = {model: result.heads[name].metrics() for model, result in run.results.items()}
        best = max(metrics, key=lambda model: np.nan_to_num(metrics[model]["roc_auc"]))
        verdict = (
            "the best of all models"
            if best == OURS
            else f"behind the {best}, which reaches {metrics[best]['roc_auc']:.3f}"
        )
        sentences.append(
            f"{name.capitalize()} head: ROC-AUC {metrics[OURS]['roc_auc']:.3f}, average precision "
            f"{metrics[OURS]['average_precision']:.3f}; by ROC-AUC {verdict}."
        )
    return [
        *sentences,
        f"Fixed-point C, compiled here and compared with its twin: {checked}.",
    ]


def _chip_rows(firmware: FirmwareReport) -> Iterator[tuple[str, Any, str, str]]:
    """Yield what a call costs on chips: counted on emulators, estimated for real ones."""
    for target, levels in firmware.targets.items():
        counted = levels["O2"].instructions
        if counted is not None:
            note = f"{levels['O2'].code_bytes:,} bytes of code, -O2"
            yield f"instructions, {target}", counted.call, "per row", note
    for one in firmware.latencies:
        if one.flash_mode == "QIO":
            note = (
                f"estimate: arithmetic {one.arithmetic_ms:.2f} ms, flash {one.flash_ms:.2f} ms, "
                f"{one.energy_mj:.2f} mJ"
            )
            if one.chip == "ESP32":
                note += "; the paper: 120 to 150 ms, under 240 mW"
            yield f"time on {one.chip}", f"{one.total_ms:.2f}", "ms", note


def firmware_rows(firmware: FirmwareReport, same: float) -> Any:
    """Return the rows of the firmware table, with the paper's figures beside ours."""
    constants, code = firmware.flash_bytes["constants"], firmware.flash_bytes.get("code")
    rows = [
        ("parameters", firmware.parameters, "", "the paper: about 280,000"),
        ("multiply-adds", firmware.multiply_adds, "per row", ""),
        ("flash, constants", constants, "bytes", "the paper: under 3 MB"),
        ("flash, code", code, "bytes", "compiled for this machine, -O2"),
        ("RAM", firmware.ram_bytes, "bytes", "workspace that the caller provides"),
        ("stack", firmware.stack_bytes, "bytes", "on this machine"),
        ("decisions as in floating point", percentage(same), "%", "of the test rows"),
        *_chip_rows(firmware),
    ]
    return [
        {"name": name, "value": value, "unit": unit, "note": note}
        for name, value, unit, note in rows
    ]
