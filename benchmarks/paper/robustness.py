"""Section 9: noise, missing values and both, on test rows, for every model."""

import matplotlib.pyplot as plt

from benchmarks.paper import reference
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.perturbation import KINDS, LEVELS, MEANING
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value, average, spread
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure
from skdualcnn.inspection._style import model_styles, style

WORST = LEVELS[-1]


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, figures = [], []
    for head in results.heads:
        tables += [_table(results, protocol, head, kind) for kind in KINDS]
        figures.append(_curves(results, protocol, head))
    ours = results.select(protocol, OURS)[0]
    first = f"{MEANING} {describe_rows(ours)} The paper: {reference.ROBUSTNESS}."
    return Section(
        "Noise and missing values (section 9)",
        [first, *verdicts(results, protocol)],
        tables,
        figures,
    )


def describe_rows(outcome: Outcome) -> str:
    """Return on which of the test rows perturbations were tried, in a sentence."""
    tried, every = outcome.facts["perturbed_rows"], len(outcome.columns["group"])
    if tried == every:
        return f"Tried on all {every:,} test rows."
    if outcome.facts["perturbed_in_a_row"]:
        return f"Tried on the last {tried:,} of the {every:,} test rows."
    return f"Tried on {tried:,} of the {every:,} test rows, from all over them."


def areas(
    results: Results, protocol: str, model: str, head: str, kind: str
) -> dict[float, list[float]]:
    """Return the ROC-AUC of each seed by level."""
    found: dict[float, list[float]] = {level: [] for level in (0.0, *LEVELS)}
    for one in results.select(protocol, model):
        for row in one.facts["robustness"]:
            if (row["head"], row["kind"]) == (head, kind) and row["roc_auc"] is not None:
                found[row["level"]].append(row["roc_auc"])
    return found


def drop(results: Results, protocol: str, model: str, head: str, kind: str) -> float | None:
    """Return the mean loss of ROC-AUC at the highest level."""
    found = areas(results, protocol, model, head, kind)
    pairs = zip(found[0.0], found[WORST], strict=True)
    return average([clean - worst for clean, worst in pairs])


def _table(results: Results, protocol: str, head: str, kind: str) -> Table:
    rows: list[list[Value]] = []
    for model in _ranking_models(results, protocol, head):
        found = areas(results, protocol, model, head, kind)
        lost = drop(results, protocol, model, head, kind)
        cells = [spread(values) for values in found.values()]
        rows.append([model, *cells, None if lost is None else f"{lost:.3f}"])
    levels = [_percent(level) for level in (0.0, *LEVELS)]
    columns = ("model", *levels, f"lost at {_percent(WORST)}")
    return Table(f"ROC-AUC of the {head} head: {kind}", columns, rows, ours=0)


def verdicts(results: Results, protocol: str) -> list[str]:
    """Return of each head what 30 % of both cost our network and the best other model."""
    return [_verdict(results, protocol, head) for head in results.heads]


def _verdict(results: Results, protocol: str, head: str) -> str:
    clean = {
        model: average(areas(results, protocol, model, head, "both")[0.0]) or 0.0
        for model in _ranking_models(results, protocol, head)
    }
    others = {model: area for model, area in clean.items() if model != OURS}
    best = max(others, key=lambda model: others[model])
    ours_lost = drop(results, protocol, OURS, head, "both") or 0.0
    best_lost = drop(results, protocol, best, head, "both") or 0.0
    return (
        f"{head.capitalize()} head: {_percent(WORST)} of both costs our network {ours_lost:.3f} "
        f"of its ROC-AUC, and {best}, the best other model on clean rows, {best_lost:.3f}."
    )


def _ranking_models(results: Results, protocol: str, head: str) -> list[str]:
    """Return the models that rank rows at all, which the majority class does not."""
    return [
        model
        for model in results.models(protocol)
        if model != "majority class" and areas(results, protocol, model, head, KINDS[0])[0.0]
    ]


def _curves(results: Results, protocol: str, head: str) -> Figure:
    models = _ranking_models(results, protocol, head)
    looks = model_styles(models, OURS)
    with style():
        figure, panels = plt.subplots(
            1, len(KINDS), figsize=(13.0, 4.4), layout="constrained", sharey=True
        )
        for ax, kind in zip(panels, KINDS, strict=True):
            for model in models:
                found = areas(results, protocol, model, head, kind)
                means = [average(values) for values in found.values()]
                ax.plot([100 * level for level in found], means, label=model, **looks[model])
            ax.set(title=kind, xlabel="level (%)")
        panels[0].set_ylabel("ROC-AUC, mean over the seeds")
        panels[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        figure.suptitle(f"{head} head")
    return Figure(
        f"Noise and missing values on the {head} head (section 9)",
        "The flatter, the more a model can be trusted when sensors and networks fail.",
        f"ROC-AUC of each model on the {head} head by level of noise, missing values and both.",
        figure,
    )


def _percent(level: float) -> str:
    return f"{100 * level:.0f} %"
