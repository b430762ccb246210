"""Figures 2, 3 and 5 and the table of classes: what was answered on each class."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from benchmarks.paper import reference
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value, spread
from skdualcnn._studies import OURS
from skdualcnn.inspection import ConfusionSharesDisplay, Figure, HeadCurvesDisplay
from skdualcnn.inspection._style import BLUE, ORANGE, VERMILION, literal, style

MEASURES = ("precision", "recall", "F1")
Measured = dict[str, tuple[float, float, float, int]]  # by class: these, and the support


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, figures = [], []
    for head in results.heads:
        outcomes = results.select(protocol, OURS)
        tables += [_table(outcomes, head), _detection_table(outcomes, head)]
        tables += _unseen(results, protocol, head)
        figures += [
            _bars(outcomes, head),
            _confusion(outcomes, head),
            _curves(results, protocol, head),
        ]
    sentence = (
        "Our network on each class; support is that of the first seed, where test rows are drawn. "
        "The paper tells normal from anomaly only."
    )
    return Section("Classes, confusion, curves (figs. 2, 3 and 5)", [sentence], tables, figures)


def _per_class(outcome: Outcome, head: str) -> Measured:
    result = outcome.result(head)
    return _measure(result.y_true, result.y_pred, {str(one): one for one in result.classes})


def _detection(outcome: Outcome, head: str) -> Measured:
    result = outcome.result(head)
    flagged = result.y_pred != result.normal
    return _measure(result.abnormal, flagged, {"normal": False, "not normal": True})


def _measure(truth: Any, answer: Any, labels: dict[str, Any]) -> Measured:
    """Return precision, recall, F1 and support of each label by name, and their averages."""
    chosen = {"labels": list(labels.values()), "zero_division": 0.0}
    found = precision_recall_fscore_support(truth, answer, **chosen)
    rows = dict(zip(labels, zip(*found, strict=True), strict=True))
    for kind in ("macro", "weighted"):
        mean = precision_recall_fscore_support(truth, answer, average=kind, **chosen)
        rows[f"{kind} average"] = (*mean[:3], len(truth))
    return rows


def _table(outcomes: list[Outcome], head: str) -> Table:
    rows = _rows([_per_class(one, head) for one in outcomes])
    return Table(f"Classes of the {head} head", ("class", *MEASURES, "support"), rows)


def _detection_table(outcomes: list[Outcome], head: str) -> Table:
    """Return normal against the rest, beside the paper's table."""
    rows = [
        [name, *cells, *reference.CLASSES[str(name)]]
        for name, *cells in _rows([_detection(one, head) for one in outcomes])
    ]
    columns = ("class", *MEASURES, "support", *(f"the paper: {m}" for m in (*MEASURES, "support")))
    return Table(f"Normal or not on the {head} head", columns, rows)


def _rows(runs: list[Measured]) -> list[list[Value]]:
    return [
        [
            name,
            *(spread(run[name][position] for run in runs) for position in range(3)),
            int(runs[0][name][3]),
        ]
        for name in runs[0]
    ]


def _unseen(results: Results, protocol: str, head: str) -> list[Table]:
    """Return how many of the attacks of known and of new types each model flags."""
    if protocol != "honest" or "unseen" not in results.select(protocol, OURS)[0].columns:
        return []
    rows: list[list[Value]] = []
    for model in results.models(protocol):
        found: dict[bool, list[float]] = {False: [], True: []}
        for one in results.select(protocol, model):
            result, new = one.result(head), one.columns["unseen"][one.known(head)]
            for kind, shares in found.items():
                here = result.abnormal & (new == kind)
                shares.append(float((result.y_pred != result.normal)[here].mean()))
        rows.append([model, spread(found[False]), spread(found[True])])
    one = results.select(protocol, OURS)[0]
    counts = [int((one.result(head).abnormal & (one.columns["unseen"] == k)).sum()) for k in (0, 1)]
    columns = (
        "model",
        f"recall of types seen in training ({counts[0]:,} rows)",
        f"recall of types never seen ({counts[1]:,} rows)",
    )
    return [Table(f"Attacks of the {head} head by type", columns, rows, ours=0)]


def _bars(outcomes: list[Outcome], head: str) -> Figure:
    runs = [_per_class(one, head) for one in outcomes]
    names = [name for name in runs[0] if not name.endswith("average")]
    with style():
        figure, ax = plt.subplots(figsize=(2.2 + 1.5 * len(names), 4.0), layout="constrained")
        for position, (measure, colour) in enumerate(
            zip(MEASURES, (BLUE, ORANGE, VERMILION), strict=True)
        ):
            heights = [float(np.mean([run[name][position] for run in runs])) for name in names]
            places = np.arange(len(names)) + 0.27 * (position - 1)
            bars = ax.bar(places, heights, width=0.25, color=colour, label=measure)
            ax.bar_label(bars, fmt="%.2f", fontsize=9, padding=2)
        ax.set_xticks(range(len(names)), [literal(name.replace("_", " ")) for name in names])
        ax.set(ylim=(0, 1.1), ylabel="score", title=f"Classes of the {head} head")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Figure(
        f"Class-wise metrics of the {head} head (fig. 5)",
        "Precision, recall and F1 of each class, mean over the seeds."
        f"{_say_unknown(outcomes, head)} The paper: 0.98 to 0.99 for both of its classes.",
        f"Bars of precision, recall and F1 of each class of the {head} head.",
        figure,
    )


def _say_unknown(outcomes: list[Outcome], head: str) -> str:
    """Return how many test rows are of classes that training did not have, if any."""
    number = sum(sum(one.result(head).unknown().values()) for one in outcomes)
    said = f" Test rows of classes that training did not have, without a bar: {number:,}."
    return said if number else ""


def _confusion(outcomes: list[Outcome], head: str) -> Figure:
    found = [one.result(head) for one in outcomes]
    display = ConfusionSharesDisplay.from_predictions(
        np.concatenate([one.y_true for one in found]),
        np.concatenate([one.y_pred for one in found]),
        classes=list(found[0].classes),
        title=f"{head} head, " + ("one seed" if len(found) == 1 else f"{len(found)} seeds added"),
    )
    return Figure(
        f"Confusion of the {head} head (fig. 2)",
        "Rows are the truth, columns what our network said; the diagonal is right. The paper shows "
        "no error at all.",
        f"Confusion matrix of the {head} head.",
        display.figure_,
    )


def _curves(results: Results, protocol: str, head: str) -> Figure:
    firsts = {model: results.select(protocol, model)[0] for model in results.models(protocol)}
    ours: Any = firsts[OURS].result(head)
    display = HeadCurvesDisplay.from_predictions(
        ours.y_true,
        {model: one.result(head).score for model, one in firsts.items()},
        normal=ours.normal,
        ours=OURS,
        head=head,
    )
    return Figure(
        f"ROC and precision-recall of the {head} head (fig. 3)",
        "Normal against everything else, first seed: the nearer to the upper corner, the better. "
        "The paper: AUC 1.0.",
        f"ROC and precision-recall curves of all models on the {head} head.",
        display.figure_,
    )
