"""Our network beside the classical models, on the same rows and features.

Two protocols: "paper" is the random row split of the paper, which leaks neighbouring
rows into the test; "honest" is the split that the data set documents. The figures of
both are printed side by side.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import Progress
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from benchmarks._output import publish
from benchmarks._runs import fit_and_score
from skdualcnn._studies import STUDIES, labelled_heads, thin
from skdualcnn.model_selection import honest_split

PROTOCOLS = ("paper", "honest")
METRICS = ["accuracy", "f1", "roc_auc", "average_precision", "brier"]


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit every model on every data set and protocol; print and write the tables."""
    seeds = list(seeds)
    rows: list[dict[str, Any]] = []
    with Progress() as progress:
        task = progress.add_task("baselines", total=len(names) * len(PROTOCOLS) * len(seeds) * 7)
        for name in names:
            for seed in seeds:
                study = STUDIES[name]
                dataset = study.load(data_dir, seed)
                for protocol in PROTOCOLS:
                    train, test = split(dataset, protocol, seed)
                    if quick:
                        train = thin(train, study.window)
                    models = study.models(dataset, quick=quick, verbose=0, random_state=seed)
                    for model, decider in models.items():
                        rows += [
                            {
                                "data": name,
                                "protocol": protocol,
                                "model": model,
                                "seed": seed,
                                **scores,
                            }
                            for scores in fit_and_score(decider, dataset, train, test)
                        ]
                        progress.advance(task)
    results = pd.DataFrame(rows)
    keys = ["data", "head", "protocol", "model"]
    table = results.groupby(keys, sort=False)[METRICS].mean()
    publish(out, "baselines", results, table)
    return results


def split(dataset: Bunch, protocol: str, seed: int) -> tuple[Any, Any]:
    """Return training and test rows under a protocol, in the order of time.

    Under "paper" single rows are drawn at random; the windows of a study are then made
    of the rows of one side, with gaps where the other side's rows were.
    """
    if protocol == "honest":
        return honest_split(dataset, random_state=seed)
    strata = dataset.target.groupby(labelled_heads(dataset), dropna=False).ngroup()
    alone = strata.map(strata.value_counts()) < 2  # such a row counts as of the commonest classes
    balanced = strata.mask(alone, strata.mode()[0])
    train, test = train_test_split(
        np.arange(len(strata)), test_size=0.2, stratify=balanced, random_state=seed
    )
    return np.sort(train), np.sort(test)
