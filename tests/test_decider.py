from inspect import getdoc

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn.exceptions import HeadError, NormalClassError


class Echo(ClassifierMixin, BaseEstimator):
    """Its columns are the probabilities of the abnormal class of each head."""

    def fit(self, X, y):
        y = np.asarray(y)
        y = y[:, None] if y.ndim == 1 else y
        classes = [np.unique(column) for column in y.T]
        self.classes_ = classes if len(classes) > 1 else classes[0]
        return self

    def predict_proba(self, X):
        heads = [np.column_stack([1 - p, p]) for p in np.asarray(X, dtype=float).T]
        return heads if len(heads) > 1 else heads[0]


X = np.array([[0.1, 0.2], [0.9, 0.1], [0.2, 0.8], [0.9, 0.7], [0.8, 0.75], [0.45, 0.1]])
Y = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [1, 1], [0, 0]])


def fitted(X=X, y=Y, **changed):
    return FusionDecider(Echo(), **changed).fit(X, y)


def test_the_anomaly_rule_on_the_heads_probabilities():
    decider = fitted()
    np.testing.assert_allclose(decider.decision_function(X), X)
    expected = ["normal", "medical", "cyber", "medical", "both", "normal"]
    assert decider.predict(X).tolist() == expected
    assert decider.classes_.tolist() == ["both", "cyber", "medical", "normal", "uncertain"]
    assert set(decider.predict(X)) <= set(decider.classes_)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"thresholds": 0.1}, ["cyber", "medical", "cyber", "medical", "both", "medical"]),
        ({"thresholds": (0.95, 0.8)}, ["normal", "normal", "cyber", "normal", "normal", "normal"]),
        ({"thresholds": [0.5, 1]}, ["normal", "medical", "normal", "medical", "medical", "normal"]),
        ({"abstention": 0.1}, ["normal", "medical", "cyber", "medical", "both", "uncertain"]),
        ({"delta": 0.0}, ["normal", "medical", "cyber", "medical", "medical", "normal"]),
        ({"delta": 0.3}, ["normal", "medical", "cyber", "both", "both", "normal"]),
        # Largest probabilities: (.9 .8) (.9 .9) (.8 .8) (.9 .7) (.8 .75) (.55 .9)
        (
            {"rule": "confidence", "delta": 0.09},
            ["medical", "uncertain", "uncertain", "medical", "uncertain", "cyber"],
        ),
    ],
    ids=repr,
)
def test_parameters_reach_the_rule(changed, expected):
    assert fitted(**changed).predict(X).tolist() == expected


def test_parameters_may_change_without_fitting_again():
    decider = fitted()
    decider.set_params(delta=0.3)
    assert decider.predict(X)[3] == "both"


def test_the_confidence_rule_compares_the_largest_probabilities():
    scores = fitted(rule="confidence").decision_function(X)
    np.testing.assert_allclose(scores, np.maximum(X, 1 - X))


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (["health", "cyber"], ("health", "cyber")),
        (["cyber", "health"], ("health", "cyber")),
        (["a", "b"], ("a", "b")),
    ],
)
def test_heads_are_told_apart_by_name(columns, heads):
    decider = fitted(y=pd.DataFrame(Y, columns=columns))
    assert decider.heads_ == heads
    order = [1, 0] if columns[0] == "cyber" else [0, 1]
    np.testing.assert_allclose(decider.decision_function(X), X[:, order])


@pytest.mark.parametrize(
    ("name", "heads", "decisions"),
    [
        ("cyber", (None, "cyber"), ["normal", "cyber"]),
        ("health", ("health", None), ["normal", "medical"]),
        ("head", ("head", None), ["normal", "medical"]),
    ],
)
def test_one_head(name, heads, decisions):
    y = pd.Series([0, 1], name=name)
    one = np.array([[0.1], [0.9]])
    decider = fitted(one, y)
    assert decider.heads_ == heads
    assert decider.predict(one).tolist() == decisions
    assert decider.true_state(y).tolist() == decisions
    assert decider.score(one, y) == 1
    assert isinstance(decider.predict_proba(one), np.ndarray)
    assert list(decider.explain_decisions(one)["decision"]) == decisions


@pytest.mark.parametrize(
    ("normal", "classes", "expected"),
    [
        (None, ["hypoxia", "normal"], ("normal", "normal")),
        (None, [0, 1], (0, 0)),
        (None, [False, True], (False, False)),
        (None, [0.0, 1.0], (0.0, 0.0)),
        ("ok", ["bad", "ok"], ("ok", "ok")),
        (2, [1, 2], (2, 2)),
        (("ok", "bad"), ["bad", "ok"], ("ok", "bad")),
        ([1, 2], [1, 2], (1, 2)),
    ],
)
def test_the_normal_class(normal, classes, expected):
    y = np.array([[classes[0]] * 2, [classes[1]] * 2])
    assert fitted(X[:2], y, normal=normal).normal_ == expected


@pytest.mark.parametrize(
    ("changed", "labels", "error", "message"),
    [
        ({}, [1, 2], NormalClassError, r"classes \[1, 2\], expected a class named \"normal\" or"),
        ({}, ["ok", "sick"], NormalClassError, r"\['ok', 'sick'\].*by normal=CLASS"),
        ({"normal": "fine"}, ["ok", "sick"], NormalClassError, "expected 'fine' among them"),
        ({"normal": (0, 3)}, [0, 1], NormalClassError, "'head_1' has the classes.*expected 3"),
        ({"normal": (0, 0, 0)}, [0, 1], NormalClassError, "expected one label or a pair"),
        ({"thresholds": (0.5, 0.0)}, [0, 1], HeadError, r"expected a share in \(0, 1\]"),
        ({"thresholds": (0.5, np.nan)}, [0, 1], HeadError, r"expected a share in \(0, 1\]"),
        ({"thresholds": ("a", "b")}, [0, 1], HeadError, r"expected a share in \(0, 1\]"),
        ({"distrust": ("a", 0.9)}, [0, 1], HeadError, "expected None or a pair of shares"),
        ({"thresholds": (0.5,) * 3}, [0, 1], HeadError, "or a pair of them"),
        ({"distrust": (0.2, 0.4)}, [0, 1], HeadError, "at least the health threshold, 0.5"),
        ({"distrust": (0.2,)}, [0, 1], HeadError, "expected None or a pair of shares"),
        ({"distrust": (0.0, 0.9)}, [0, 1], HeadError, "expected None or a pair of shares"),
        ({"distrust": (np.nan, 0.9)}, [0, 1], HeadError, "expected None or a pair of shares"),
        ({"thresholds": 0.0}, [0, 1], ValueError, "'thresholds' parameter of FusionDecider"),
        ({"delta": -0.1}, [0, 1], ValueError, "'delta' parameter of FusionDecider"),
        ({"abstention": 2.0}, [0, 1], ValueError, "'abstention' parameter of FusionDecider"),
        ({"rule": "loudest"}, [0, 1], ValueError, "'rule' parameter of FusionDecider"),
    ],
)
def test_errors_of_fit(changed, labels, error, message):
    y = np.array([[labels[0]] * 2, [labels[1]] * 2])
    with pytest.raises(error, match=message):
        fitted(X[:2], y, **changed)


def test_more_than_two_heads_are_refused():
    with pytest.raises(HeadError, match=r"y has 3 heads \['head_0', 'head_1', 'head_2'\]"):
        fitted(y=np.column_stack([Y, Y[:, 0]]))


def test_an_estimator_without_probabilities_is_refused():
    with pytest.raises(ValueError, match="'estimator' parameter of FusionDecider"):
        FusionDecider(MinMaxScaler()).fit(X, Y)


def test_an_unfitted_decider_says_so():
    for method in ("predict", "predict_proba", "decision_function", "explain_decisions"):
        with pytest.raises(NotFittedError):
            getattr(FusionDecider(Echo()), method)(X)
    with pytest.raises(NotFittedError):
        FusionDecider(Echo()).true_state(Y)


@pytest.mark.parametrize(
    ("rows", "weight", "message"),
    [
        (1, None, "inconsistent numbers of samples: .1, 6."),
        (6, np.ones(3), "inconsistent numbers of samples"),
        (6, -np.ones(6), "Negative values"),
        (6, np.full(6, np.nan), "NaN"),
        (6, np.zeros(6), "Every sample_weight is zero"),
    ],
)
def test_a_score_checks_lengths_and_weights(rows, weight, message):
    with pytest.raises(ValueError, match=message):
        fitted().score(X[:rows], Y, weight)


def test_a_score_of_rows_without_weight():
    y = Y.astype(object)
    y[:2, 0] = None
    with pytest.raises(HeadError, match="a weight above zero, expected at least one"):
        fitted().score(X, y, sample_weight=[1, 1, 0, 0, 0, 0])


def test_true_states_and_score():
    decider = fitted()
    y = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [1, pd.NA], [None, np.nan]], dtype=object)
    states = decider.true_state(y)
    assert states.tolist() == ["normal", "medical", "cyber", "both", None, None]
    assert decider.score(X, y) == 3 / 4
    assert decider.score(X, y, sample_weight=[1, 1, 1, 3, 9, 9]) == 3 / 6
    assert fitted(abstention=0.4).score(X[:1], y[:1]) == 0  # uncertain is wrong
    with pytest.raises(HeadError, match="No row of y has a label of every head"):
        decider.score(X[4:], y[4:])
    with pytest.raises(HeadError, match=r"y has 1 column\(s\) .* one for each of the heads"):
        decider.true_state(y[:, 0])


def test_explanations():
    frame = pd.DataFrame(X, columns=["a", "b"], index=list("uvwxyz"))
    decider = fitted(y=pd.DataFrame(Y, columns=["health", "cyber"]), abstention=0.1)
    table = decider.explain_decisions(frame)
    assert list(table.columns) == [
        "health_class",
        "health_probability_0",
        "health_probability_1",
        "cyber_class",
        "cyber_probability_0",
        "cyber_probability_1",
        "health_score",
        "cyber_score",
        "decision",
        "reason",
    ]
    assert list(table.index) == list("uvwxyz")
    assert table["decision"].tolist() == decider.predict(frame).tolist()
    assert table["health_class"].tolist() == [0, 1, 0, 1, 1, 0]
    np.testing.assert_allclose(table[["health_score", "cyber_score"]], X)
    assert table.loc["u", "reason"] == "health anomaly 0.10 below 0.5; cyber anomaly 0.20 below 0.5"
    assert table.loc["y", "reason"] == (
        "health anomaly 0.80 at or above 0.5; cyber anomaly 0.75 at or above 0.5; "
        "difference 0.05 against delta 0.1"
    )
    assert "health anomaly 0.45 within 0.1 below 0.5" in table.loc["z", "reason"]


def test_a_score_at_the_threshold_raises_an_alert_and_says_so():
    table = fitted().explain_decisions([[0.5, 0.5]])
    assert table["decision"][0] == "both"
    assert table["reason"][0] == (
        "health anomaly 0.50 at or above 0.5; cyber anomaly 0.50 at or above 0.5; "
        "difference 0.00 against delta 0.1"
    )
    wary = fitted(distrust=(0.5, 0.75)).explain_decisions([[0.5, 0.5], [0.75, 0.5]])
    assert wary["decision"].tolist() == ["cyber", "medical"]
    told = "vitals not trusted at a cyber anomaly of 0.5 or more: a medical alert takes 0.75"
    assert wary["reason"].str.contains(told).all()
    assert wary["reason"].str.contains("difference").tolist() == [False, True]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (
            [0.0069, 0.5038],
            "health anomaly 0.007 within 0.003 below 0.00714; cyber anomaly 0.5038 ",
        ),
        ([0.0041, 0.5039], "health anomaly 0.00 below 0.00714; cyber anomaly 0.504 at or above "),
        ([0.00715, 0.1], "health anomaly 0.01 at or above 0.00714; cyber anomaly 0.10 below "),
    ],
)
def test_a_score_is_not_rounded_across_a_limit(scores, reason):
    decider = fitted(thresholds=(0.00714, 0.50389), abstention=0.003)
    assert decider.explain_decisions([scores])["reason"][0].startswith(reason)


def test_a_decision_says_that_the_vitals_are_not_trusted():
    table = fitted(distrust=(0.7, 0.85)).explain_decisions(X)
    told = table["reason"].str.contains("vitals not trusted at a cyber anomaly of 0.7 or more")
    assert told.tolist() == [health >= 0.5 and cyber >= 0.7 for health, cyber in X]
    assert table.loc[4, "reason"] == (
        "health anomaly 0.80 at or above 0.5; cyber anomaly 0.75 at or above 0.5; "
        "vitals not trusted at a cyber anomaly of 0.7 or more: a medical alert takes 0.85"
    )
    assert table.loc[4, "decision"] == "cyber"
    papers = fitted(rule="confidence").explain_decisions(X.tolist())
    assert papers["reason"][0] == (
        "confidence of the health head 0.90, of the cyber head 0.80, delta 0.1"
    )


def test_clones_and_nested_parameters():
    decider = FusionDecider(make_pipeline(MinMaxScaler(), LogisticRegression()), delta=0.2)
    copy = clone(decider).set_params(estimator__logisticregression__C=3.0)
    assert copy.get_params()["estimator__logisticregression__C"] == 3.0
    assert copy.delta == 0.2
    assert decider.get_params()["estimator__logisticregression__C"] == 1.0


def test_the_estimator_given_is_not_fitted():
    inner = Echo()
    FusionDecider(inner).fit(X, Y)
    assert not hasattr(inner, "classes_")


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(n_estimators=3, random_state=0),
        MultiOutputClassifier(LogisticRegression()),
        make_pipeline(
            MinMaxScaler(),
            DualPathCNNClassifier(
                conv_channels=(4,), dense_units=4, max_epochs=2, lr=0.01, random_state=0
            ),
        ),
    ],
    ids=["forest", "one model per head", "network in a pipeline"],
)
def test_estimators_of_two_heads_in_a_search(estimator):
    features = pd.DataFrame(np.random.default_rng(0).random((60, 6)), columns=list("abcdef"))
    y = pd.DataFrame(
        {
            "health": np.where(features["a"] > 0.6, "hypoxia", "normal"),
            "cyber": np.where(features["d"] > 0.6, "dos", "normal"),
        }
    )
    grid = {"delta": [0.0, 0.2], "thresholds": [0.4, (0.5, 0.6)]}
    search = GridSearchCV(FusionDecider(estimator), grid, cv=2).fit(features, y)
    assert 0 <= search.best_score_ <= 1
    decider = search.best_estimator_
    assert decider.n_features_in_ == 6
    assert decider.heads_ == ("health", "cyber")
    assert set(search.predict(features)) <= set(decider.classes_)
    assert [proba.shape for proba in decider.predict_proba(features)] == [(60, 2)] * 2


def test_fit_parameters_reach_the_estimator():
    features = np.random.default_rng(0).random((40, 6))
    y = np.column_stack([features[:, 0] > 0.5, features[:, 3] > 0.5]).astype(int)
    network = DualPathCNNClassifier(
        conv_channels=(4,), dense_units=4, max_epochs=1, early_stopping=True, random_state=0
    )
    decider = FusionDecider(network).fit(features, y, groups=np.arange(40) // 4)
    assert "valid_loss" in decider.estimator_.history_
    with pytest.raises(HeadError, match="leaves none"):
        FusionDecider(network).fit(features, y, groups=np.zeros(40))


def test_metadata_reaches_the_step_that_asked_for_it():
    seen = {}

    class Recorder(DualPathCNNClassifier):
        def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
            seen.update(weights=sample_weight, groups=groups)
            return super().fit(X, y, sample_weight, groups=groups, X_val=X_val, y_val=y_val)

    X = np.random.default_rng(0).random((60, 5))
    y = (X[:, :2] > 0.5).astype(int)
    weights, groups = np.full(60, 2.0), np.arange(60) // 6
    with config_context(enable_metadata_routing=True):
        network = Recorder(max_epochs=1, random_state=0).set_fit_request(
            sample_weight=True, groups=True
        )
        decider = FusionDecider(make_pipeline(MinMaxScaler(), network))
        search = GridSearchCV(
            decider.set_score_request(sample_weight=False), {"delta": [0.1]}, cv=2
        )
        search.fit(X, y, sample_weight=weights, groups=groups)
    assert seen["weights"].shape == (60,)
    assert seen["groups"].tolist() == groups.tolist()


def test_label_columns_are_told_apart_by_name():
    X = np.random.default_rng(0).random((200, 4))
    y = pd.DataFrame({"health": X[:, 0] > 0.8, "cyber": X[:, 1] > 0.5}).astype(int)
    forest = RandomForestClassifier(n_estimators=20, random_state=0)
    decider = FusionDecider(forest).fit(X, y)
    assert decider.true_state(y[["cyber", "health"]]).tolist() == decider.true_state(y).tolist()
    assert decider.score(X, y[["cyber", "health"]]) == decider.score(X, y)


def test_no_decision_is_made_on_a_score_that_is_not_a_number():
    class Broken(RandomForestClassifier):
        def predict_proba(self, X):
            return [np.full_like(one, np.nan) for one in super().predict_proba(X)]

    X = np.random.default_rng(0).random((50, 4))
    decider = FusionDecider(Broken(n_estimators=2, random_state=0))
    decider.fit(X, (X[:, :2] > 0.5).astype(int))
    with pytest.raises(HeadError, match=r"50 row\(s\) a score that is not a number"):
        decider.predict(X)


@pytest.mark.parametrize(
    ("y", "changed", "message"),
    [
        (np.where(Y == 0, 5, 6), {}, "among them to mean normal"),
        (Y, {"calibration": "temperature", "cv": 7}, "n_splits=7"),
    ],
    ids=["no normal class", "more folds than rows"],
)
def test_a_failed_fit_changes_nothing(y, changed, message):
    new = FusionDecider(Echo(), **changed)
    with pytest.raises(ValueError, match=message):
        new.fit(X, y)
    with pytest.raises(NotFittedError):
        new.predict(X)
    old = fitted()
    before = vars(old.set_params(**changed)).copy()
    with pytest.raises(ValueError, match=message):
        old.fit(X, y)
    assert vars(old).keys() == before.keys()
    assert all(vars(old)[name] is value for name, value in before.items())


def test_every_fitted_attribute_is_documented():
    frame = pd.DataFrame(np.tile(X, (5, 1)), columns=["pulse", "packets"])
    decider = FusionDecider(RandomForestClassifier(3)).fit(frame, np.tile(Y, (5, 1)))
    learnt = {name for name in vars(decider) if name.endswith("_")}
    assert {name for name in learnt if f"\n{name} : " not in getdoc(FusionDecider)} == set()
