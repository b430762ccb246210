"""Whether contributions find the columns that the network rests on, on honest test rows.

Our network is fitted on the training rows of the honest split, once per seed. Of the test
rows that a head of it raises an alert on, raw columns are replaced by the mean of the normal
training rows, one more at a time: by their contributions, largest first; at random; and in
the order of their permutation importance on training rows, the same for every row. The area
under each curve is the mean score over the numbers of columns taken away; lower is better.
`ahead` is the area at random less that by contributions, with the 95 % t-interval over seeds.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.utils import Bunch

from benchmarks._output import publish
from benchmarks._runs import over_seeds
from skdualcnn._decider import FusionDecider
from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._studies import OURS, STUDIES, Study, fit, labels_of, thin
from skdualcnn.explanation import attribute_scores, deletion_curve
from skdualcnn.model_selection import honest_split

ALERTS = 500  # at most so many of a head are looked at
IMPORTANCE_ROWS = 2000
AREAS = {
    "by_attribution": "by contributions",
    "at_random": "at random",
    "in_order": "by importance",
}

Rows = NDArray[np.intp]


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit the network with every seed; print and write the table."""
    results = over_seeds("explanation", partial(_measure, quick=quick), names, data_dir, seeds)
    results = results.reindex(columns=["data", "seed", "head", "alerts", "score", *AREAS])
    table = summarise(results)
    publish(out, "explanation", results, table)
    return results


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Return the mean areas over seeds, and how far contributions are ahead of chance."""
    groups = results.groupby(["data", "head"], sort=False)
    table = groups[["alerts"]].mean().round().astype(int)
    table[["score", *AREAS.values()]] = groups[["score", *AREAS]].mean()
    ahead = (results["at_random"] - results["by_attribution"]).groupby(
        [results["data"], results["head"]], sort=False
    )
    n, spread = ahead.size(), ahead.sem()
    half = stats.t.ppf(0.975, n - 1) * spread  # NaN with a single seed
    table["ahead"], table["low"], table["high"] = (
        ahead.mean(),
        ahead.mean() - half,
        ahead.mean() + half,
    )
    return table


def _measure(name: str, data_dir: Path, seed: int, *, quick: bool) -> list[dict[str, Any]]:
    study = STUDIES[name]
    dataset = study.load(data_dir, seed)
    train, test = honest_split(dataset, random_state=seed)
    if quick:
        train, test = thin(train, study.window), thin(test, study.window)
    decider = study.models(dataset, quick=quick, verbose=0, random_state=seed)[OURS]
    fit(decider, dataset, train)
    reference = dataset.data.iloc[train[decider.true_state(labels_of(dataset, train)) == "normal"]]
    rows = []
    for head in deciding_heads(decider):
        X, alerts = alerts_of(decider, dataset, test, study, head.role)
        if len(alerts) == 0:  # of too short a training
            rows.append({"head": head.name, "alerts": 0})
            continue
        order = importance_order(
            decider, dataset, thin(train, study.window, IMPORTANCE_ROWS), head.role
        )
        curve = deletion_curve(
            decider,
            X,
            attribute_scores(decider, X, reference=reference),
            reference=reference,
            head=head.name,
            rows=alerts,
            order=order,
            random_state=seed,
        )
        areas = curve.scores.mean()
        rows.append(
            {
                "head": head.name,
                "alerts": len(alerts),
                "score": float(curve.scores["by_attribution"].iloc[0]),
                **{area: float(areas[area]) for area in AREAS},
            }
        )
    return rows


def alerts_of(
    decider: FusionDecider, dataset: Bunch, rows: Rows, study: Study, role: int
) -> tuple[pd.DataFrame, Rows]:
    """Return rows to explain, and the positions in them of at most `ALERTS` of a head's alerts.

    With windows all rows stay, which those before an alert are among; else alerts alone.
    """
    X = dataset.data.iloc[rows]
    raised = np.isin(decider.predict(X), (("medical", "cyber")[role], "both"))
    alerts = thin(np.flatnonzero(raised), 1, ALERTS)
    return (X, alerts) if study.window > 1 else (X.iloc[alerts], np.arange(len(alerts)))


def importance_order(decider: FusionDecider, dataset: Bunch, rows: Rows, role: int) -> list[str]:
    """Return the columns by how much the ROC-AUC of a head falls when each is shuffled."""
    labels = dataset.target[decider.heads_[role]].iloc[rows]
    rows, labels = rows[labels.notna()], labels.dropna()
    columns = [name for listed in dataset.modalities.values() for name in listed]
    X = dataset.data.iloc[rows][columns]

    def area(model: FusionDecider, X: pd.DataFrame, abnormal: NDArray[np.bool_]) -> float:
        return float(roc_auc_score(abnormal, model.decision_function(X)[:, role]))

    found = permutation_importance(
        decider,
        X,
        (labels != decider.normal_[role]).to_numpy(dtype=bool),
        scoring=area,
        n_repeats=1,
        random_state=0,
    )
    return [columns[place] for place in (-found.importances_mean).argsort(kind="stable")]
