"""Searching over settings: epochs as the resource, preprocessing that is kept."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next one
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).random((60, 8))
    return X, (X[:, 0] > 0.5).astype(int)


def network(**parameters):
    return DualPathCNNClassifier(
        conv_channels=(4,), dense_units=8, batch_size=16, random_state=0, **parameters
    )


@pytest.mark.parametrize("warm_start", [False, True])
def test_epochs_are_a_resource_of_a_halving_search(rows, warm_start):
    X, y = rows
    search = HalvingGridSearchCV(
        network(warm_start=warm_start),
        {"lr": [1e-4, 1e-3, 1e-2, 1e-1]},
        resource="max_epochs",
        min_resources=1,
        max_resources=4,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_candidates_ == [4, 2, 1]
    assert search.n_resources_ == [1, 2, 4]
    assert search.best_estimator_.history_["epoch"].tolist() == [1, 2, 3, 4]


def test_warm_start_adds_the_epochs_of_the_next_round(rows):
    X, y = rows
    going_on = network(max_epochs=1, warm_start=True).fit(X, y)
    going_on.set_params(max_epochs=3).fit(X, y)
    assert going_on.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert going_on.history_["train_loss"].notna().all()


class Counted(TransformerMixin, BaseEstimator):
    """Passes rows on, and writes a line to a file each time that it is fitted."""

    def __init__(self, log):
        self.log = log

    def fit(self, X, y=None):
        with self.log.open("a") as file:
            file.write("fitted\n")
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def test_preprocessing_is_kept_between_fits(rows, tmp_path):
    log = tmp_path / "log"
    pipeline = make_pipeline(Counted(log), network(max_epochs=1), memory=str(tmp_path / "kept"))
    grid = {"dualpathcnnclassifier__lr": [1e-4, 1e-3, 1e-2]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*rows)
    fits = len(log.read_text().splitlines())
    assert fits == 2 + 1  # once for each fold, and once for all rows
    search.best_estimator_.fit(*rows)
    assert len(log.read_text().splitlines()) == fits
