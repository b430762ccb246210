"""Our network beside six classifiers on the test rows of the honest split, in full.

All models get the same windows and features. A threshold is chosen on training rows: the
model is fitted on a part of them, as `python -m benchmarks tuning` divides them (the
last fold), and the cut that is best on the part held out is then used on the test rows
by the model that is fitted on all training rows. Differences in ROC-AUC are tested by
DeLong's test with the rows of a group taken together, and corrected by Holm over the
baselines; of the seeds the largest p-value counts. `lost` is what noise and missing
values of 30 % in the test rows cost of the ROC-AUC.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.progress import Progress
from sklearn.utils import Bunch, _safe_indexing

from benchmarks import tuning
from benchmarks._held_out import figures, recalls, thresholds
from benchmarks._output import describe_run, say_run, to_markdown, write_results
from benchmarks._studies import STUDIES
from benchmarks.paper import protocols
from benchmarks.paper.models import models_of
from benchmarks.paper.perturbation import LEVELS, strengths
from skdualcnn._auc_comparison import compare_roc_auc
from skdualcnn._decider import FusionDecider
from skdualcnn._evaluation import HeadResult, evaluate
from skdualcnn._studies import OURS, Study, fit, labels_of, thin
from skdualcnn.model_selection import holm_adjust, honest_split
from skdualcnn.preprocessing import disturb

BOOSTED = "boosted trees"
SVM_ROWS = 5000  # fitted on at most so many: its cost grows with their square
KEYS = ["data", "head", "model"]


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit every model with every seed; print and write the tables."""
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    seeds = list(seeds)
    with Progress() as progress:
        task = progress.add_task("quality", total=len(names) * len(seeds) * 7)
        for name in names:
            for seed in seeds:
                study = STUDIES[name]
                dataset = study.load(data_dir, seed)
                tested: dict[str, dict[str, HeadResult]] = {}
                models = models_of(study, dataset, seed, svm_rows=SVM_ROWS, quick=quick)
                for model, decider in models.items():
                    about = {"data": name, "model": model, "seed": seed}
                    tested[model], found, shares = _score(
                        decider, study, dataset, seed, quick=quick
                    )
                    rows += [{**about, **one} for one in found]
                    parts += [{**about, **one} for one in shares]
                    progress.console.print(
                        f"{name}, seed {seed}, {model}: "
                        f"ROC-AUC {[round(one['roc_auc'], 4) for one in found]}",
                        soft_wrap=True,
                    )
                    progress.advance(task)
                for row in rows:
                    if (row["data"], row["seed"]) == (name, seed) and row["model"] != OURS:
                        row["p_value"] = p_values(tested, row["head"])[row["model"]]
    results = pd.DataFrame(rows)
    environment = describe_run()
    print(say_run(environment))
    table = summarise(results)
    write_results(out, "quality", results, table, environment)
    shares_of_parts = pd.DataFrame(parts)
    recall = shares_of_parts.groupby([*KEYS, "rows"], sort=False)[["flagged"]].mean()
    write_results(out, "recall", shares_of_parts, recall, environment)
    print(to_markdown(table), to_markdown(recall), sep="\n\n")
    episodes = [one for name in names for one in episode_folds(name, data_dir, seeds, quick=quick)]
    if episodes:
        by_fold = pd.DataFrame(episodes)
        means = by_fold.groupby(KEYS, sort=False)[["roc_auc"]].agg(["mean", "std"])
        means.columns = ["roc_auc", "std over folds and seeds"]
        write_results(out, "episodes", by_fold, means, environment)
        print("", to_markdown(means), sep="\n")
    return results


def p_values(tested: dict[str, dict[str, HeadResult]], head: str) -> dict[str, float]:
    """Return Holm's p-value of each baseline's difference in ROC-AUC to our network."""
    ours = tested[OURS][head]
    others = [model for model in tested if model != OURS]
    raw = [
        compare_roc_auc(
            ours.abnormal, ours.score, tested[model][head].score, groups=ours.groups
        ).p_value
        for model in others
    ]
    return dict(zip(others, holm_adjust(raw), strict=True))


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every figure over the seeds, and the largest p-value."""
    groups = results.groupby(KEYS, sort=False)
    table = groups.mean(numeric_only=True).drop(columns=["seed", "p_value"])
    table.insert(1, "roc_auc_std", groups["roc_auc"].std())
    table["p_value"] = groups["p_value"].max()
    return table


def episode_folds(
    name: str, data_dir: Path, seeds: Sequence[int], *, quick: bool
) -> list[dict[str, Any]]:
    """Return ours and the boosted trees under five folds of whole episodes, where time rules."""
    study = STUDIES[name]
    found = []
    for seed in seeds:
        dataset = study.load(data_dir, seed)
        if dataset.split_by != "time":
            return []
        models = study.models(dataset, quick=quick, verbose=0, random_state=seed)
        divided = protocols.folds(dataset, "honest", study.window, seed)
        for fold, (train, test) in enumerate(divided):
            for model in (OURS, BOOSTED):
                results = _fit(models[model], study, dataset, (train, test), quick=quick)
                found += [
                    {"data": name, "head": head, "model": model, "seed": seed, "fold": fold}
                    | {"roc_auc": result.metrics()["roc_auc"]}
                    for head, result in results.items()
                ]
    return found


def _score(
    decider: FusionDecider, study: Study, dataset: Bunch, seed: int, *, quick: bool
) -> tuple[dict[str, HeadResult], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return results by head, their figures, and shares flagged."""
    inside = tuning.training_rows(dataset, seed)
    *_, last = tuning.folds(inside, study.window, seed)
    held = _fit(decider, study, inside, last, quick=quick)
    cuts = {head: thresholds(result) for head, result in held.items()}
    train, test = honest_split(dataset, random_state=seed)
    results = _fit(decider, study, dataset, (train, test), quick=quick)
    worse = disturb(
        _safe_indexing(dataset.data, test),
        **strengths("both", LEVELS[-1]),
        reference=_safe_indexing(dataset.data, train),
        random_state=seed,
    )
    disturbed = evaluate(decider, worse, labels_of(dataset, test)).heads
    found, shares = [], []
    for head, result in results.items():
        lost = result.metrics()["roc_auc"] - disturbed[head].metrics()["roc_auc"]
        found.append({"head": head, **figures(result, cuts[head]), "lost": lost})
        unseen = None
        if "unseen_attacks" in dataset:
            labelled = test[dataset.target[head].iloc[test].notna()]
            unseen = dataset.attack.iloc[labelled].isin(dataset.unseen_attacks).to_numpy()
        flagged = recalls(result, cuts[head]["accuracy"], unseen)
        shares += [{"head": head, "rows": rows, "flagged": one} for rows, one in flagged.items()]
    return results, found, shares


def _fit(
    decider: FusionDecider,
    study: Study,
    dataset: Bunch,
    rows: tuple[protocols.Rows, protocols.Rows],
    *,
    quick: bool,
) -> dict[str, HeadResult]:
    train, test = rows
    fit(decider, dataset, thin(train, study.window) if quick else train)
    groups = dataset.groups.iloc[test].to_numpy()
    y = labels_of(dataset, test)
    return evaluate(decider, _safe_indexing(dataset.data, test), y, groups).heads
