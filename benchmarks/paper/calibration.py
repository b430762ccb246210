"""Fig. 6 and table 5: whether probabilities come true, before and after calibration."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss

from benchmarks._held_out import calibrated_score
from benchmarks.paper import reference
from benchmarks.paper.jobs import CALIBRATION
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value, average, spread
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._evaluation import HeadResult
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure, HeadCalibrationDisplay
from skdualcnn.metrics import expected_calibration_error, maximum_calibration_error

N_BINS = 10


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, diagrams = [], []
    for head in results.heads:
        tables.append(_table(results, protocol, head))
        diagrams += _diagrams(results, protocol, head)
    sentence = (
        f"Of the anomaly score, one minus the probability of normal, as the probability that a row "
        f"is not normal. ECE and MCE: {N_BINS} bins of equal width, empty ones left out; the MCE "
        "of small bins is noisy. Calibrations are fitted per seed on training rows held out of a "
        "second fit, as the protocol holds out test rows, and never on test rows."
    )
    sentences = [sentence, *verdicts(results, protocol)]
    return Section("Calibration (fig. 6, table 5)", sentences, tables, diagrams)


def verdicts(results: Results, protocol: str) -> list[str]:
    """Return of each head what calibration changes."""
    sentences = []
    for head in results.heads:
        runs = figures(results, protocol, head)
        methods = {method: _mean(runs[_name(method)], "ece") for method in CALIBRATORS}
        before = _mean(runs[OURS], "ece")
        after = ", ".join(f"{ece:.3f} by {method}" for method, ece in methods.items())
        sentences.append(
            f"{head.capitalize()} head: our network's ECE is {before:.3f} as it is, and {after}."
        )
    return sentences


def _mean(runs: list[dict[str, float]], name: str) -> float:
    return average([run[name] for run in runs]) or 0.0


def calibration_figures(event: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Return Brier score, ECE and MCE."""
    return {
        "brier": brier_score_loss(event, score),
        "ece": expected_calibration_error(event, score, n_bins=N_BINS),
        "mce": maximum_calibration_error(event, score, n_bins=N_BINS),
    }


def _name(method: str) -> str:
    return f"{OURS}, {method}"


def figures(results: Results, protocol: str, head: str) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each model, one dict a seed; ours also with each calibration."""
    runs: dict[str, list[dict[str, float]]] = {}
    for model in results.models(protocol):
        found = [one.result(head) for one in results.select(protocol, model)]
        runs[model] = [calibration_figures(one.abnormal, one.score) for one in found]
        if model != OURS:
            continue
        watched = [one.result(head) for one in results.select(protocol, OURS, part=CALIBRATION)]
        for method in CALIBRATORS:
            runs[_name(method)] = [
                calibration_figures(one.abnormal, calibrated_score(method, [before], one))
                for one, before in zip(found, watched, strict=True)
            ]
    return runs


def _table(results: Results, protocol: str, head: str) -> Table:
    rows: list[list[Value]] = [
        [model, *(spread(run[name] for run in found) for name in ("brier", "ece", "mce"))]
        for model, found in figures(results, protocol, head).items()
    ]
    rows.append(["the paper", *reference.CALIBRATION.values()])
    columns = ("model", "Brier score", "ECE", "MCE")
    return Table(f"Calibration of the {head} head (table 5)", columns, rows, ours=0)


def _diagrams(results: Results, protocol: str, head: str) -> list[Figure]:
    """Return two, so that each curve has a colour of its own."""
    result = results.select(protocol, OURS)[0].result(head)
    watched = results.select(protocol, OURS, part=CALIBRATION)[0].result(head)
    calibrated = {
        _name(method): calibrated_score(method, [watched], result) for method in CALIBRATORS
    }
    others = {
        model: results.select(protocol, model)[0].result(head).score
        for model in results.baselines(protocol)
        if model != "majority class"
    }
    return [
        _diagram(result, calibrated, head, "before and after calibration"),
        _diagram(result, others, head, "beside the other models"),
    ]


def _diagram(
    result: HeadResult, others: dict[str, NDArray[np.float64]], head: str, shown: str
) -> Figure:
    display = HeadCalibrationDisplay.from_predictions(
        result.y_true,
        {OURS: result.score, **others},
        normal=result.normal,
        ours=OURS,
        head=head,
        n_bins=N_BINS,
        strategy="uniform",
    )
    return Figure(
        f"Reliability of the {head} head {shown} (fig. 6)",
        "On the diagonal, a probability of 0.7 comes true in 7 of 10 rows. First seed.",
        f"Reliability diagram of our network on the {head} head, {shown}.",
        display.figure_,
    )
