"""Table 3: what each modality is worth, and whether all of them together help."""

from benchmarks.paper import reference
from benchmarks.paper.paired import SEEDS, Comparison, adjust_each, compare, judge
from benchmarks.paper.results import Results
from benchmarks.paper.section import NONE, Section, Table, Value, average, p_text, spread
from skdualcnn._studies import OURS

SHOWN = {"accuracy": "accuracy", "f1": "F1", "roc_auc": "ROC-AUC", "average_precision": "AP"}


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    title = "Modalities (table 3)"
    subsets = results.subsets(protocol)
    if not subsets:
        only = next(name for name, count in results.modalities.items() if count)
        said = f"All columns are of one modality, {only}: there is nothing to take apart."
        return Section(title, [said])
    tables = [
        _table(results, protocol, head, against_all(results, protocol, head))
        for head in results.heads
    ]
    explained = (
        "Our network, fitted anew on the columns of some modalities. p-values ask whether all "
        f"modalities differ from these. {SEEDS}, and adjusted for the number of rows by Holm."
    )
    return Section(title, [explained, *verdicts(results, protocol)], tables)


def against_all(results: Results, protocol: str, head: str) -> dict[tuple[str, ...], Comparison]:
    """Return the adjusted comparison of all modalities with each set of some."""
    return adjust_each(unadjusted(results, protocol, head))


def unadjusted(results: Results, protocol: str, head: str) -> dict[tuple[str, ...], Comparison]:
    """Return the comparison of all modalities with each set of some."""
    everything = results.select(protocol, OURS)
    return {
        subset: compare(everything, results.select(protocol, OURS, modalities=subset), head)
        for subset in results.subsets(protocol)
    }


def _table(
    results: Results, protocol: str, head: str, found: dict[tuple[str, ...], Comparison]
) -> Table:
    rows: list[list[Value]] = []
    for subset in [*found, ()]:
        runs = results.metrics(protocol, OURS, head, modalities=subset)
        one = found.get(subset)
        p = {} if one is None else one.p_values
        rows.append(
            [
                " + ".join(subset) or "all",
                *(spread(run[name] for run in runs) for name in SHOWN),
                NONE if one is None or one.difference is None else f"{one.difference:+.4f}",
                p_text(p.get("exact")),
                p_text(p.get("groups")),
                p_text(None if one is None else one.p_auc),
                reference.ABLATION.get(subset, NONE),
            ]
        )
    columns = (
        "modalities",
        *SHOWN.values(),
        "ROC-AUC, all − these",
        "McNemar, exact",
        "McNemar, by groups",
        "DeLong, by groups",
        "the paper: accuracy",
    )
    return Table(f"Modalities on the {head} head", columns, rows, ours=len(rows) - 1)


def verdicts(results: Results, protocol: str) -> list[str]:
    """Return of each head whether all modalities are better than the best single one."""
    if not results.subsets(protocol):
        return []
    return [_verdict(results, protocol, head) for head in results.heads]


def _verdict(results: Results, protocol: str, head: str) -> str:
    found = against_all(results, protocol, head)
    areas = {
        subset: average(
            [run["roc_auc"] for run in results.metrics(protocol, OURS, head, modalities=subset)]
        )
        for subset in found
        if len(subset) == 1
    }
    best = max(areas, key=lambda subset: areas[subset] or 0)
    one = found[best]
    words = {
        "ahead": "helps",
        "behind": "hurts",
        "undecided": "neither helps nor hurts beyond chance",
    }
    return (
        f"{head.capitalize()} head: against the best single modality, {best[0]}, putting all "
        f"together {words[judge(one)]} (ROC-AUC {one.difference or 0:+.4f}, p {p_text(one.p_auc)})."
    )
