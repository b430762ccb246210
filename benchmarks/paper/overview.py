"""All data sets in one table: both protocols side by side."""

from collections.abc import Mapping

from benchmarks.baselines import PROTOCOLS
from benchmarks.paper import ablation, calibration, fusion, robustness
from benchmarks.paper.paired import judge
from benchmarks.paper.results import Results
from benchmarks.paper.scores import mean_areas, verdict
from benchmarks.paper.section import NONE, Section, Table, Value, spread
from benchmarks.paper.significance import against_baselines, summarise
from skdualcnn._studies import OURS


def build(found: Mapping[str, Results]) -> Section:
    """Return the section."""
    rows = [
        _row(results, protocol, head)
        for results in found.values()
        for head in results.heads
        for protocol in PROTOCOLS
    ]
    columns = (
        "data, head",
        "protocol",
        "accuracy",
        "F1",
        "ROC-AUC",
        "AP",
        "best other by ROC-AUC",
        "its ROC-AUC",
        "ours is ahead of",
        "ours is behind",
    )
    sentence = (
        "Our network under the paper's protocol (single rows at random) and the honest one of each "
        "data set. Ahead and behind: by ROC-AUC, DeLong by groups, p < 0.05 after Holm."
    )
    return Section("Both protocols side by side", [sentence], [Table("Overview", columns, rows)])


def in_words(found: Mapping[str, Results]) -> Section:
    """Return what all figures of each data set and protocol say, a paragraph each."""
    paragraphs = [
        " ".join([f"{results.title}, {protocol} protocol.", *_verdicts(results, protocol)])
        for results in found.values()
        for protocol in PROTOCOLS
    ]
    return Section("In words", paragraphs)


def _verdicts(results: Results, protocol: str) -> list[str]:
    sentences = []
    for head in results.heads:
        sentences.append(verdict(results, protocol, head))
        sentences.append(summarise(against_baselines(results, protocol, head), head))
    for part in (ablation, calibration, robustness, fusion):
        sentences += part.verdicts(results, protocol)
    return sentences


def _row(results: Results, protocol: str, head: str) -> list[Value]:
    runs = results.metrics(protocol, OURS, head)
    areas = mean_areas(results, protocol, head)
    others = {name: area for name, area in areas.items() if name != OURS}
    best = max(others, key=lambda name: others[name])
    judged = {name: judge(one) for name, one in against_baselines(results, protocol, head).items()}
    names = {
        word: ", ".join(name for name, verdict in judged.items() if verdict == word) or NONE
        for word in ("ahead", "behind")
    }
    return [
        f"{results.title}, {head}",
        protocol,
        *(spread(run[key] for run in runs) for key in ("accuracy", "f1", "roc_auc")),
        spread(run["average_precision"] for run in runs),
        best,
        spread(run["roc_auc"] for run in results.metrics(protocol, best, head)),
        names["ahead"],
        names["behind"],
    ]
