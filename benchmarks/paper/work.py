"""One job: fit, predict, and score what is scored with the fitted model at hand."""

import time
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch, _safe_indexing

from benchmarks.paper.fitted import Fitted
from benchmarks.paper.jobs import CURVES, DEPLOYMENT, TEST, Job, Settings
from benchmarks.paper.outcome import Outcome, anomaly_score
from benchmarks.paper.perturbation import KINDS, LEVELS, strengths
from benchmarks.paper.protocols import Rows, leave_out, rows_of, stay_in_a_row, strata_of
from firmware_export import check_firmware, export_firmware
from skdualcnn._decider import FusionDecider
from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._demo import CALIBRATION_ROWS
from skdualcnn._demo_report import firmware_rows
from skdualcnn._evaluation import HeadResult
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._studies import OURS, Study, labels_of, thin
from skdualcnn.exceptions import ExportError, ToolchainError
from skdualcnn.inspection._reading import find_history
from skdualcnn.network._architectures import SHAPE_PARAMETERS
from skdualcnn.preprocessing import disturb


def restrict(dataset: Bunch, modalities: tuple[str, ...]) -> Bunch:
    """Return the data set as models see it that know some modalities only; empty for all."""
    if not modalities:
        return dataset
    kept = {
        name: columns if name in modalities else [] for name, columns in dataset.modalities.items()
    }
    return Bunch(**{**dataset, "modalities": kept})


def perform(
    job: Job,
    decider: FusionDecider,
    study: Study,
    dataset: Bunch,
    settings: Settings,
    facts: Mapping[str, Any],
) -> Outcome:
    """Do a job and return its outcome.

    Parameters
    ----------
    job : Job
    decider : FusionDecider
        Unfitted, made for the modalities of the job.
    study : Study
    dataset : Bunch
    settings : Settings
    facts : dict
        Written into the outcome as they are.
    """
    train, test = rows_of(job, dataset, study.window, settings)
    if job.part == CURVES:
        network = decider.estimator[-1]
        network.set_params(early_stopping=True, n_iter_no_change=network.max_epochs)
    start = time.perf_counter()
    fitted = Fitted.on(decider, dataset, train, job.protocol)
    seconds = time.perf_counter() - start
    outcome = Outcome(
        job,
        {
            **facts,
            **_describe(fitted.decider),
            "seconds": seconds,
            "train_rows": len(train),
            "fitted_rows": getattr(fitted.decider.estimator_[-1], "n_rows_", len(train)),
            "windows_first": fitted.windows is not None,
        },
        _truth(labels_of(dataset, test)),
        fitted.probabilities(dataset.data, test),
        _columns(dataset, test),
    )
    if job.model == OURS:
        outcome.facts.update(_describe_training(fitted.decider))
    if job.part == TEST and not job.modalities:
        in_a_row = stay_in_a_row(job.protocol, study.window)
        rows = leave_out(test, strata_of(dataset), settings.perturbed_rows, in_a_row=in_a_row)
        outcome.facts.update(perturbed_rows=len(rows), perturbed_in_a_row=in_a_row)
        outcome.facts["robustness"] = list(_perturbed(fitted, dataset, train, rows, job.seed))
    if job.part == DEPLOYMENT:
        outcome.facts["firmware"] = _deploy(fitted.decider, study, dataset, train, test)
    return outcome


def _describe(decider: FusionDecider) -> dict[str, Any]:
    """Return the classes of each head, the normal one, and the rule with its settings."""
    rule = FusionRule.of(decider)
    names = [str(name) for name in decider.head_names_]
    classes = dict(zip(names, FittedHeads.read(decider).classes, strict=True))
    return {
        "classes": {name: [str(label) for label in labels] for name, labels in classes.items()},
        "normal": {str(head.name): str(head.normal) for head in deciding_heads(decider)},
        "rule": {
            "delta": rule.delta,
            "thresholds": list(rule.thresholds),
            "abstention": rule.abstention,
            "distrust": rule.distrust,
        },
    }


def _describe_training(decider: FusionDecider) -> dict[str, Any]:
    """Return Table 1 as run, and the learning curves."""
    history = find_history(decider)
    network = decider.estimator_[-1]
    as_built = network.nets_[0].get_params_for("module")  # what `architecture` supplies is None
    shape = {name: as_built[name] for name in SHAPE_PARAMETERS}
    given = {
        name: value if isinstance(value, bool | int | float | str) else _in_one_line(value)
        for name, value in {**network.get_params(deep=False), **shape}.items()
        if name not in {"verbose", "callbacks", "device"} and value is not None
    }
    parameters = sum(one.numel() for net in network.nets_ for one in net.module_.parameters())
    return {
        "parameters": {
            **given,
            "epochs run": int(history["epoch"].max()),
            "weights and biases": parameters,
        },
        "history": history.to_dict(orient="list"),
    }


def _in_one_line(value: Any) -> str:
    return " ".join(repr(value).split())


def _truth(labels: pd.DataFrame) -> dict[str, NDArray[np.str_]]:
    return {
        str(head): np.where(column.isna(), "", column.astype(str)).astype(str)
        for head, column in labels.items()
    }


def _columns(dataset: Bunch, rows: Rows) -> dict[str, NDArray[Any]]:
    """Return what else is known of some rows."""
    groups = pd.factorize(dataset.groups)[0]
    columns: dict[str, NDArray[Any]] = {"group": groups[rows]}
    times = dataset.get("timestamps")
    if times is not None and len(times) == len(groups):
        columns["minutes"] = ((times - times.min()) / pd.Timedelta("1min")).to_numpy()[rows]
        columns["device"] = columns["group"]
    elif dataset.split_by == "time":  # one recording of one device
        columns["device"] = np.zeros(len(rows), dtype=np.intp)
    if "unseen_attacks" in dataset:
        columns["unseen"] = np.asarray(dataset.attack.isin(dataset.unseen_attacks))[rows]
    return columns


def _perturbed(
    fitted: Fitted, dataset: Bunch, train: Rows, rows: Rows, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the figures of each head on test rows with noise and missing values."""
    table, training = dataset.data, _safe_indexing(dataset.data, train)
    y = labels_of(dataset, rows)
    if fitted.windows is None:  # else the rows before are needed too, changed like them
        table, rows = _safe_indexing(table, rows), np.arange(len(rows))
    for number, kind in enumerate(KINDS):
        for level in (0.0, *LEVELS):
            changed = table
            if level:
                changed = disturb(
                    table,
                    **strengths(kind, level),
                    reference=training,
                    random_state=np.random.RandomState([seed, number, round(100 * level)]),
                )
            for head, result in _results(fitted, changed, rows, y).items():
                yield {"kind": kind, "level": level, "head": head, **result.metrics()}


def _results(fitted: Fitted, table: Any, rows: Rows, y: pd.DataFrame) -> dict[str, HeadResult]:
    described = _describe(fitted.decider)
    results = {}
    for head, probability in fitted.probabilities(table, rows).items():
        here = y[head].notna().to_numpy()
        classes, normal = described["classes"][head], described["normal"][head]
        labels = np.array(classes, dtype=object)
        results[head] = HeadResult(
            y_true=y[head].to_numpy(dtype=object)[here],
            y_pred=labels[probability[here].argmax(axis=1)],
            score=anomaly_score(probability[here], classes, normal),
            classes=labels,
            normal=normal,
        )
    return results


def _deploy(
    decider: FusionDecider, study: Study, dataset: Bunch, train: Rows, test: Rows
) -> dict[str, Any]:
    """Return what the fitted decider needs on a chip, and whether the C answers as its twin."""
    calibration = _safe_indexing(dataset.data, thin(train, study.window, at_most=CALIBRATION_ROWS))
    X = _safe_indexing(dataset.data, test)
    with TemporaryDirectory() as folder:
        try:
            report = export_firmware(
                decider, folder, calibration_data=calibration, measure="instructions"
            )
        except (ExportError, ToolchainError) as error:
            return {"refused": str(error)}
        try:
            checked = str(check_firmware(report, X))
        except ToolchainError as error:
            checked = f"not checked: {error}"
    same = float(np.mean(report.twin.predict(X) == decider.predict(X)))
    return {"checked": checked, "rows": firmware_rows(report, same)}
