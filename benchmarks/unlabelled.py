"""What rows without a label are worth: most labels of the training rows are taken away.

A tenth of the training rows of the honest split keeps its labels, whole groups of them.
Our network is fitted on these rows alone, with as many epochs as the study has and with as
many steps as it takes with the others; then on all rows, where its teacher (of studies
without one, boosted trees) says what it thinks of those without a label. The other models
are fitted on the rows with labels. All are scored on the test rows.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import Bunch

from benchmarks._output import publish
from benchmarks._runs import fit_and_score, over_seeds
from benchmarks.paper.models import models_of
from benchmarks.quality import SVM_ROWS
from skdualcnn._decider import FusionDecider
from skdualcnn._fusion_pipeline import TEACHER
from skdualcnn._studies import OURS, STUDIES, thin
from skdualcnn.model_selection import honest_split

SHARE = 0.1  # of the training rows, that keep their labels
KEYS = ["data", "head", "model"]


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit every model with every seed; print and write the table."""
    results = over_seeds("unlabelled", partial(_score, quick=quick), names, data_dir, seeds)
    groups = results.groupby(KEYS, sort=False)
    table = groups[["labelled_rows", "train_rows"]].mean().astype(int)
    table[["roc_auc", "average_precision"]] = groups[["roc_auc", "average_precision"]].mean()
    table["roc_auc_std"] = groups["roc_auc"].std()
    publish(out, "unlabelled", results, table)
    return results


def choose_labelled(groups: pd.Series, rows: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Return which of the rows keep their labels: whole groups, about `SHARE` of the rows."""
    sizes = groups.iloc[rows].value_counts(sort=False)
    drawn = sizes.sample(frac=1, random_state=seed)
    kept = drawn.index[drawn.cumsum().to_numpy() <= max(SHARE * len(rows), drawn.iloc[0])]
    return rows[groups.iloc[rows].isin(kept).to_numpy()]


def without_labels(dataset: Bunch, rows: NDArray[np.intp]) -> Bunch:
    """Return the data set without the labels of some rows."""
    target = dataset.target.copy()
    target.iloc[rows] = None
    return Bunch(**{**dataset, "target": target})


def with_steps_of(decider: FusionDecider, n_labelled: int, n_rows: int) -> FusionDecider:
    """Return the decider with epochs for as many steps on labelled rows as on all rows."""
    longer = clone(decider)
    network = longer.estimator[-1]
    visits = n_labelled * (1 + network.recombined_rows)
    share = (visits + n_rows - n_labelled) / visits
    network.set_params(max_epochs=math.ceil(network.max_epochs * share))
    return longer


def _score(name: str, data_dir: Path, seed: int, *, quick: bool) -> list[dict[str, Any]]:
    study = STUDIES[name]
    dataset = study.load(data_dir, seed)
    train, test = honest_split(dataset, random_state=seed)
    if quick:
        train = thin(train, study.window)
    labelled = choose_labelled(dataset.groups, train, seed)
    models = models_of(study, dataset, seed, svm_rows=SVM_ROWS, quick=quick)
    ours = models.pop(OURS)
    if ours.estimator[-1].teacher is None:
        ours.estimator[-1].set_params(teacher=TEACHER)
    partly = without_labels(dataset, np.setdiff1d(train, labelled))
    longer = with_steps_of(ours, len(labelled), len(train))
    fits = {
        f"{OURS}, rows with labels": (ours, dataset, labelled),
        f"{OURS}, as many steps": (longer, dataset, labelled),
        f"{OURS}, all rows": (ours, partly, train),
        **{model: (decider, dataset, labelled) for model, decider in models.items()},
    }
    return [
        {"model": model, "labelled_rows": len(labelled), **one}
        for model, (decider, rows_of, rows) in fits.items()
        for one in fit_and_score(decider, rows_of, rows, test)
    ]
