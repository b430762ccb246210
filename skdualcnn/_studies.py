"""The data sets that the commands know, each with its pipeline and its honest split."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn.baselines import make_baselines
from skdualcnn.datasets import (
    load_icu_security,
    load_nsl_kdd,
    load_physionet2012,
    load_wustl_ehms,
    make_ward,
)
from skdualcnn.network._architectures import SHAPE_PARAMETERS
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow, make_fusion_preprocessor

OURS = "dual-path CNN"
# Boosted trees that learn slowly, for the network to learn from.
TEACHER = HistGradientBoostingClassifier(
    learning_rate=0.05, max_iter=200, max_leaf_nodes=15, l2_regularization=1.0
)
TAUGHT: dict[str, Any] = {"teacher": TEACHER}
TRAINING = {"batch_size": 128, "max_epochs": 10}
# On a table of many columns and few rows, a linear model beside them knows what they do not.
TEACHERS = VotingClassifier(
    [("trees", TEACHER), ("linear", LogisticRegression(C=0.3, max_iter=1000))], voting="soft"
)
NO_DROPOUT = {"conv_dropout": 0.0, "dense_dropout": 0.0}  # recombined rows differ enough
# Bytes and rates span orders of magnitude; of a pulse or an acceleration the distances count.
TRAFFIC_BY_RANK = {"network": QuantileScaler()}
QUICK_ROWS = 3000  # training rows that --quick keeps
ENOUGH_ROWS = 20_000  # to which a user's few rows are recombined,
MOST_RECOMBINED = 20  # but each at most so often
LEAST_STEPS = 500  # of training, on however few rows,
MOST_EPOCHS = 200  # but in at most so many epochs


@dataclass(frozen=True)
class Study:
    """One data set and what we train on it.

    Attributes
    ----------
    title : str
        Name to print.
    load : callable
        From a folder and a seed to the data set's Bunch.
    needs_files : bool
        Whether the folder is needed.
    window : int
        Rows per window; 1 for no windows.
    by : str or None
        Column that says whose row it is, for windows; None if all rows are of one recording.
    vital_changes : bool
        Whether windows hold what changed in the vital signs since the row before instead
        of the vital signs. Levels drift along a recording, and differ between people.
    noise_filter : transformer, dict of str to transformer, or None
        What the numeric columns pass through, as for the preprocessor.
    classifier : dict
        Parameters of the classifier that differ from its defaults, chosen on training
        data.
    """

    title: str
    load: Callable[[Path, int], Bunch]
    needs_files: bool = True
    window: int = 1
    by: str | None = None
    vital_changes: bool = False
    noise_filter: Any = None
    classifier: Mapping[str, Any] = field(default_factory=dict)

    def models(
        self, dataset: Bunch, *, quick: bool, verbose: int, random_state: int
    ) -> dict[str, FusionDecider]:
        """Return our model and the baselines, unfitted, by name."""
        preprocessing: list[Any] = [
            make_fusion_preprocessor(
                **dataset.modalities, noise_filter=self.noise_filter, group=self.by
            )
        ]
        if self.window > 1:
            by = None if self.by is None else -1  # where the preprocessor puts it
            changes = _vital_positions(dataset) if self.vital_changes else None
            preprocessing.append(SlidingWindow(self.window, by=by, changes=changes))
        parameters = {**TRAINING, **self.classifier}
        if quick:
            parameters["max_epochs"] = 3
        classifier = DualPathCNNClassifier(**parameters, verbose=verbose, random_state=random_state)
        baselines = make_baselines(
            preprocessing, n_heads=len(labelled_heads(dataset)), random_state=random_state
        )
        pipelines = {OURS: make_pipeline(*preprocessing, classifier), **baselines}
        return {name: FusionDecider(pipeline) for name, pipeline in pipelines.items()}


STUDIES = {
    "ward": Study(
        "simulated ward", lambda _, seed: make_ward(random_state=seed), needs_files=False
    ),
    "wustl_ehms": Study(
        "WUSTL-EHMS-2020",
        lambda folder, _: load_wustl_ehms(folder),
        window=8,
        vital_changes=True,
        noise_filter=QuantileScaler(),
        classifier={**TAUGHT, "max_epochs": 20},
    ),
    "physionet2012": Study(
        "PhysioNet Challenge 2012",
        lambda folder, _: load_physionet2012(folder),
        # Neighbouring columns have nothing to do with each other.
        classifier={
            "conv_channels": (8,),
            "kernel_size": 1,
            "pool_size": 1,
            "dense_units": 32,
            "teacher": TEACHERS,
            "teacher_weight": 0.9,
            "recombined_rows": 4,
            **NO_DROPOUT,
        },
    ),
    "nsl_kdd": Study(
        "NSL-KDD",
        lambda folder, _: load_nsl_kdd(folder),
        noise_filter=QuantileScaler(),
        classifier={
            "conv_channels": (16,),
            "pool_size": 4,
            "dense_units": 128,
            "recombined_rows": 4,
            **TAUGHT,
        },
    ),
    "icu_security": Study("ICU (Hussain et al. 2021)", lambda folder, _: load_icu_security(folder)),
}


def _vital_positions(dataset: Bunch) -> tuple[int, ...]:
    """Return where the preprocessor puts the patient's numbers: first, in their order."""
    vitals = dataset.data[dataset.modalities["patient"]].select_dtypes("number")
    return tuple(range(vitals.shape[1]))


def study_of_table(title: str, dataset: Bunch, *, window: int = 1, by: str | None = None) -> Study:
    """Return what to train on a user's own rows: what serves the public data sets.

    Few rows are visited more often. If most are a group of their own, as a stay in a
    hospital is, they are recombined, too; those of a recording belong together.
    """
    n_rows, classifier = len(dataset.data), dict(TAUGHT)
    apart = dataset.split_by == "groups" and dataset.groups.nunique() > n_rows / 2
    alone = apart and window == 1
    recombined = min(ENOUGH_ROWS // n_rows, MOST_RECOMBINED) if alone else 0
    if recombined:
        classifier.update(NO_DROPOUT, recombined_rows=recombined)
    steps = n_rows * (1 + recombined) / TRAINING["batch_size"]
    epochs = max(TRAINING["max_epochs"], math.ceil(LEAST_STEPS / steps))
    classifier["max_epochs"] = min(epochs, MOST_EPOCHS)
    return Study(
        title,
        lambda *_: dataset,
        window=window,
        by=by,
        noise_filter=TRAFFIC_BY_RANK,
        classifier=classifier,
    )


def with_architecture(decider: FusionDecider, architecture: str) -> FusionDecider:
    """Return the decider, unfitted, with a named architecture and no number of its own.

    Dropout stays: how much of it serves depends on the rows, not on the shape.
    """
    numbers = [name for name in SHAPE_PARAMETERS if not name.endswith("dropout")]
    changed = clone(decider)
    changed.estimator[-1].set_params(architecture=architecture, **dict.fromkeys(numbers))
    return changed


def labelled_heads(dataset: Bunch) -> list[str]:
    """Return the heads of a data set that have labels."""
    return [name for name in dataset.target if dataset.target[name].notna().any()]


def labels_of(dataset: Bunch, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return the labels of some rows, a column per head that has any."""
    return dataset.target[labelled_heads(dataset)].iloc[rows]


def fit(decider: FusionDecider, dataset: Bunch, rows: NDArray[np.intp]) -> FusionDecider:
    """Fit on some rows of a data set; a teacher learns and answers for whole groups."""
    y = labels_of(dataset, rows)
    pipeline: Pipeline = decider.estimator
    name, last = pipeline.steps[-1]
    fit_params = {}
    if isinstance(last, DualPathCNNClassifier):
        fit_params[f"{name}__groups"] = dataset.groups.iloc[rows]
    return decider.fit(
        dataset.data.iloc[rows], y if y.shape[1] > 1 else y.squeeze(axis=1), **fit_params
    )


def thin(rows: NDArray[np.intp], window: int, at_most: int = QUICK_ROWS) -> NDArray[np.intp]:
    """Return at most so many of the rows: the last ones where time matters, else a spread."""
    if len(rows) <= at_most:
        return rows
    if window > 1:
        return rows[-at_most:]
    return rows[np.linspace(0, len(rows) - 1, at_most).astype(int)]
