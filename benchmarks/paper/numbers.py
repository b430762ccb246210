"""What the tables and figures of a page show, as numbers for the JSON file."""

from collections.abc import Mapping
from typing import Any

from sklearn.metrics import confusion_matrix

from benchmarks.paper import ablation, calibration, scores, significance
from benchmarks.paper.fusion import Decided, watch
from benchmarks.paper.jobs import CURVES, TEST
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.paired import Comparison, adjust_each, judge
from benchmarks.paper.results import Results
from skdualcnn._studies import OURS


def collect(results: Results, protocol: str) -> dict[str, Any]:
    """Return the numbers of a page.

    "runs" are the figures of every single job on each head, "decisions" those of both heads
    together, "comparisons" and "modalities" our network against the other models, and on
    all columns against some: p-values as they are and adjusted by Holm.
    """
    outcomes = [one for one in results.outcomes if one.job.protocol == protocol]
    (watched,) = results.select(protocol, OURS, part=CURVES)
    return {
        "runs": [_run(one, head) for one in outcomes for head in one.heads],
        "decisions": [
            {**one.job.to_dict(), **_decisions(one)} for one in outcomes if one.job.part == TEST
        ],
        "comparisons": [
            {"head": head, "against": name, **one}
            for head in results.heads
            for name, one in _compared(significance.unadjusted(results, protocol, head)).items()
        ],
        "modalities": [
            {"head": head, "against": " + ".join(subset), **one}
            for head in results.heads
            for subset, one in _compared(ablation.unadjusted(results, protocol, head)).items()
        ],
        "calibration": {
            head: calibration.figures(results, protocol, head) for head in results.heads
        },
        "history": watched.facts["history"],
    }


def _run(outcome: Outcome, head: str) -> dict[str, Any]:
    """Return the figures of a head, its confusion matrix (rows: the truth), and under noise."""
    result = outcome.result(head)
    names = [str(label) for label in result.classes]
    perturbed = [row for row in outcome.facts.get("robustness", ()) if row["head"] == head]
    return {
        **outcome.job.to_dict(),
        "head": head,
        **scores.figures_of(outcome, head),
        "classes": names,
        "confusion": confusion_matrix(
            result.y_true.astype(str), result.y_pred.astype(str), labels=names
        ),
        "robustness": perturbed,
    }


def _decisions(outcome: Outcome) -> dict[str, Any]:
    decided = Decided.of(outcome)
    return {**decided.figures(), "alarms": watch(outcome, decided)}


def _compared(found: Mapping[Any, Comparison]) -> dict[Any, dict[str, Any]]:
    adjusted = adjust_each(found)
    return {
        name: {
            "only_ours_right": one.only_first,
            "only_it_right": one.only_second,
            "roc_auc_difference": one.difference,
            "interval": one.interval,
            "p_values": one.p_values,
            "p_values_holm": adjusted[name].p_values,
            "ours_is": judge(adjusted[name]),
        }
        for name, one in found.items()
    }
