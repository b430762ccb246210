"""One head as an ordinary classifier."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    accuracy_score,
    get_scorer,
)
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._head import HeadClassifier
from skdualcnn.exceptions import HeadError
from skdualcnn.metrics import make_head_scorer

SMALL = {
    "conv_channels": (8,),
    "pool_size": 1,
    "dense_units": 16,
    "conv_dropout": 0.0,
    "dense_dropout": 0.0,
    "lr": 0.02,
    "max_epochs": 15,
    "random_state": 0,
}


def network() -> DualPathCNNClassifier:
    return DualPathCNNClassifier(**SMALL)


@parametrize_with_checks([HeadClassifier(LogisticRegression()), HeadClassifier(network())])
def test_common_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def ward():
    """Return X and a y of two heads: three classes and two."""
    X = pd.DataFrame(np.random.default_rng(0).random((240, 4)), columns=list("abcd"))
    health = np.select([X["a"] > 0.75, X["a"] < 0.25], ["hypoxia", "sepsis"], "normal")
    cyber = np.where(X["b"] > 0.6, "attack", "normal")
    return X, pd.DataFrame({"health": health, "cyber": cyber})


@pytest.fixture(scope="module")
def fitted(ward):
    return make_pipeline(MinMaxScaler(), network()).fit(*ward)


@pytest.fixture
def view(fitted):
    return HeadClassifier(FrozenEstimator(fitted), head="cyber")


MANY = {
    "network": network(),
    "pipeline": make_pipeline(MinMaxScaler(), network()),
    "forest": RandomForestClassifier(n_estimators=10, random_state=0),
    "one model a head": MultiOutputClassifier(LogisticRegression()),
    "search": GridSearchCV(
        KNeighborsClassifier(), {"n_neighbors": [3]}, cv=2, scoring=lambda *_: 0.0
    ),
    "decider": FusionDecider(RandomForestClassifier(n_estimators=10, random_state=0)),
}


@pytest.mark.parametrize("estimator", MANY.values(), ids=MANY.keys())
@pytest.mark.parametrize(("head", "position"), [("cyber", 1), ("health", 0), (1, 1)])
def test_every_multi_head_estimator(estimator, head, position, ward):
    X, y = ward
    view = HeadClassifier(estimator, head=head).fit(X, y)
    expected = view.estimator_.predict_proba(X)[position]
    np.testing.assert_array_equal(view.predict_proba(X), expected)
    np.testing.assert_array_equal(view.classes_, np.unique(y.iloc[:, position]))
    np.testing.assert_array_equal(view.predict(X), view.classes_[expected.argmax(axis=1)])
    assert view.position_ == position
    assert view.score(X, y) == view.score(X, y.iloc[:, position]) > 0.8
    assert is_classifier(view)
    assert view.n_features_in_ == 4
    assert list(view.feature_names_in_) == list("abcd")


def test_predict_is_the_estimators_own():
    X, first = make_classification(200, flip_y=0.3, random_state=0)
    y = np.column_stack([first, 1 - first])
    tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring="recall", cv=2)
    view = HeadClassifier(MultiOutputClassifier(tuned), head=1).fit(X, y)
    np.testing.assert_array_equal(view.predict(X), view.estimator_.predict(X)[:, 1])
    most_probable = view.classes_[view.predict_proba(X).argmax(axis=1)]
    assert (view.predict(X) != most_probable).any()


def test_heads_of_different_types(ward):
    X, y = ward
    mixed = y.assign(cyber=(y["cyber"] == "attack").astype(float))
    view = HeadClassifier(network(), head="cyber").fit(X, mixed)
    assert view.classes_.dtype == view.predict(X).dtype == np.float64
    assert get_scorer("average_precision")(view, X, mixed["cyber"]) > 0.9


def test_one_column_trains_one_head(ward):
    X, y = ward
    view = HeadClassifier(network(), head="cyber").fit(X, y["cyber"])
    alone = network().fit(X, y["cyber"])
    np.testing.assert_array_equal(view.predict_proba(X), alone.predict_proba(X))
    assert view.estimator_.n_heads_ == 1
    frame = HeadClassifier(network(), head="cyber").fit(X, y[["cyber"]])
    np.testing.assert_array_equal(frame.predict_proba(X), alone.predict_proba(X))
    with pytest.warns(DataConversionWarning, match="column-vector"):
        HeadClassifier(LogisticRegression()).fit(X, y[["cyber"]].to_numpy())
    assert view.score(X, y["cyber"].rename("anything")) == alone.score(X, y["cyber"])


def test_labels_missing_in_both_heads(ward):
    X, y = ward
    y = y.astype(object)
    y.loc[:100, "health"] = None
    y.loc[150:, "cyber"] = np.nan
    view = HeadClassifier(network(), head="cyber").fit(X, y)
    inner = network().fit(X, y)
    np.testing.assert_array_equal(view.predict_proba(X), inner.predict_proba(X)[1])
    known = y["cyber"].notna()
    expected = accuracy_score(y["cyber"][known], view.predict(X)[known])
    assert view.score(X, y) == expected
    weights = np.arange(240.0)
    expected = accuracy_score(
        y["cyber"][known], view.predict(X)[known], sample_weight=weights[known]
    )
    assert view.score(X, y, sample_weight=weights) == pytest.approx(expected)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        view.score(X[:1], y)
    y["cyber"] = None
    with pytest.raises(HeadError, match="no label of head 'cyber' in any of its 240"):
        view.score(X, y)


def test_three_heads_and_polars(ward):
    X, y = ward
    y = y.assign(device=np.where(X["c"] > 0.5, 2, 1))
    expected = HeadClassifier(network(), head="device").fit(X, y)
    assert expected.score(X, y) > 0.8
    polars_X, polars_y = pl.DataFrame(X.to_dict("list")), pl.DataFrame(y.to_dict("list"))
    polars = HeadClassifier(network(), head="device").fit(polars_X, polars_y)
    np.testing.assert_array_equal(polars.predict(polars_X), expected.predict(X))
    assert polars.score(polars_X, polars_y) == expected.score(X, y)


class TestFrozen:
    def test_needs_no_fit_and_changes_nothing(self, fitted, view, ward):
        X, y = ward
        check_is_fitted(view)
        probabilities = fitted.predict_proba(X)[1]
        np.testing.assert_array_equal(view.predict_proba(X), probabilities)
        assert view.n_features_in_ == 4
        assert view.fit(X[:9], y["cyber"][:9]).estimator_.estimator is fitted
        np.testing.assert_array_equal(view.predict_proba(X), probabilities)
        np.testing.assert_array_equal(clone(view).predict_proba(X), probabilities)
        assert view.fit(X, y).position_ == 1
        assert view.fit(X, y[["cyber", "health"]]).position_ == 1

    def test_labels_are_compared(self, view, ward):
        X, y = ward
        with pytest.raises(HeadError, match=r"'hypoxia'.*expected those of the frozen head"):
            view.fit(X, y["health"].to_numpy())
        with pytest.raises(HeadError, match="expected the labels of head 'cyber' alone"):
            view.fit(X, y["health"])
        unknown = y["cyber"].replace("attack", "flood").to_numpy()
        with pytest.raises(HeadError, match="flood"):
            view.fit(X, unknown)

    def test_decider(self, ward):
        X, y = ward
        decider = FusionDecider(network()).fit(X, y)
        view = HeadClassifier(FrozenEstimator(decider), head="health")
        np.testing.assert_array_equal(view.classes_, ["hypoxia", "normal", "sepsis"])
        assert view.score(X, y) > 0.8

    def test_unknown_head(self, fitted, ward):
        for head in ("network", 2):
            view = HeadClassifier(FrozenEstimator(fitted), head=head)
            with pytest.raises(HeadError, match=r"There is no head .*\['health', 'cyber'\]"):
                view.predict(ward[0])

    def test_one_head_only(self, ward):
        X, y = ward
        clf = network().fit(X, y["health"])
        with pytest.raises(HeadError, match="no head 'cyber'"):
            HeadClassifier(FrozenEstimator(clf), head="cyber").predict(X)
        forest = RandomForestClassifier(5).fit(X, y["cyber"])
        assert HeadClassifier(FrozenEstimator(forest), head="cyber").score(X, y["cyber"]) > 0.9

    def test_fitted_but_not_frozen(self, fitted, ward):
        with pytest.raises(NotFittedError, match="FrozenEstimator"):
            HeadClassifier(fitted, head="cyber").predict(ward[0])

    def test_frozen_and_not_fitted(self, ward):
        view = HeadClassifier(FrozenEstimator(network()))
        assert not hasattr(view, "classes_")
        with pytest.raises(NotFittedError):
            view.predict(ward[0])

    def test_view_of_a_view(self, view, ward):
        X, y = ward
        outer = HeadClassifier(FrozenEstimator(view))
        np.testing.assert_array_equal(outer.predict_proba(X), view.predict_proba(X))
        assert outer.score(X, y["cyber"]) == view.score(X, y)


class TestErrors:
    def test_head_is_looked_up_before_training(self, ward):
        X, y = ward
        view = HeadClassifier(network().set_params(lr=-1), head="network")
        with pytest.raises(HeadError, match=r"no head 'network'.*position from 0 to 1"):
            view.fit(X, y)
        with pytest.raises(HeadError, match="2 head"):
            HeadClassifier(network(), head="cyber").fit(X, y.to_numpy())
        with pytest.raises(ValueError, match="'head' parameter"):
            HeadClassifier(network(), head=-1).fit(X, y)

    def test_estimators_that_have_no_list(self, ward):
        X, y = ward
        y = (y == "normal").astype(int)
        chain = HeadClassifier(ClassifierChain(LogisticRegression()), head="cyber").fit(X, y)
        with pytest.raises(HeadError, match="list of 2 arrays"):
            chain.predict_proba(X)
        with pytest.raises(ValueError, match="predict_proba"):
            HeadClassifier(SVC()).fit(X, y["cyber"])
        with pytest.raises(ValueError, match="y should be a 1d array"):
            HeadClassifier(LogisticRegression()).fit(X, y)

    def test_wrong_columns_in_score(self, view, ward):
        X, y = ward
        with pytest.raises(HeadError, match=r"3 column\(s\), expected"):
            view.score(X, np.column_stack([y, y["cyber"]]))


class TestParameters:
    def test_nested(self):
        view = HeadClassifier(make_pipeline(MinMaxScaler(), network()), head="cyber")
        view.set_params(estimator__dualpathcnnclassifier__lr=0.5, head="health")
        assert view.get_params()["estimator__dualpathcnnclassifier__lr"] == 0.5
        assert clone(view).head == "health"

    def test_searched(self, ward):
        X, y = ward
        view = HeadClassifier(RandomForestClassifier(random_state=0), head="cyber")
        search = GridSearchCV(view, {"estimator__max_depth": [1, 4]}, cv=2, scoring="roc_auc")
        assert search.fit(X, y["cyber"]).best_score_ > 0.9

    def test_tags(self, ward):
        tags = get_tags(HeadClassifier(network()))
        assert not tags.target_tags.multi_output
        assert tags.estimator_type == "classifier"

    def test_pickle(self, view, ward):
        X, _ = ward
        copy = pickle.loads(pickle.dumps(view))
        np.testing.assert_array_equal(copy.predict_proba(X), view.predict_proba(X))

    def test_html(self, view):
        assert "HeadClassifier" in view._repr_html_()


class TestMetadata:
    def test_fit_parameters_without_routing(self, ward):
        X, y = ward
        weights = np.linspace(0.1, 2, len(X))
        view = HeadClassifier(network(), head="cyber").fit(X, y, sample_weight=weights)
        inner = network().fit(X, y, sample_weight=weights)
        np.testing.assert_array_equal(view.predict_proba(X), inner.predict_proba(X)[1])
        pipe = make_pipeline(MinMaxScaler(), network())
        named = HeadClassifier(pipe, head="cyber").fit(
            X, y, dualpathcnnclassifier__sample_weight=weights
        )
        plain = clone(pipe).fit(X, y, dualpathcnnclassifier__sample_weight=weights)
        np.testing.assert_array_equal(named.predict_proba(X), plain.predict_proba(X)[1])

    def test_routing(self, ward):
        X, y = ward
        weights, groups = np.linspace(0.1, 2, len(X)), np.arange(len(X)) // 10
        with sklearn.config_context(enable_metadata_routing=True):
            inner = network().set_params(early_stopping=True)
            inner.set_fit_request(sample_weight=True, groups="ward_bed")
            view = HeadClassifier(Pipeline([("net", inner)]), head="cyber")
            view.fit(X, y, sample_weight=weights, ward_bed=groups)
            expected = clone(inner).fit(X, y, sample_weight=weights, groups=groups)
            np.testing.assert_array_equal(view.predict_proba(X), expected.predict_proba(X)[1])
            with pytest.raises(TypeError, match="nonsense"):
                clone(view).fit(X, y, nonsense=1)

    def test_routing_through_cross_validate(self, ward):
        X, y = ward
        weights = np.where(y["cyber"] == "attack", 0.0, 1.0)
        with sklearn.config_context(enable_metadata_routing=True):
            inner = RandomForestClassifier(5, random_state=0).set_fit_request(sample_weight=True)
            view = HeadClassifier(inner).set_score_request(sample_weight=True)
            result = cross_validate(
                view, X, y["cyber"], cv=2, params={"sample_weight": weights}, return_estimator=True
            )
            # Attacks without weight are never learnt, and do not count as wrong.
            assert (result["test_score"] == 1).all()
            assert all(set(one.predict(X)) == {"normal"} for one in result["estimator"])
            assert not hasattr(view, "set_fit_request")  # fit asks for what the estimator asks


class TestScikitLearn:
    """What users put around a classifier."""

    def test_scorers_in_folds_of_all_heads(self, ward):
        X, y = ward
        view = HeadClassifier(RandomForestClassifier(5, random_state=0), head="cyber")
        validate = partial(cross_val_score, view, X, y, cv=KFold(2), error_score="raise")
        with pytest.raises(ValueError, match="mix of"):  # as the docstring says
            validate(scoring="accuracy")
        scores = validate(scoring=make_head_scorer("accuracy", head="cyber"))
        np.testing.assert_array_equal(scores, validate())

    @pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "accuracy", "f1_macro"])
    def test_scorers(self, scoring, fitted, view, ward):
        X, y = ward
        alone = clone(fitted).fit(X, y["cyber"])
        score = get_scorer(scoring)
        assert np.isfinite(score(view, X, y["cyber"]))
        np.testing.assert_allclose(
            score(HeadClassifier(FrozenEstimator(alone)), X, y["cyber"]),
            score(alone, X, y["cyber"]),
        )

    def test_average_precision(self, ward):
        X, y = ward
        attack = (y["cyber"] == "attack").astype(int)
        scores = cross_val_score(
            HeadClassifier(RandomForestClassifier(10, random_state=0)),
            X,
            attack,
            cv=3,
            scoring="average_precision",
        )
        assert (scores > 0.9).all()

    def test_cross_val_predict(self, ward):
        X, y = ward
        forest = RandomForestClassifier(5, random_state=0)
        view = HeadClassifier(forest, head="health")
        probabilities = cross_val_predict(view, X, y["health"], cv=3, method="predict_proba")
        expected = cross_val_predict(forest, X, y["health"], cv=3, method="predict_proba")
        np.testing.assert_array_equal(probabilities, expected)

    @pytest.mark.parametrize("head", ["cyber", "health"])
    @pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
    @pytest.mark.parametrize("ensemble", [True, False])
    def test_calibrated(self, head, method, ensemble, fitted, ward):
        X, y = ward
        view = HeadClassifier(FrozenEstimator(fitted), head=head)
        before = fitted.predict_proba(X)
        calibrated = CalibratedClassifierCV(view, method=method, ensemble=ensemble, cv=2)
        try:
            calibrated.fit(X, y[head])
        except ValueError as error:
            if "'method' parameter" not in str(error):
                raise
            pytest.skip(f"scikit-learn {sklearn.__version__} has no method={method!r}")
        probabilities = calibrated.predict_proba(X)
        assert probabilities.shape == (len(X), len(view.classes_))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(before[0], fitted.predict_proba(X)[0])

    def test_calibrated_with_the_view_frozen(self, view, ward):
        X, y = ward
        calibrated = CalibratedClassifierCV(FrozenEstimator(view)).fit(X, y["cyber"])
        assert len(calibrated.calibrated_classifiers_) == 1
        assert calibrated.score(X, y["cyber"]) > 0.8

    def test_calibrated_while_fitting(self, ward):
        X, y = ward
        view = HeadClassifier(RandomForestClassifier(5, random_state=0), head="cyber")
        weights = np.ones(len(X))
        calibrated = CalibratedClassifierCV(view, cv=2).fit(X, y["cyber"], sample_weight=weights)
        assert calibrated.score(X, y["cyber"]) > 0.8

    @pytest.mark.parametrize("cv", [2, "prefit"])
    def test_tuned_threshold(self, cv, view, ward):
        X, y = ward
        tuned = TunedThresholdClassifierCV(view, cv=cv, refit=cv != "prefit")
        tuned.fit(X, y["cyber"])
        assert 0 < tuned.best_threshold_ < 1
        assert tuned.score(X, y["cyber"]) > 0.8
        assert HeadClassifier(FrozenEstimator(tuned), head="cyber").score(X, y) > 0.8

    def test_permutation_importance(self, view, ward):
        X, y = ward
        importances = permutation_importance(
            view, X, y["cyber"], n_repeats=2, random_state=0
        ).importances_mean
        assert importances.argmax() == 1

    @pytest.mark.parametrize(
        "display",
        [RocCurveDisplay, PrecisionRecallDisplay, CalibrationDisplay, ConfusionMatrixDisplay],
    )
    def test_displays(self, display, view, ward):
        pyplot = pytest.importorskip("matplotlib.pyplot")
        X, y = ward
        if display is ConfusionMatrixDisplay:
            shown = display.from_estimator(view, X, y["cyber"])
            assert shown.confusion_matrix.sum() == len(X)
        else:
            shown = display.from_estimator(view, X, y["cyber"], pos_label="attack")
        pyplot.close(shown.figure_)

    def test_in_a_pipeline(self, ward):
        X, y = ward
        pipe = make_pipeline(MinMaxScaler(), HeadClassifier(network(), head="cyber")).fit(X, y)
        assert pipe.score(X, y) > 0.8


def test_a_failed_fit_changes_nothing():
    X, y = np.random.default_rng(0).random((30, 2)), np.tile([[0, 1], [1, 0]], (15, 1))
    view = HeadClassifier(OneHeadOnly())
    with pytest.raises(HeadError, match="expected one per column"):
        view.fit(X, y)
    with pytest.raises(NotFittedError):
        view.predict(X)


class OneHeadOnly(LogisticRegression):
    """A classifier that takes the first column of y, whatever else there is."""

    def fit(self, X, y):
        return super().fit(X, np.asarray(y)[:, 0])
