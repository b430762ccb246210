"""What noise and missing values in test rows cost, and what training on them saves.

Every model is fitted on the training rows of the honest split and scored on the test rows
as they are, and with noise and missing values of 30 % each. Our network, and the boosted
trees beside it, are also fitted with a disturbed copy of every training row. `lost` is
the fall of the ROC-AUC.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import Bunch

from benchmarks._output import publish
from benchmarks._runs import over_seeds
from benchmarks.paper.models import models_of
from benchmarks.paper.perturbation import LEVELS, strengths
from benchmarks.quality import BOOSTED, SVM_ROWS
from skdualcnn._decider import FusionDecider
from skdualcnn._evaluation import evaluate
from skdualcnn._studies import OURS, STUDIES, fit, labels_of, thin
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import disturb

STRENGTH = strengths("both", LEVELS[-1])
KEYS = ["data", "head", "model", "training"]
PLAIN, DISTURBED = "plain", "with disturbed copies"


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit every model with every seed; print and write the table."""
    results = over_seeds("robustness", partial(_score, quick=quick), names, data_dir, seeds)
    groups = results.groupby(KEYS, sort=False)
    table = groups[["roc_auc", "disturbed", "lost"]].mean()
    table["lost_std"] = groups["lost"].std()
    publish(out, "robustness", results, table)
    return results


def with_disturbed_copies(
    dataset: Bunch, rows: NDArray[np.intp], seed: int
) -> tuple[Bunch, NDArray[np.intp]]:
    """Return a data set that has disturbed copies of some rows behind the others, and both."""
    copies = disturb(dataset.data.iloc[rows], **STRENGTH, random_state=seed)
    longer = Bunch(
        data=pd.concat([dataset.data, copies], ignore_index=True),
        target=pd.concat([dataset.target, dataset.target.iloc[rows]], ignore_index=True),
        groups=pd.concat([dataset.groups, dataset.groups.iloc[rows]], ignore_index=True),
    )
    return longer, np.concatenate([rows, len(dataset.data) + np.arange(len(rows))])


def _score(name: str, data_dir: Path, seed: int, *, quick: bool) -> list[dict[str, Any]]:
    study = STUDIES[name]
    dataset = study.load(data_dir, seed)
    train, test = honest_split(dataset, random_state=seed)
    train = thin(train, study.window) if quick else train
    clean, y = dataset.data.iloc[test], labels_of(dataset, test)
    # Another draw than that of the copies to train on.
    worse = disturb(
        clean, **STRENGTH, reference=dataset.data.iloc[train], random_state=10_000 + seed
    )
    models = models_of(study, dataset, seed, svm_rows=SVM_ROWS, quick=quick)
    found = []
    for model, training, decider in _fitted(models, dataset, train, seed):
        areas = [
            {head: result.metrics()["roc_auc"] for head, result in evaluate(*given).heads.items()}
            for given in ((decider, clean, y), (decider, worse, y))
        ]
        found += [
            {
                "head": head,
                "model": model,
                "training": training,
                "roc_auc": area,
                "disturbed": areas[1][head],
                "lost": area - areas[1][head],
            }
            for head, area in areas[0].items()
        ]
    return found


def _fitted(
    models: dict[str, FusionDecider], dataset: Bunch, train: NDArray[np.intp], seed: int
) -> Iterator[tuple[str, str, FusionDecider]]:
    """Yield every model, and those that are also trained on disturbed copies."""
    for model, decider in models.items():
        if model in (OURS, BOOSTED):
            longer, rows = with_disturbed_copies(dataset, train, seed)
            yield model, DISTURBED, fit(clone(decider), longer, rows)
        yield model, PLAIN, fit(decider, dataset, train)
