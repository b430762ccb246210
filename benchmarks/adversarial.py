"""Readings moved within the accuracy of their sensors, before and after adversarial training.

On the training rows of the honest split our network is fitted twice with each seed: as the
study has it, and with `AdversarialTraining` at the accuracy of the sensors. On the test rows
the health head's readings are then left as they are, moved at random, and moved by an
attacker who knows the model and the truth (`perturb_readings`).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import Progress
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils import Bunch

from benchmarks._output import publish
from skdualcnn._decider import FusionDecider
from skdualcnn._studies import OURS, STUDIES, fit, thin
from skdualcnn.adversarial import AdversarialTraining, accuracy_of_features, perturb_readings
from skdualcnn.model_selection import honest_split

HEAD = "health"
PLAIN, DEFENDED = "as it is", "adversarially"
READINGS = {"as measured": None, "random within accuracy": 0, "attacked within accuracy": 20}
FIGURES = {
    "roc_auc": "ROC-AUC of the health head",
    "sensitivity": "its sensitivity",
    "false_alarms": "its false alarms",
    "medical_sensitivity": "emergencies decided medical or both",
    "medical_false_alarms": "normal rows decided medical or both",
}


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> None:
    """Print and write the table."""
    rows: list[dict[str, Any]] = []
    seeds = list(seeds)
    with Progress() as progress:
        task = progress.add_task("adversarial", total=2 * len(names) * len(seeds))
        for name in names:
            study = STUDIES[name]
            for seed in seeds:
                dataset = study.load(data_dir, seed)
                train, test = honest_split(dataset, random_state=seed)
                if quick:
                    train, test = thin(train, study.window), thin(test, study.window, 500)
                plain = study.models(dataset, quick=quick, verbose=0, random_state=seed)[OURS]
                for training in (PLAIN, DEFENDED):
                    decider = plain if training == PLAIN else defend(plain, dataset, train)
                    fit(decider, dataset, train)
                    about = {"data": name, "training": training, "seed": seed}
                    found = attack(decider, dataset, test, seed, quick)
                    rows += [{**about, **one} for one in found]
                    areas = {one["readings"]: round(one["roc_auc"], 3) for one in found}
                    progress.console.print(f"{about}: ROC-AUC {areas}", soft_wrap=True)
                    progress.advance(task)
    results = pd.DataFrame(rows)
    groups = results.groupby(["data", "training", "readings"], sort=False)
    table = groups[list(FIGURES)].mean().rename(columns=FIGURES)
    publish(out, "adversarial", results, table)
    print(f"over {len(seeds)} seed(s)")


def defend(decider: FusionDecider, dataset: Bunch, rows: Any) -> FusionDecider:
    """Return the decider, unfitted, whose network trains against the sensors' accuracy."""
    defended = clone(decider)
    preprocessor = clone(decider.estimator[0]).fit(dataset.data.iloc[rows])
    epsilon = accuracy_of_features(preprocessor, dataset.data.iloc[rows])
    defended.estimator[-1].set_params(callbacks=[AdversarialTraining(epsilon)])
    return defended


def attack(
    decider: FusionDecider, dataset: Bunch, rows: Any, seed: int, quick: bool
) -> list[dict[str, Any]]:
    """Return the figures of the test rows, as they are and moved."""
    X, truth = dataset.data.iloc[rows], dataset.target[HEAD].iloc[rows]
    X, truth = X[truth.notna()], truth[truth.notna()]
    ill = (truth != decider.normal_[decider.heads_.index(HEAD)]).to_numpy()
    found = []
    for readings, n_iter in READINGS.items():
        moved = X
        if n_iter is not None:
            moved = perturb_readings(
                decider, X, truth, n_iter=min(n_iter, 5) if quick else n_iter, random_state=seed
            )
        score = decider.decision_function(moved)[:, 0]
        threshold = np.ravel(decider.thresholds)[0]
        alarm, medical = score >= threshold, np.isin(decider.predict(moved), ["medical", "both"])
        found.append(
            {
                "readings": readings,
                "rows": len(X),
                "roc_auc": roc_auc_score(ill, score),
                "sensitivity": alarm[ill].mean(),
                "false_alarms": alarm[~ill].mean(),
                "medical_sensitivity": medical[ill].mean(),
                "medical_false_alarms": medical[~ill].mean(),
            }
        )
    return found
