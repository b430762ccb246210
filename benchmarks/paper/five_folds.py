"""Table 2 and fig. 4: five folds, as a table and as a box plot."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.paper import reference
from benchmarks.paper.jobs import N_FOLDS, Settings
from benchmarks.paper.results import Results
from benchmarks.paper.section import NONE, Section, Table, Value
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure
from skdualcnn.inspection._style import GREY, VERMILION, literal, style

MEASURES = {"accuracy": "accuracy", "f1": "F1", "roc_auc": "ROC-AUC", "average_precision": "AP"}
PARTS = [f"fold {number}" for number in range(1, N_FOLDS + 1)]


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, figures = [], []
    for head in results.heads:
        tables += [_folds_table(results, protocol, head), _models_table(results, protocol, head)]
        figures.append(_boxes(results, protocol, head))
    sentences = [
        f"{results.folds[protocol]} First seed. The paper gives 98.70 % ± 0.25 in its text; its "
        f"five figures have a standard deviation of {100 * np.std(reference.FOLDS, ddof=1):.2f}.",
        *describe_models(results.settings),
    ]
    return Section("Five folds (table 2, fig. 4)", sentences, tables, figures)


def describe_models(settings: Settings) -> list[str]:
    """Return that some models were left out of the folds, where they were."""
    if settings.fold_models is None:
        return []
    return [f"A quick run: only {' and '.join(settings.fold_models)} go through the folds."]


def fold_figures(results: Results, protocol: str, model: str, head: str) -> dict[str, list[float]]:
    """Return the five values of each measure; NaN where a fold has no ranking."""
    runs = [run for part in PARTS for run in results.metrics(protocol, model, head, part=part)]
    return {name: [run[name] for run in runs] for name in MEASURES}


def _folds_table(results: Results, protocol: str, head: str) -> Table:
    ours = fold_figures(results, protocol, OURS, head)
    rows: list[list[Value]] = [
        [str(fold + 1), *(ours[name][fold] for name in MEASURES), f"{reference.FOLDS[fold]:.4f}"]
        for fold in range(len(ours["accuracy"]))
    ]
    means = [*map(_mean, ours.values()), _mean(list(reference.FOLDS), digits=4)]
    rows.append(["mean ± standard deviation", *means])
    return Table(
        f"Our network in each fold, {head} head",
        ("fold", *MEASURES.values(), "the paper: accuracy"),
        rows,
    )


def _models_table(results: Results, protocol: str, head: str) -> Table:
    rows: list[list[Value]] = []
    for model in results.models(protocol, PARTS[0]):
        found = fold_figures(results, protocol, model, head)
        rows.append([model, *(_mean(found[name]) for name in MEASURES)])
    return Table(
        f"Mean ± standard deviation over the folds, {head} head",
        ("model", *MEASURES.values()),
        rows,
        ours=0,
    )


def _mean(values: list[float], digits: int = 3) -> str:
    known = np.array(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return NONE
    return f"{known.mean():.{digits}f} ± {known.std(ddof=1):.{digits}f}"


def _boxes(results: Results, protocol: str, head: str) -> Figure:
    models = results.models(protocol, PARTS[0])
    with style():
        size = (2 * (1.6 + 0.55 * len(models)), 4.8)
        figure, panels = plt.subplots(1, 2, figsize=size, layout="constrained")
        for ax, name in zip(panels, ("accuracy", "roc_auc"), strict=True):
            for place, model in enumerate(models):
                values = np.array(fold_figures(results, protocol, model, head)[name])
                values = values[np.isfinite(values)]
                colour = VERMILION if model == OURS else GREY
                line = {"color": colour}
                ax.boxplot(
                    values,
                    positions=[place],
                    widths=0.55,
                    medianprops={**line, "linewidth": 2},
                    boxprops=line,
                    whiskerprops=line,
                    capprops=line,
                    showfliers=False,
                )
                ax.plot(np.full(len(values), place), values, "o", color=colour, markersize=4)
            names = [literal(model) for model in models]
            ax.set_xticks(range(len(models)), names, rotation=35, ha="right")
            ax.set(title=f"{head} head", ylabel=f"{MEASURES[name]} of a fold")
    return Figure(
        f"Five folds of the {head} head (fig. 4)",
        "Each point is a fold, the line its median, the box the middle half.",
        f"Box plots of accuracy and ROC-AUC over five folds of the {head} head, by model.",
        figure,
    )
