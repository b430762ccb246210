"""The data sets that the commands know, each with its pipeline and its honest split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch, _safe_indexing

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn._fusion_pipeline import (
    NO_DROPOUT,
    TEACHER,
    TRAFFIC_BY_RANK,
    TRAINING,
    preprocessing_steps,
    suited_parameters,
)
from skdualcnn.baselines import make_baselines
from skdualcnn.datasets import (
    load_icu_security,
    load_nsl_kdd,
    load_physionet2012,
    load_wustl_ehms,
    make_ward,
)
from skdualcnn.network._architectures import SHAPE_PARAMETERS
from skdualcnn.preprocessing import QuantileScaler, SeriesScaler, SeriesStatistics

OURS = "dual-path CNN"
HELD_OUT = {  # by the split that a data set asks for
    "groups": "whole groups (patients, or blocks of packets)",
    "time": "the last fifth of the recording",
    "file": "the authors' test file",
}
# On a table of many columns and few rows, a linear model beside them knows what they do not.
TEACHERS = VotingClassifier(
    [("trees", TEACHER), ("linear", LogisticRegression(C=0.3, max_iter=1000))], voting="soft"
)
# Types of attack that training does not have are told better by a forest than by boosted trees.
FOREST = RandomForestClassifier(200, min_samples_leaf=2)
QUICK_ROWS = 3000  # training rows that --quick keeps


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
    series : bool
        Whether each row is a whole series, steps by channels with gaps, and so a window.
        Models that take rows then see its statistics, scaled.
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
    series: bool = False
    classifier: Mapping[str, Any] = field(default_factory=dict)

    def models(
        self, dataset: Bunch, *, quick: bool, verbose: int, random_state: int
    ) -> dict[str, FusionDecider]:
        """Return our model and the baselines, unfitted, by name."""
        preprocessing = self._preprocessing(dataset)
        parameters = {**TRAINING, **self.classifier}
        if quick:
            parameters["max_epochs"] = 3
        classifier = clone(  # its teacher with it, which is the study's
            DualPathCNNClassifier(**parameters, verbose=verbose, random_state=random_state)
        )
        as_rows = [SeriesStatistics(), StandardScaler()] if self.series else []
        baselines = make_baselines(
            [*preprocessing, *as_rows],
            n_heads=len(labelled_heads(dataset)),
            random_state=random_state,
        )
        pipelines = {OURS: make_pipeline(*preprocessing, classifier), **baselines}
        return {name: FusionDecider(pipeline) for name, pipeline in pipelines.items()}

    def _preprocessing(self, dataset: Bunch) -> list[Any]:
        """Return what comes before every model."""
        if self.series:
            return [SeriesScaler()]
        return preprocessing_steps(
            dataset.data,
            dataset.modalities,
            noise_filter=self.noise_filter,
            window=self.window,
            by=self.by,
            vital_changes=self.vital_changes,
        )


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
        classifier={"teacher": TEACHER, "max_epochs": 20},
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
            "teacher": FOREST,
            "recombined_rows": 4,
        },
    ),
    "icu_security": Study("ICU (Hussain et al. 2021)", lambda folder, _: load_icu_security(folder)),
}


def study_of_table(title: str, dataset: Bunch, *, window: int = 1, by: str | None = None) -> Study:
    """Return what to train on a user's own rows, as `make_fusion_decider` does."""
    n_groups = dataset.groups.nunique() if dataset.split_by == "groups" else 0
    suited = suited_parameters(
        len(dataset.data), dataset.modalities, window=window, n_groups=n_groups
    )
    return Study(
        title,
        lambda *_: dataset,
        window=window,
        by=by,
        noise_filter=TRAFFIC_BY_RANK,
        classifier=suited,
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
    X, groups = _safe_indexing(dataset.data, rows), dataset.groups.iloc[rows]
    y = labels_of(dataset, rows)
    return decider.fit(X, y if y.shape[1] > 1 else y.squeeze(axis=1), groups=groups)


def thin(rows: NDArray[np.intp], window: int, at_most: int = QUICK_ROWS) -> NDArray[np.intp]:
    """Return at most so many of the rows: the last ones where time matters, else a spread."""
    if len(rows) <= at_most:
        return rows
    if window > 1:
        return rows[-at_most:]
    return rows[np.linspace(0, len(rows) - 1, at_most).astype(int)]
