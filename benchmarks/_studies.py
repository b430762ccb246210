"""The data sets that benchmarks know: those of the commands, and stays hour by hour."""

from collections import ChainMap
from collections.abc import MutableMapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from skdualcnn import _studies
from skdualcnn._fusion_pipeline import TEACHER
from skdualcnn._studies import Study
from skdualcnn.datasets import load_physionet2012
from skdualcnn.preprocessing import SeriesStatistics

N_HOURS = 48
TEACHERS_OF_SERIES = VotingClassifier(
    [("trees", TEACHER), ("linear", LogisticRegression(C=0.01, max_iter=1000))], voting="soft"
)


def load_hours(folder: Path) -> Bunch:
    """Return PhysioNet 2012 as series of 48 hours; who the patient is stands in each of them."""
    stays = load_physionet2012(folder, representation="hourly")
    about = pd.get_dummies(stays.static, columns=["ICUType"], dtype=float)
    every_hour = np.repeat(about.to_numpy(np.float32)[:, None], N_HOURS, axis=1)
    stays.data = np.concatenate([stays.data, every_hour], axis=2)
    stays.feature_names = [*stays.feature_names, *about]
    stays.modalities = {**stays.modalities, "patient": stays.feature_names}
    return stays


SERIES = {
    "physionet2012_hours": Study(
        "PhysioNet Challenge 2012, hour by hour",
        lambda folder, _: load_hours(folder),
        series=True,
        classifier={
            "conv_channels": (64, 64),
            "kernel_size": 5,
            "global_pooling": True,
            "channel_dropout": 0.1,
            "conv_dropout": 0.1,
            "dense_units": 64,
            "dense_dropout": 0.1,
            "teacher": make_pipeline(SeriesStatistics(N_HOURS), TEACHERS_OF_SERIES),
            "teacher_weight": 0.6,
            "recombined_rows": 4,
        },
    )
}
STUDIES: MutableMapping[str, Study] = ChainMap(SERIES, _studies.STUDIES)
