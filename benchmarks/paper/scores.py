"""Tables 4 and 6: all models beside each other, and the paper's figures."""

from typing import Any

from sklearn.metrics import precision_score, recall_score

from benchmarks.paper import reference
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value, average, spread
from skdualcnn._studies import OURS

SHOWN = ("accuracy", "f1", "roc_auc", "average_precision", "brier")
TITLES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "brier": "Brier",
}


def figures_of(outcome: Outcome, head: str) -> dict[str, Any]:
    """Return the figures of a head, with precision and recall of what is not normal."""
    result = outcome.result(head)
    flagged = result.y_pred != result.normal
    return {
        **result.metrics(),
        "precision": precision_score(result.abnormal, flagged, zero_division=0.0),
        "recall": recall_score(result.abnormal, flagged, zero_division=0.0),
    }


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables = [_table(results, protocol, head) for head in results.heads]
    outcomes = results.select(protocol, OURS)
    first = outcomes[0]
    sentences = [
        f"{describe_seeds(len(outcomes))} Accuracy is of all classes; the other figures ask "
        "whether a row is normal. Trained on "
        f"{first.facts['train_rows']:,} rows, tested on {len(first.columns['group']):,} (first "
        f"seed). {results.splits[protocol]}",
        *_subsampled(results, protocol),
        *(f"{model} is left out: {reason}." for model, reason in results.left_out.items()),
        *(verdict(results, protocol, head) for head in results.heads),
    ]
    return Section("Models (tables 4 and 6)", sentences, tables)


def describe_seeds(count: int) -> str:
    """Return what the figures are means over, and what ± stands for."""
    if count == 1:
        return "One seed."
    return (
        f"Mean over {count} seeds ± half of the 95 % interval by Student's t, which is about "
        "training and, where the split is drawn, about the split."
    )


def verdict(results: Results, protocol: str, head: str) -> str:
    """Return which model has the highest mean ROC-AUC and how ours stands to it."""
    means = mean_areas(results, protocol, head)
    others = {name: area for name, area in means.items() if name != OURS}
    best = max(others, key=lambda name: others[name])
    lead = round(means[OURS] - others[best], 4)
    stands = "ahead of" if lead > 0 else "behind" if lead < 0 else "level with"
    distance = f", by {abs(lead):.4f}" if lead else ""
    return (
        f"{head.capitalize()} head: by mean ROC-AUC our network ({means[OURS]:.4f}) is {stands} "
        f"the best other model, {best} ({others[best]:.4f}){distance}."
    )


def mean_areas(results: Results, protocol: str, head: str) -> dict[str, float]:
    """Return the mean ROC-AUC of each model that has one."""
    found = {}
    for model in results.models(protocol):
        area = average([one["roc_auc"] for one in results.metrics(protocol, model, head)])
        if area is not None:
            found[model] = area
    return found


def _table(results: Results, protocol: str, head: str) -> Table:
    rows: list[list[Value]] = []
    for model in results.models(protocol):
        runs = [figures_of(one, head) for one in results.select(protocol, model)]
        seconds = [one.facts["seconds"] for one in results.select(protocol, model)]
        printed = reference.MODELS.get(model, reference.Printed("–", "–"))
        rows.append(
            [
                model,
                *(spread(run[name] for run in runs) for name in TITLES),
                f"{average(seconds):.1f} s",
                printed.accuracy,
                printed.precision,
                printed.recall,
                printed.f1,
                printed.roc_auc,
            ]
        )
    columns = (
        "model",
        *TITLES.values(),
        "training",
        "the paper: accuracy",
        "the paper: precision",
        "the paper: recall",
        "the paper: F1",
        "the paper: AUC",
    )
    return Table(f"Models on the {head} head", columns, rows, ours=0)


def _subsampled(results: Results, protocol: str) -> list[str]:
    sentences = []
    for model in results.models(protocol):
        facts = results.select(protocol, model)[0].facts
        if facts["fitted_rows"] < facts["train_rows"]:
            sentences.append(
                f"{model} was fitted on {facts['fitted_rows']:,} of the {facts['train_rows']:,} "
                "training rows, drawn at random: its cost grows with their square."
            )
    return sentences
