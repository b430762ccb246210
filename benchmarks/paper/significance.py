"""McNemar's test against every baseline, and tests of the area under the curve."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.paper import reference
from benchmarks.paper.paired import ROWS_AND_GROUPS, SEEDS, Comparison, adjust_each, compare, judge
from benchmarks.paper.results import Results
from benchmarks.paper.section import NONE, Section, Table, Value, p_text
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure
from skdualcnn.inspection._style import BLACK, GREY, VERMILION, literal, style

FEW_GROUPS = 20
COLUMNS = (
    "against",
    "only ours right",
    "only it right",
    "McNemar, exact",
    "McNemar, corrected",
    "McNemar, by groups",
    "ROC-AUC, ours − it",
    "95 % interval",
    "DeLong",
    "DeLong, by groups",
    "ours is",
)


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    tables, figures, sentences = [], [], []
    for head in results.heads:
        found = against_baselines(results, protocol, head)
        tables.append(Table(f"Our network against each model, {head} head", COLUMNS, _rows(found)))
        figures.append(_forest(found, head))
        sentences.append(summarise(found, head))
    explained = (
        f"{ROWS_AND_GROUPS}. {SEEDS}; then they are adjusted for the number of models by Holm. "
        "Counts are means over the seeds; the interval is by groups and not adjusted. The last "
        "column goes by the ROC-AUC, by groups, at 0.05. The paper: "
        f"{reference.MCNEMAR}."
    )
    return Section(
        "Significance (McNemar, DeLong)",
        [explained, _count_groups(results, protocol), *sentences],
        tables,
        figures,
    )


def against_baselines(results: Results, protocol: str, head: str) -> dict[str, Comparison]:
    """Return the adjusted comparison with each other model."""
    return adjust_each(unadjusted(results, protocol, head))


def unadjusted(results: Results, protocol: str, head: str) -> dict[str, Comparison]:
    """Return the comparison with each other model that has as many seeds."""
    ours = results.select(protocol, OURS)
    names = [
        name
        for name in results.baselines(protocol)
        if len(results.select(protocol, name)) == len(ours)
    ]
    return {name: compare(ours, results.select(protocol, name), head) for name in names}


def cells(one: Comparison) -> list[Value]:
    """Return the cells of a comparison, in the order of `COLUMNS` without the first."""
    interval, p = one.interval, one.p_values
    return [
        f"{one.only_first:,.1f}",
        f"{one.only_second:,.1f}",
        p_text(p["exact"]),
        p_text(p["corrected"]),
        p_text(p["groups"]),
        NONE if one.difference is None else f"{one.difference:+.4f}",
        NONE if interval is None else f"{interval[0]:+.4f} to {interval[1]:+.4f}",
        p_text(p["delong"]),
        p_text(p["delong groups"]),
        judge(one),
    ]


def _count_groups(results: Results, protocol: str) -> str:
    """Return how many groups the tests by groups rest on."""
    groups = len(np.unique(results.select(protocol, OURS)[0].columns["group"]))
    sentence = f"The test rows of the first seed are of {groups:,} groups."
    if groups < FEW_GROUPS:
        sentence += (
            " That is few: the normal distribution that the tests by groups rest on is a rough "
            "guess then, and all p-values say little about other patients."
        )
    return sentence


def _rows(found: dict[str, Comparison]) -> list[list[Value]]:
    return [[name, *cells(one)] for name, one in found.items()]


def summarise(found: dict[str, Comparison], head: str) -> str:
    """Return which models our network is ahead of, behind, or not to be told apart from."""
    parts = []
    for word in ("ahead", "behind", "undecided"):
        names = [name for name, one in found.items() if judge(one) == word]
        if names:
            link = {"ahead": "ahead of", "behind": "behind"}.get(word, "not to be told apart from")
            parts.append(f"{link} {', '.join(names)}")
    return f"{head.capitalize()} head: our network is {'; '.join(parts)}."


def _forest(found: dict[str, Comparison], head: str) -> Figure:
    shown = {name: one for name, one in found.items() if one.interval is not None}
    with style():
        figure, ax = plt.subplots(figsize=(7.6, 1.5 + 0.42 * len(shown)), layout="constrained")
        ax.axvline(0, color=GREY, linewidth=1.2)
        for place, one in enumerate(reversed(shown.values())):
            low, high = one.interval or (np.nan, np.nan)
            colour = VERMILION if judge(one) != "undecided" else BLACK
            ax.plot([low, high], [place, place], color=colour, linewidth=2)
            ax.plot(one.difference, place, "o", color=colour)
        ax.set_yticks(range(len(shown)), [literal(name) for name in reversed(shown)])
        ax.set(
            title=f"{head} head: our network minus each model",
            xlabel="difference of the ROC-AUC, 95 % interval by groups",
        )
    return Figure(
        f"Differences of the ROC-AUC on the {head} head",
        "Right of the line our network is ahead. Coloured: told apart at 0.05 after Holm's "
        "adjustment.",
        f"Intervals of the difference in ROC-AUC to each other model on the {head} head.",
        figure,
    )
