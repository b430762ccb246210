"""A decider calibrates its heads on rows that clones of its estimator did not see."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB

from skdualcnn import FusionDecider
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._cross_fitting import HeldOut
from skdualcnn.exceptions import HeadError
from skdualcnn.metrics import expected_calibration_error


@pytest.fixture(scope="module")
def rows():
    """Return rows of ten groups."""
    rng = np.random.default_rng(0)
    X = rng.random((1200, 3))
    noise = rng.normal(scale=0.3, size=(1200, 2))
    y = pd.DataFrame(X[:, :2] + noise > 0.6, columns=["health", "cyber"]).astype(int)
    return X, y, np.repeat(np.arange(10), 120)


def forest():
    return RandomForestClassifier(20, random_state=0)


@pytest.mark.parametrize("method", CALIBRATORS)
def test_it_comes_true_more_often(rows, method):
    X, y, groups = rows
    train, test = groups < 6, groups >= 6
    X = np.tile(X, 6)  # the same evidence six times makes a naive model too sure
    naive = MultiOutputClassifier(GaussianNB())
    plain = FusionDecider(naive).fit(X[train], y[train])
    calibrated = FusionDecider(naive, calibration=method)
    calibrated.fit(X[train], y[train], groups=groups[train])
    for head, name in enumerate(["health", "cyber"]):
        before, after = (
            expected_calibration_error(y[name][test], one.predict_proba(X[test])[head][:, 1])
            for one in (plain, calibrated)
        )
        assert after < 0.6 * before
    assert plain.calibrators_ is None


def test_clones_never_see_the_rows_that_calibrate(rows):
    X, y, groups = rows
    seen = []

    class Recorder(RandomForestClassifier):
        def fit(self, X, y):
            seen.append(set(np.asarray(X)[:, 0]))
            return super().fit(X, y)

        def predict_proba(self, X):
            seen.append(set(np.asarray(X)[:, 0]))
            return super().predict_proba(X)

    decider = FusionDecider(Recorder(3, random_state=0), calibration="sigmoid", cv=4)
    decider.fit(X, y, groups=groups)
    everything, *pairs = seen
    assert len(everything) == 1200
    group_of = dict(zip(X[:, 0], groups, strict=True))
    held = []
    for fitted, asked in zip(pairs[::2], pairs[1::2], strict=True):
        assert not {group_of[one] for one in fitted} & {group_of[one] for one in asked}
        held += asked
    assert len(pairs) == 8
    assert sorted(held) == sorted(everything)


def test_no_calibrator_sees_the_rows_that_it_changes(rows):
    X, y, _ = rows
    said, code, fold = X[:, 0], y["health"].to_numpy(), np.arange(1200) % 3
    probability, ones = np.column_stack([1 - said, said]), np.ones(1200)
    held = HeldOut([probability], fold, code[:, None], ones[:, None])
    (changed,) = held.calibrated("sigmoid")
    for here in (fold == number for number in range(3)):
        other = CALIBRATORS["sigmoid"]().fit(probability[~here], code[~here], ones[~here])
        np.testing.assert_array_equal(changed[here], other.apply(probability[here]))


def test_missing_labels_do_not_count(rows):
    X, y, _ = rows
    decider = FusionDecider(Partial(), calibration="temperature", cv=KFold(3))
    some = y.astype(object)
    some.loc[::2, "cyber"] = None
    decider.fit(X, some)
    fewer = FusionDecider(Partial(), calibration="temperature", cv=KFold(3)).fit(X, y)
    assert decider.calibrators_[0].temperature_ == fewer.calibrators_[0].temperature_
    assert decider.calibrators_[1].temperature_ != fewer.calibrators_[1].temperature_


class Partial(RandomForestClassifier):
    """A forest of the complete rows whose answer is that of two heads."""

    def __init__(self):
        super().__init__(5, random_state=0)

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y):
        self.truth_ = X
        self.classes_ = [np.array([0, 1])] * 2
        return self

    def predict_proba(self, X):
        share = np.clip(X[:, :2] * 1.6 - 0.3, 0.02, 0.98)
        return [np.column_stack([1 - one, one]) for one in share.T]


@pytest.mark.parametrize(
    ("cv", "error", "message"),
    [
        (ShuffleSplit(3, test_size=0.5, random_state=0), ValueError, "more than once"),
        ([(np.arange(600), np.arange(600, 1200))], HeadError, "expected some to calibrate it"),
    ],
)
def test_folds_that_do_not_serve_are_refused(rows, cv, error, message):
    X, y, _ = rows
    some = y.astype(object)
    some.loc[600:, "cyber"] = None
    with pytest.raises(error, match=message):
        FusionDecider(Partial(), calibration="temperature", cv=cv).fit(X, some)


def test_an_unknown_calibration_is_refused(rows):
    X, y, _ = rows
    with pytest.raises(ValueError, match="'calibration' parameter of FusionDecider"):
        FusionDecider(forest(), calibration="wishful").fit(X, y)


def test_groups_are_routed(rows):
    X, y, groups = rows
    with config_context(enable_metadata_routing=True):
        decider = FusionDecider(forest(), calibration="sigmoid", cv=GroupKFold(3))
        routed = clone(decider).set_fit_request(groups=True).fit(X, y, groups=groups)
    direct = decider.fit(X, y, groups=groups)
    np.testing.assert_array_equal(routed.decision_function(X), direct.decision_function(X))


@pytest.mark.parametrize("method", CALIBRATORS)
def test_one_head_alone(rows, method):
    X, y, _ = rows
    decider = FusionDecider(forest(), calibration=method).fit(X, y["cyber"])
    assert decider.predict_proba(X).shape == (1200, 2)
    assert len(decider.calibrators_) == 1
