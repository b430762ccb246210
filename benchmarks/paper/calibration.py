"""Fig. 6 and table 5: whether probabilities come true, before and after a temperature."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss

from benchmarks.paper import reference
from benchmarks.paper.jobs import CALIBRATION
from benchmarks.paper.outcome import Outcome, anomaly_score
from benchmarks.paper.results import Results
from benchmarks.paper.section import NONE, Section, Table, Value, average, spread
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure, HeadCalibrationDisplay
from skdualcnn.metrics import expected_calibration_error, maximum_calibration_error

N_BINS = 10
SCALED = f"{OURS}, temperature"
SMALLEST = 1e-12  # probability, so that its logarithm is finite


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, figures = [], []
    for head in results.heads:
        tables.append(_table(results, protocol, head))
        figures.append(_curves(results, protocol, head))
    sentence = (
        f"Of the anomaly score, one minus the probability of normal, as the probability that a row "
        f"is not normal. ECE and MCE: {N_BINS} bins of equal width, empty ones left out; the MCE "
        "of small bins is noisy. The temperature divides the logarithms of our network's "
        "probabilities; it is fitted per seed on training rows held out of a second fit, as the "
        "protocol holds out test rows, and never on test rows."
    )
    sentences = [sentence, *verdicts(results, protocol)]
    return Section("Calibration (fig. 6, table 5)", sentences, tables, figures)


def verdicts(results: Results, protocol: str) -> list[str]:
    """Return of each head what the temperature changes."""
    sentences = []
    for head in results.heads:
        runs = _figures(results, protocol, head)
        before, after = (
            {name: average([run[name] for run in runs[model]]) for name in ("ece", "brier")}
            for model in (OURS, SCALED)
        )
        sentences.append(
            f"{head.capitalize()} head: the temperature changes our network's ECE from "
            f"{before['ece']:.3f} to {after['ece']:.3f}, its Brier score from "
            f"{before['brier']:.3f} to {after['brier']:.3f}."
        )
    return sentences


def fit_temperature(probability: NDArray[np.float64], label: NDArray[np.intp]) -> float:
    """Return the temperature that makes the labels most likely.

    Parameters
    ----------
    probability : ndarray of shape (n, n_classes)
    label : ndarray of shape (n,)
        Column of the true class of each row.
    """
    logits = np.log(np.maximum(probability, SMALLEST))
    rows = np.arange(len(label))

    def surprise(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[rows, label]).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x))


def scale(probability: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities with their logarithms divided by a temperature."""
    logits = np.log(np.maximum(probability, SMALLEST)) / temperature
    return np.asarray(np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None]))


def calibration_figures(event: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Return Brier score, ECE and MCE."""
    return {
        "brier": brier_score_loss(event, score),
        "ece": expected_calibration_error(event, score, n_bins=N_BINS),
        "mce": maximum_calibration_error(event, score, n_bins=N_BINS),
    }


def temperature_of(watched: Outcome, head: str) -> float:
    """Return the temperature fitted on the rows that an outcome was scored on."""
    classes = watched.facts["classes"][head]
    truth = watched.truth[head]
    known = np.isin(truth, classes)
    label = np.array([classes.index(one) for one in truth[known]], dtype=np.intp)
    return fit_temperature(watched.probability[head][known], label)


def scaled_score(one: Outcome, head: str, temperature: float) -> NDArray[np.float64]:
    """Return the anomaly scores of labelled rows after a temperature."""
    probability = scale(one.probability[head][one.known(head)], temperature)
    return anomaly_score(probability, one.facts["classes"][head], one.normal(head))


def _temperatures(results: Results, protocol: str, head: str) -> list[float]:
    watched = results.select(protocol, OURS, part=CALIBRATION)
    return [temperature_of(one, head) for one in watched]


def _figures(results: Results, protocol: str, head: str) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each model, one dict a seed; ours also with its temperatures."""
    runs: dict[str, list[dict[str, float]]] = {}
    temperatures = _temperatures(results, protocol, head)
    for model in results.models(protocol):
        outcomes = results.select(protocol, model)
        found = [one.result(head) for one in outcomes]
        runs[model] = [calibration_figures(one.abnormal, one.score) for one in found]
        if model == OURS:
            pairs = zip(outcomes, found, temperatures, strict=True)
            runs[SCALED] = [
                calibration_figures(known.abnormal, scaled_score(one, head, temperature))
                for one, known, temperature in pairs
            ]
    return runs


def _table(results: Results, protocol: str, head: str) -> Table:
    temperatures = _temperatures(results, protocol, head)
    rows: list[list[Value]] = [
        [
            model,
            *(spread(run[name] for run in found) for name in ("brier", "ece", "mce")),
            spread(temperatures, 2) if model == SCALED else NONE,
        ]
        for model, found in _figures(results, protocol, head).items()
    ]
    rows.append(["the paper (other rows)", *reference.CALIBRATION.values(), NONE])
    columns = ("model", "Brier score", "ECE", "MCE", "temperature")
    return Table(f"Calibration of the {head} head (table 5)", columns, rows, ours=0)


def _curves(results: Results, protocol: str, head: str) -> Figure:
    ours = results.select(protocol, OURS)[0]
    result = ours.result(head)
    temperature = _temperatures(results, protocol, head)[0]
    scores = {OURS: result.score, SCALED: scaled_score(ours, head, temperature)}
    for model in results.baselines(protocol):
        if model != "majority class":
            scores[model] = results.select(protocol, model)[0].result(head).score
    display = HeadCalibrationDisplay.from_predictions(
        result.y_true,
        scores,
        normal=result.normal,
        ours=OURS,
        head=head,
        n_bins=N_BINS,
        strategy="uniform",
    )
    return Figure(
        f"Reliability of the {head} head (fig. 6)",
        "On the diagonal, a probability of 0.7 comes true in 7 of 10 rows. First seed.",
        f"Reliability diagram of all models on the {head} head.",
        display.figure_,
    )
