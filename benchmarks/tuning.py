"""Settings of our network compared on training rows; the test rows are never read.

The training rows of a data set's honest split are divided again, as that split divides
the whole: along time into forward folds (train on the past, score what follows, whole
episodes and no shared window), or into folds of whole groups. Where the data set names
the types of attack, each fold also loses some types from its training rows, as the
official test file has types that no training row has. What wins here goes into
`skdualcnn/_studies.py`; `python -m benchmarks quality` then reads the test rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import Progress
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import Bunch

from benchmarks._output import publish
from benchmarks._runs import fit_and_score
from benchmarks._studies import STUDIES
from benchmarks.paper.protocols import strata_of, take
from skdualcnn._fusion_pipeline import NO_DROPOUT, TEACHER
from skdualcnn._studies import OURS, Study, thin
from skdualcnn.model_selection import PurgedGroupTimeSeriesSplit, honest_split
from skdualcnn.preprocessing import QuantileScaler

N_FOLDS = 3
METRICS = ("roc_auc", "average_precision", "brier")

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Setting:
    """What differs from a study as it is.

    Attributes
    ----------
    study : dict
        Fields of the study, such as its window.
    classifier : dict
        Parameters of the classifier, on top of the study's own.
    """

    study: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, study: Study) -> Study:
        """Return the study with this setting."""
        return replace(study, **self.study, classifier={**study.classifier, **self.classifier})


SHIPPED = "as shipped"
EVERYWHERE = {
    SHIPPED: Setting(),
    "no teacher": Setting(classifier={"teacher": None}),
    "more of the teacher": Setting(classifier={"teacher_weight": 0.8}),
    "weight decay 1e-3": Setting(classifier={"weight_decay": 1e-3}),
    "constant learning rate, early stopping": Setting(
        classifier={"lr_schedule": "constant", "max_epochs": 20, "early_stopping": True}
    ),
    "10 epochs": Setting(classifier={"max_epochs": 10}),
    "20 epochs": Setting(classifier={"max_epochs": 20}),
    "dropout of .3 and .5": Setting(classifier={"conv_dropout": 0.3, "dense_dropout": 0.5}),
    "no dropout": Setting(classifier=NO_DROPOUT),
}
TABULAR = {
    "columns apart": Setting(  # neighbouring columns mean nothing
        classifier={"conv_channels": (8,), "kernel_size": 1, "pool_size": 1, "dense_units": 32}
    ),
    "neighbours together": Setting(
        classifier={"conv_channels": (16,), "kernel_size": 3, "pool_size": 4, "dense_units": 128}
    ),
    "quantiles": Setting(study={"noise_filter": QuantileScaler()}),
    "trees alone teach": Setting(classifier={"teacher": TEACHER}),
    "no recombined rows": Setting(classifier={"recombined_rows": 0}),
    "four recombined rows": Setting(classifier={"recombined_rows": 4}),
}
WINDOWED = {
    "vital signs": Setting(study={"vital_changes": False}),
    "changes of vital signs": Setting(study={"vital_changes": True}),
    "16 rows": Setting(study={"window": 16}),
    "32 rows": Setting(study={"window": 32}),
    "two blocks": Setting(classifier={"conv_channels": (64, 64)}),
    "16 rows, weight decay 1e-3": Setting(study={"window": 16}, classifier={"weight_decay": 1e-3}),
}
SERIES = {
    "every step, not pooled": Setting(classifier={"global_pooling": False}),
    "one block": Setting(classifier={"conv_channels": (64,)}),
    "every channel at each visit": Setting(classifier={"channel_dropout": 0.0}),
    "96 channels": Setting(classifier={"conv_channels": (96, 96)}),
    "no recombined rows": Setting(classifier={"recombined_rows": 0}),
    "eight recombined rows": Setting(classifier={"recombined_rows": 8}),
}


def settings_of(study: Study) -> dict[str, Setting]:
    """Return the settings to compare, by the name to print."""
    if study.series:
        return {**EVERYWHERE, **SERIES}
    return {**EVERYWHERE, **(WINDOWED if study.window > 1 else TABULAR)}


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit every setting on every fold of the training rows; print and write the table."""
    rows: list[dict[str, Any]] = []
    seeds = list(seeds)
    n_fits = sum(len(settings_of(STUDIES[name])) for name in names) * len(seeds) * N_FOLDS
    with Progress() as progress:
        task = progress.add_task("tuning", total=n_fits)
        for name in names:
            study = STUDIES[name]
            settings = settings_of(study)
            longest = max(setting.apply(study).window for setting in settings.values())
            for seed in seeds:
                inside = training_rows(study.load(data_dir, seed), seed)
                for fold, (train, watched) in enumerate(folds(inside, longest, seed)):
                    fitted = thin(train, longest) if quick else train
                    for label, setting in settings.items():
                        models = setting.apply(study).models(
                            inside, quick=quick, verbose=0, random_state=seed
                        )
                        rows += [
                            {"data": name, "setting": label, "seed": seed, "fold": fold, **one}
                            for one in fit_and_score(models[OURS], inside, fitted, watched)
                        ]
                        progress.console.print(
                            f"{name}, seed {seed}, fold {fold}, {label}: "
                            f"ROC-AUC {rows[-1]['roc_auc']:.4f}",
                            soft_wrap=True,
                        )
                        progress.advance(task)
    results = pd.DataFrame(rows)
    table = summarise(results)
    publish(out, "tuning", results, table)
    return results


def training_rows(dataset: Bunch, seed: int) -> Bunch:
    """Return the training rows of the honest split as a data set without the others."""
    train, _ = honest_split(dataset, random_state=seed)
    inside = take(dataset, train)
    inside.modalities = dataset.modalities
    inside.attack = None
    if "attack" in dataset:
        inside.attack = dataset.attack.iloc[train].reset_index(drop=True)
    return inside


def folds(inside: Bunch, window: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to fit on and those to score, per fold.

    Parameters
    ----------
    inside : Bunch
        As `training_rows` returns it.
    window : int
        Rows of the longest window that is compared, so that all settings have one split.
    seed : int
        Draws groups and types of attack.
    """
    every = np.arange(len(inside.data))
    if inside.split_by == "time":
        splitter = PurgedGroupTimeSeriesSplit(N_FOLDS, window=window)
        yield from splitter.split(every[:, None], groups=inside.groups)
        return
    by_group = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    hidden = hidden_types(inside, seed)
    parts = by_group.split(every, strata_of(inside), inside.groups)
    for (train, watched), types in zip(parts, hidden, strict=True):
        seen = train if inside.attack is None else train[~inside.attack.iloc[train].isin(types)]
        yield seen, watched


def hidden_types(inside: Bunch, seed: int) -> list[set[str]]:
    """Return for each fold the types of attack that its training rows lose.

    A third of the types of each class, so that no class vanishes.
    """
    hidden: list[set[str]] = [set() for _ in range(N_FOLDS)]
    if inside.attack is None:
        return hidden
    rng = np.random.default_rng(seed)
    for label, types in inside.attack.groupby(inside.target["cyber"], observed=True):
        if label == "normal":
            continue
        for fold, some in enumerate(np.array_split(rng.permutation(types.unique()), N_FOLDS)):
            if len(some) < types.nunique():
                hidden[fold].update(some)
    return hidden


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Return means over folds and seeds, and the spread and the worst of the ROC-AUC."""
    groups = results.groupby(["data", "head", "setting"], sort=False)
    table = groups[list(METRICS)].mean()
    table["roc_auc_std"] = groups["roc_auc"].std()
    table["roc_auc_worst"] = groups["roc_auc"].min()
    table["seconds"] = groups["fit_seconds"].mean()
    return table
