"""Grid search on one and two workers, and preprocessing beside its bare steps."""

from functools import partial

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from benchmarks.speed.foreign.simulated import make_rows
from benchmarks.speed.rounds import take_turns
from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor


def measure_search(*, rows: int, rounds: int) -> pd.DataFrame:
    """Return the time of 8 candidates on 3 folds, with one worker and with two."""
    X, codes = make_rows(rows)
    network = DualPathCNNClassifier(max_epochs=1, batch_size=256, random_state=0)
    grid = {"lr": [1e-4, 3e-4, 1e-3, 3e-3], "dense_dropout": [0.3, 0.5]}

    def search(n_jobs: int) -> None:
        GridSearchCV(network, grid, cv=3, n_jobs=n_jobs, refit=False).fit(X, codes)

    search(2)  # starts the workers
    return take_turns({"n_jobs=1": lambda: search(1), "n_jobs=2": lambda: search(2)}, rounds)


def measure_preprocessing(*, rows: int, rounds: int) -> pd.DataFrame:
    """Return the time of fit and transform on 48 numbers with gaps and 4 categories."""
    rng = np.random.default_rng(0)
    numbers = [f"number {i}" for i in range(48)]
    names = [f"name {i}" for i in range(4)]
    X = pd.DataFrame(rng.random((rows, 48)), columns=numbers).mask(rng.random((rows, 48)) < 0.05)
    for name in names:
        X[name] = rng.choice(["tcp", "udp", "mqtt"], rows)

    def bare(*, add_indicator: bool) -> ColumnTransformer:
        impute = SimpleImputer(strategy="median", add_indicator=add_indicator)
        encode = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
        scale = make_pipeline(impute, MinMaxScaler())
        return ColumnTransformer([("numbers", scale, numbers), ("names", encode, names)])

    ours = make_fusion_preprocessor(patient=numbers[:24], network=[*numbers[24:], *names])
    contestants = {
        "bare steps": bare(add_indicator=False),
        "bare steps, with a column for what is missing": bare(add_indicator=True),
        "ours": ours,
    }
    return take_turns(
        {name: partial(one.fit_transform, X) for name, one in contestants.items()}, rounds
    )
