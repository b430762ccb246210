"""Searching over settings: epochs as the resource, preprocessing that is kept."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next one
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import DualPathCNNClassifier, FusionDecider


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


class Grouped(DualPathCNNClassifier):
    """Says in `groups_` which groups it was given."""

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        super().fit(X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val)
        self.groups_ = groups
        return self


@pytest.mark.parametrize("routed", [True, False])
def test_every_fold_is_given_the_groups_of_its_rows(rows, routed):
    X, y = rows
    groups = np.arange(60) // 10
    with config_context(enable_metadata_routing=routed):
        asking = Grouped(max_epochs=1, random_state=0)
        given = {"params": {"grouped__groups": groups}, "groups": groups}
        if routed:
            asking.set_fit_request(groups=True)
            given = {"params": {"groups": groups}}
        deciding = FusionDecider(make_pipeline(MinMaxScaler(), asking))
        for estimator in (deciding, deciding.estimator):
            result = cross_validate(
                *(estimator, X, y),
                cv=GroupKFold(3),
                return_estimator=True,
                return_indices=True,
                **given,
            )
            for fitted, rows_of_fold in zip(
                result["estimator"], result["indices"]["train"], strict=True
            ):
                network = getattr(fitted, "estimator_", fitted)[-1]
                np.testing.assert_array_equal(network.groups_, groups[rows_of_fold])


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
