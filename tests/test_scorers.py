"""Scorers of one head."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    fbeta_score,
    get_scorer,
    log_loss,
    make_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._head import HeadClassifier
from skdualcnn.exceptions import HeadError, NormalClassError
from skdualcnn.metrics import make_head_scorer


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(n_estimators=10, max_depth=3, random_state=0)


def network() -> DualPathCNNClassifier:
    return DualPathCNNClassifier(
        conv_channels=(8,), pool_size=1, dense_units=16, lr=0.02, max_epochs=15, random_state=0
    )


@pytest.fixture(scope="module")
def ward():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((240, 4)), columns=list("abcd"))
    a, b = X["a"] + rng.normal(0, 0.1, 240), X["b"] + rng.normal(0, 0.1, 240)
    health = np.select([a > 0.75, a < 0.25], ["hypoxia", "sepsis"], "normal")
    return X, pd.DataFrame({"health": health, "cyber": np.where(b > 0.6, "attack", "normal")})


@pytest.fixture(scope="module")
def fitted(ward):
    return forest().fit(*ward)


ESTIMATORS = {
    "forest": forest(),
    "network": network(),
    "pipeline": make_pipeline(MinMaxScaler(), network()),
    "decider": FusionDecider(network()),
    "decider of a forest": FusionDecider(forest()),
}


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS.keys())
def test_every_estimator(estimator, ward):
    X, y = ward
    estimator = clone(estimator).fit(X, y)
    health, cyber = estimator.predict_proba(X)
    ill = (y["health"] != "normal").astype(int)
    expected = {
        ("roc_auc", "cyber", None): roc_auc_score(y["cyber"] == "normal", cyber[:, 1]),
        ("roc_auc", 1, "normal"): roc_auc_score(y["cyber"] == "attack", cyber[:, 0]),
        ("roc_auc", "health", None): roc_auc_score(y["health"], health, multi_class="ovr"),
        ("roc_auc", "health", "normal"): roc_auc_score(ill, 1 - health[:, 1]),
        ("average_precision", 0, "normal"): average_precision_score(ill, 1 - health[:, 1]),
        ("neg_log_loss", "health", None): -log_loss(y["health"], health),
        ("recall", "health", "normal"): recall_score(ill, health.argmax(axis=1) != 1),
        ("accuracy", "health", None): np.mean(
            np.array(["hypoxia", "normal", "sepsis"])[health.argmax(axis=1)] == y["health"]
        ),
    }
    for (scoring, head, normal), value in expected.items():
        scorer = make_head_scorer(scoring, head=head, normal=normal)
        assert scorer(estimator, X, y) == pytest.approx(value), scorer


def test_missing_labels_do_not_count(fitted, ward):
    X, y = ward
    gaps = y.astype(object)
    gaps.loc[50:, "cyber"] = np.nan
    gaps.loc[:20, "health"] = None
    weights = np.linspace(0.1, 1, len(X))
    for head, rows in {"cyber": slice(0, 50), "health": slice(21, None)}.items():
        scorer = make_head_scorer("roc_auc", head=head, normal="normal")
        assert scorer(fitted, X, gaps) == scorer(fitted, X[rows], y[rows])
        assert scorer(fitted, X, gaps, weights) == scorer(fitted, X[rows], y[rows], weights[rows])
        polars = pl.DataFrame(gaps.where(gaps.notna(), None).to_dict("list"))
        assert scorer(fitted, X, polars) == scorer(fitted, X, gaps)
    scorer = make_head_scorer("accuracy", head="cyber")
    with pytest.raises(HeadError, match="no label of head 'cyber'"):
        scorer(fitted, X[60:], gaps[60:])


def test_windows(ward):
    _, y = ward
    X = np.random.default_rng(1).random((240, 6, 2)).astype(np.float32)
    clf = network().fit(X, y)
    y = y.astype(object)
    y.loc[::2, "cyber"] = None
    scorer = make_head_scorer("accuracy", head="cyber")
    assert scorer(clf, X, y) == accuracy_score(y["cyber"][1::2], clf.predict(X)[1::2, 1])


def test_labels_of_the_head_alone(fitted, ward):
    X, y = ward
    scorer = make_head_scorer("balanced_accuracy", head=1)
    expected = balanced_accuracy_score(y["cyber"], fitted.predict(X)[:, 1])
    assert scorer(fitted, X, y) == scorer(fitted, X, y["cyber"]) == expected
    assert scorer(fitted, X, y["cyber"].to_numpy()) == scorer(fitted, X, y.to_numpy()) == expected
    alone = network().fit(X, y["cyber"])
    scorer = make_head_scorer("accuracy", head="cyber")
    assert scorer(alone, X, y["cyber"]) == alone.score(X, y["cyber"])
    assert scorer(HeadClassifier(network()).fit(X, y["cyber"]), X, y["cyber"]) > 0


def test_columns_in_another_order(ward):
    X, y = ward
    clf = network().fit(X, y)
    for head in ("cyber", 1):
        scorer = make_head_scorer("accuracy", head=head)
        assert scorer(clf, X, y[["cyber", "health"]]) == scorer(clf, X, y)


def test_metrics_and_scorers(fitted, ward):
    X, y = ward
    predicted = fitted.predict(X)[:, 1]
    expected = f1_score(y["cyber"], predicted, pos_label="attack")
    metric = make_head_scorer(f1_score, head="cyber", pos_label="attack")
    assert metric(fitted, X, y) == expected
    made = make_head_scorer(make_scorer(f1_score, pos_label="attack"), head="cyber")
    assert made(fitted, X, y) == expected
    for count in (
        lambda estimator, X, y: len(estimator.classes_),
        lambda estimator, X, y=None: len(estimator.classes_),
        lambda model, rows, labels: len(model.classes_),
    ):
        assert make_head_scorer(count, head="health")(fitted, X, y) == 3
    beta = make_head_scorer(fbeta_score, head="cyber", normal="normal", beta=2)
    assert beta(fitted, X, y) == fbeta_score(y["cyber"], predicted, beta=2, pos_label="attack")
    loss = make_head_scorer(
        log_loss, head="cyber", response_method="predict_proba", greater_is_better=False
    )
    assert loss(fitted, X, y) == make_head_scorer("neg_log_loss", head="cyber")(fitted, X, y) < 0


def test_log_loss_of_a_fold_without_a_class(fitted, ward):
    X, y = ward
    rows = (y["health"] != "sepsis") & (y["cyber"] == "normal")
    for head in ("health", "cyber"):
        for normal in (None, "normal"):
            scorer = make_head_scorer("neg_log_loss", head=head, normal=normal)
            assert scorer(fitted, X[rows], y[rows]) < 0


def test_numeric_labels(ward):
    X, y = ward
    y = pd.DataFrame({"health": (y["health"] != "normal") * 1.0, "cyber": y["cyber"]})
    y.loc[:30, "health"] = np.nan
    clf = network().fit(X, y)
    scorer = make_head_scorer("average_precision", head="health")
    assert scorer(clf, X, y) == make_head_scorer("average_precision", head=0, normal=0)(clf, X, y)


class TestSearch:
    def scoring(self):
        return {
            "health": make_head_scorer("roc_auc", head="health", normal="normal"),
            "cyber": make_head_scorer("roc_auc", head="cyber"),
        }

    @pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_grid_search(self, ward, n_jobs):
        X, y = ward
        search = GridSearchCV(
            forest(),
            {"max_depth": [1, 3]},
            scoring=self.scoring(),
            refit="cyber",
            cv=KFold(2),
            n_jobs=n_jobs,
            error_score="raise",
        ).fit(X, y)
        assert search.best_score_ > 0.8
        assert (search.cv_results_["mean_test_health"] > 0.6).all()
        assert clone(search).get_params()["scoring"].keys() == {"health", "cyber"}

    def test_parameters_of_the_decider(self, ward):
        X, y = ward
        search = GridSearchCV(
            FusionDecider(forest()),
            {"estimator__max_depth": [1, 3]},
            scoring=make_head_scorer("roc_auc", head="cyber"),
            cv=KFold(2),
        ).fit(X, y)
        assert search.best_score_ > 0.8
        assert search.score(X, y) == search.scorer_(search.best_estimator_, X, y)

    def test_weights_are_routed(self, ward):
        X, y = ward
        weights = np.linspace(0, 1, len(X))
        with sklearn.config_context(enable_metadata_routing=True):
            scoring = {
                "weighted": make_head_scorer("accuracy", head=1).set_score_request(
                    sample_weight=True
                ),
                "plain": make_head_scorer("accuracy", head=1).set_score_request(
                    sample_weight=False
                ),
            }
            model = forest().set_fit_request(sample_weight=False)
            params = {"sample_weight": weights}
            result = cross_validate(
                model, X, y, scoring=scoring, cv=KFold(2), params=params, return_estimator=True
            )
            folds = KFold(2).split(X)
            for i, (estimator, (_, test)) in enumerate(
                zip(result["estimator"], folds, strict=True)
            ):
                right = estimator.predict(X.iloc[test])[:, 1] == y["cyber"].iloc[test]
                assert result["test_plain"][i] == pytest.approx(right.mean())
                expected = np.average(right, weights=weights[test])
                assert result["test_weighted"][i] == pytest.approx(expected)
            with pytest.raises(ValueError, match="sample_weight"):
                cross_validate(model, X, y, scoring=make_head_scorer("accuracy"), params=params)

    def test_permutation_importance(self, fitted, ward):
        X, y = ward
        result = permutation_importance(
            fitted, X, y, scoring=self.scoring(), sample_weight=np.ones(len(X)), n_repeats=2
        )
        assert result["health"].importances_mean.argmax() == 0
        assert result["cyber"].importances_mean.argmax() == 1


def test_pickle_and_repr(fitted, ward):
    X, y = ward
    scorer = make_head_scorer("roc_auc", head="health", normal="normal")
    assert repr(scorer) == "make_head_scorer('roc_auc', head='health', normal='normal')"
    assert pickle.loads(pickle.dumps(scorer))(fitted, X, y) == scorer(fitted, X, y)


def test_requests_need_routing():
    with pytest.raises(RuntimeError, match="enable_metadata_routing"):
        make_head_scorer("accuracy").set_score_request(sample_weight=True)


class TestErrors:
    def test_scoring(self):
        with pytest.raises(ValueError, match="nonsense"):
            make_head_scorer("nonsense")
        with pytest.raises(ValueError, match=r"got \['beta'\] for the scorer"):
            make_head_scorer(get_scorer("f1"), beta=2)
        for wrong in (3, lambda: 0):
            with pytest.raises(HeadError, match="expected the name of a scorer"):
                make_head_scorer(wrong)

    def test_unknown_head(self, fitted, ward):
        with pytest.raises(HeadError, match="no head 'network'"):
            make_head_scorer("accuracy", head="network")(fitted, *ward)
        with pytest.raises(HeadError, match="position from 0 to 1"):
            make_head_scorer("accuracy", head=2)(fitted, *ward)

    def test_unknown_normal(self, fitted, ward):
        with pytest.raises(NormalClassError, match="'quiet'"):
            make_head_scorer("accuracy", head="cyber", normal="quiet")(fitted, *ward)

    def test_text_labels_without_normal(self, fitted, ward):
        with pytest.raises(ValueError, match="pos_label") as info:
            make_head_scorer("average_precision", head="cyber")(fitted, *ward)
        assert "normal=..." in info.value.__notes__[0]
