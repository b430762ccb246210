"""Contributions add up, and name the columns that a head is known to read."""

import sys
from copy import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._calibrators import TemperatureCalibrator
from skdualcnn.exceptions import HeadError, MissingPackageError
from skdualcnn.explanation import attribute_scores

pytest.importorskip("captum", reason="Captum is not installed")


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_the_column_that_a_head_reads_gets_its_score(known, sharing):
    X, y, _ = known
    network = DualPathCNNClassifier(lr=0.01, max_epochs=20, sharing=sharing, random_state=0)
    decider = FusionDecider(network).fit(X, y)
    normal = X[(y == 0).all(axis=1)]
    for head, column in (("health", "b"), ("cyber", "g")):
        ill = X[y[head] == 1]
        found = attribute_scores(decider, ill, reference=normal)
        shares = found.by_column(head)
        assert (shares.idxmax(axis=1) == column).mean() > 0.98
        assert shares[column].mean() > 5 * shares.drop(columns=column).abs().mean().max()
        assert found.scores.index.equals(ill.index)


@pytest.mark.parametrize("head", ["health", "cyber"])
def test_contributions_add_up_to_the_score(ward, head):
    bunch, normal, decider = ward
    rows = bunch.data.head(200)
    found = attribute_scores(decider, rows, reference=normal, n_steps=128)
    assert found.gap(head).abs().max() < 0.02
    expected = decider.decision_function(rows)[:, ["health", "cyber"].index(head)]
    np.testing.assert_allclose(found.scores[head], expected, atol=1e-6)
    total = found.by_column(head).sum(axis=1)
    np.testing.assert_allclose(found.by_modality(head).sum(axis=1), total)
    np.testing.assert_allclose(found.by_step(head).sum(axis=1), total)


def test_columns_and_modalities_are_those_of_the_data(ward):
    bunch, normal, decider = ward
    found = attribute_scores(decider, bunch.data.head(10), reference=normal, n_steps=8)
    expected = {column for columns in bunch.modalities.values() for column in columns}
    assert set(found.by_column("health")) == expected
    assert list(found.by_modality("health")) == ["patient", "environment", "network"]
    assert list(found.by_step("health")) == [-3, -2, -1, 0]
    for column, modality in found.features.itertuples(index=False):
        assert column in bunch.modalities[modality]


def test_rows_do_not_depend_on_those_beside_them(known):
    X, _, decider = known
    together = attribute_scores(decider, X.head(50), reference=X).by_column("cyber")
    alone = attribute_scores(decider, X.iloc[[7]], reference=X).by_column("cyber")
    np.testing.assert_allclose(alone.to_numpy()[0], together.to_numpy()[7], atol=1e-6)


def test_an_unknown_head_is_an_error(known):
    X, _, decider = known
    found = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    with pytest.raises(HeadError, match="head='heart', expected one of"):
        found.by_column("heart")


def test_a_network_is_found_in_what_holds_it(known):
    X, y, decider = known
    network = decider.estimator_
    expected = attribute_scores(decider, X.head(3), reference=X, n_steps=4)
    step = FunctionTransformer(feature_names_out="one-to-one")
    search = GridSearchCV(make_pipeline(step, clone(network)), {"memory": [None]}, cv=2)
    nested = make_pipeline(step, make_pipeline("passthrough", FrozenEstimator(network)))
    for estimator in (FrozenEstimator(network), search, nested):
        holds = FusionDecider(estimator).fit(X, y)
        found = attribute_scores(holds, X.head(3), reference=X, n_steps=4)
        pd.testing.assert_frame_equal(found.by_column("cyber"), expected.by_column("cyber"))


def test_a_search_is_told_from_a_decider(known):
    X, y, decider = known
    search = GridSearchCV(FusionDecider(FrozenEstimator(decider.estimator_)), {"delta": [0.1]})
    with pytest.raises(TypeError, match="Got a GridSearchCV, expected a fitted FusionDecider"):
        attribute_scores(search.fit(X, y), X.head(3), reference=X)


def test_a_decider_without_a_network_is_an_error(known):
    X, y, _ = known
    decider = FusionDecider(RandomForestClassifier(n_estimators=2, random_state=0)).fit(X, y)
    with pytest.raises(TypeError, match="ends in a RandomForestClassifier, expected"):
        attribute_scores(decider, X, reference=X)


def test_without_captum_the_error_names_the_extra(known, monkeypatch):
    X, _, decider = known
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(MissingPackageError, match=r"skdualcnn\[explain\]"):
        attribute_scores(decider, X.head(3), reference=X)


@pytest.mark.parametrize("calibration", ["temperature", "sigmoid", "isotonic"])
def test_contributions_add_up_to_the_score_of_a_calibrated_decider(known, calibration):
    X, y, decider = known
    calibrated = clone(decider).set_params(calibration=calibration, cv=2)
    calibrated.set_params(estimator__max_epochs=2).fit(X, y)
    found = attribute_scores(calibrated, X.head(40), reference=X, n_steps=500)
    explained = calibrated
    if calibration == "isotonic":  # no map of logits: what the network says itself
        explained = clone(calibrated).set_params(calibration=None).fit(X, y)
    decisions = explained.explain_decisions(X.head(40))
    for head in found.values:
        assert found.gap(head).abs().max() < 5e-3
        normal = explained.normal_[explained.heads_.index(head)]
        said = 1 - decisions[f"{head}_probability_{normal}"]
        np.testing.assert_allclose(found.scores[head], said, atol=1e-6)


def sharpened(decider, temperature):
    """Return a fitted decider with the logits of both heads divided by a number."""
    calibrator = TemperatureCalibrator()
    calibrator.temperature_ = temperature
    decider = copy(decider)
    decider.calibrators_ = [calibrator, calibrator]
    return decider


def test_steep_scores_get_more_points_until_contributions_add_up(known):
    X, y, decider = known
    normal = X[(y == 0).all(axis=1)]
    found = attribute_scores(sharpened(decider, 0.05), X.head(60), reference=normal, n_steps=8)
    assert found.gap("health").abs().max() < 0.02
    assert found.gap("cyber").abs().max() < 0.02


def test_scores_that_are_steps_are_warned_of(known):
    X, y, decider = known
    ill = X[(y == 1).all(axis=1)].head(20)
    step = sharpened(decider, 1e-4)
    with (
        pytest.warns(UserWarning, match=r"miss the health score of \d+ of \d+ rows by more"),
        pytest.warns(UserWarning, match="miss the cyber score"),
    ):
        attribute_scores(step, ill, reference=X[(y == 0).all(axis=1)], n_steps=400)
