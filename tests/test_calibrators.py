import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from firmware_export import FixedPointClassifier, compile_predictor
from firmware_export._extract import extract_graph
from skdualcnn import DualPathCNNClassifier, FusionDecider, load, save
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn.exceptions import ExportError
from skdualcnn.metrics import expected_calibration_error
from skdualcnn.streaming._engines import make_engine

METHODS = list(CALIBRATORS)


def overconfident(n, n_classes, sharpness, seed=0):
    """Return probabilities that are too sure, and labels drawn from the true ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, n_classes))
    truth = softmax(logits, axis=1)
    code = (truth.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(sharpness * logits, axis=1), code, truth


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_overconfidence_is_undone(method, n_classes):
    probability, code, truth = overconfident(4000, n_classes, 4.0)
    fitted = CALIBRATORS[method]().fit(probability, code, np.ones(len(code)))
    found = fitted.apply(probability)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found - truth).mean() < 0.35 * np.abs(probability - truth).mean()
    if method == "temperature":
        assert fitted.temperature_ == pytest.approx(4.0, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([("temperature", 2), ("temperature", 4), ("sigmoid", 2)]),
    st.floats(0.3, 5),
    st.integers(0, 100),
)
def test_what_folds_into_logits_is_what_is_applied(which, sharpness, seed):
    method, n_classes = which
    probability, code, _ = overconfident(100, n_classes, sharpness, seed)
    fitted = CALIBRATORS[method]().fit(probability, code, np.ones(len(code)))
    matrix, shift = fitted.on_logits(n_classes)
    folded = softmax(np.log(probability) @ matrix.T + shift, axis=1)
    np.testing.assert_allclose(folded, fitted.apply(probability), atol=1e-6)


def test_sigmoid_is_scikit_learns():
    probability, code, _ = overconfident(300, 2, 3.0)
    logit = np.log(probability[:, 1] / probability[:, 0])[:, None]
    passing = LogisticRegression(C=np.inf).fit(logit, code)
    passing.coef_[:], passing.intercept_[:] = 1, 0
    theirs = CalibratedClassifierCV(FrozenEstimator(passing)).fit(logit, code)
    ours = CALIBRATORS["sigmoid"]().fit(probability, code, np.ones(len(code)))
    expected = theirs.predict_proba(logit)
    np.testing.assert_allclose(ours.apply(probability), expected, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_weights_count_as_repeated_rows(method):
    probability, code, _ = overconfident(60, 3, 2.0)
    weight = np.arange(60) % 3
    weighted = CALIBRATORS[method]().fit(probability, code, weight.astype(float))
    repeated = CALIBRATORS[method]().fit(
        probability.repeat(weight, axis=0), code.repeat(weight), np.ones(weight.sum())
    )
    np.testing.assert_allclose(weighted.apply(probability), repeated.apply(probability), atol=1e-3)


def patients(n_groups=30, size=20, seed=0):
    """Return rows of patients who have levels of their own, which a forest learns by heart."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(n_groups).repeat(size))
    noise = 0.1 * rng.normal(size=(len(groups), 4))
    X = rng.normal(size=(n_groups, 4))[groups] + noise
    odds = rng.logistic(size=(n_groups, 2))[groups] + 1.5 * X[:, :2]
    y = np.where(odds > 0, "ill", "normal").astype(object)
    return X, pd.DataFrame(y, columns=["health", "cyber"]), groups


def test_whole_groups_are_held_out():
    X, y, groups = patients()
    forest = RandomForestClassifier(30, random_state=0)
    X_new, y_new, _ = patients(seed=1)
    event = (y_new["health"] == "ill").to_numpy()

    def error(**given):
        decider = FusionDecider(forest, **given.pop("settings")).fit(X, y, **given)
        return expected_calibration_error(event, decider.decision_function(X_new)[:, 0])

    plain = error(settings={})
    rows = error(settings={"calibration": "temperature"})
    whole = error(settings={"calibration": "temperature"}, groups=groups)
    by_splitter = error(settings={"calibration": "temperature", "cv": GroupKFold(5)}, groups=groups)
    assert whole < plain
    assert whole < rows
    assert by_splitter < plain


def test_missing_labels_and_a_class_that_a_fold_lacks():
    X, y, groups = patients()
    y.loc[:99, "health"] = None
    y.loc[500:, "cyber"] = None
    y.loc[groups == 3, "cyber"] = "rare"
    network = DualPathCNNClassifier(conv_channels=(4,), dense_units=4, max_epochs=1, random_state=0)
    decider = FusionDecider(network, calibration="isotonic", cv=3).fit(X, y, groups=groups)
    for head in decider.predict_proba(X):
        np.testing.assert_allclose(head.sum(axis=1), 1)


def test_folds_that_overlap_are_refused():
    X, y, _ = patients()
    decider = FusionDecider(
        RandomForestClassifier(5), calibration="temperature", cv=ShuffleSplit(3, random_state=0)
    )
    with pytest.raises(ValueError, match="hold out a row once at most"):
        decider.fit(X, y)


def network_decider(calibration, n_classes=2, n_heads=2):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((240, 6)), columns=list("abcdef"))
    level = np.digitize(X[["a", "d"]], np.linspace(0.5, 1, n_classes)[:-1])
    flip = rng.random(level.shape) < 0.2
    y = pd.DataFrame(np.where(flip, 0, level), columns=["health", "cyber"]).iloc[:, :n_heads]
    network = DualPathCNNClassifier(
        conv_channels=(4,), dense_units=8, max_epochs=12, lr=0.02, random_state=0
    )
    pipeline = make_pipeline(MinMaxScaler(), network)
    y = y if n_heads > 1 else y.squeeze(axis=1)
    return FusionDecider(pipeline, calibration=calibration, cv=3).fit(X, y), X


@pytest.mark.parametrize(
    ("calibration", "n_classes", "n_heads"),
    [("temperature", 2, 2), ("temperature", 3, 2), ("sigmoid", 2, 2), ("temperature", 2, 1)],
)
def test_twin_and_machine_code_calibrate_too(calibration, n_classes, n_heads):
    decider, X = network_decider(calibration, n_classes, n_heads)
    uncalibrated = decider.estimator_.predict_proba(X)
    answers = decider.predict_proba(X)
    listed = answers if n_heads > 1 else [answers]
    first = uncalibrated[0] if n_heads > 1 else uncalibrated
    assert np.abs(listed[0] - first).max() > 0.01
    twin = FixedPointClassifier(FrozenEstimator(decider)).fit(X)
    raw = FixedPointClassifier(FrozenEstimator(decider.estimator_)).fit(X).predict_proba(X)
    said = twin.predict_proba(X)
    # The twin of a small network is about 0.01 off; calibration adds next to nothing to that.
    expected = decider.calibrate(raw if n_heads > 1 else [raw])
    for exact, integer in zip(expected, said if n_heads > 1 else [said], strict=True):
        np.testing.assert_allclose(integer, exact, atol=5e-3)
    for exact, integer in zip(listed, said if n_heads > 1 else [said], strict=True):
        np.testing.assert_allclose(integer, exact, atol=0.05)
    compiled = compile_predictor(FrozenEstimator(decider), X)
    pushed = [compiled.push(row, compiled.new_state()) for row in X.to_numpy().tolist()]
    assert [decision for _, decision, _ in pushed] == twin.predict(X).tolist()
    for head, integer in enumerate(said if n_heads > 1 else [said]):
        np.testing.assert_array_equal([one[2][head] for one in pushed], integer)
    assert (twin.predict(X) == decider.predict(X)).mean() > 0.95


@pytest.mark.parametrize(("calibration", "n_classes"), [("isotonic", 2), ("sigmoid", 3)])
def test_what_does_not_fold_is_not_exported(calibration, n_classes):
    decider, _ = network_decider(calibration, n_classes)
    with pytest.raises(ExportError, match='Fit with calibration="temperature" to export'):
        extract_graph(decider)


@pytest.mark.parametrize("calibration", METHODS)
def test_streams_and_files_keep_the_calibration(calibration, tmp_path):
    decider, X = network_decider(calibration)
    loaded = load(save(decider, tmp_path / "decider.safetensors"))
    np.testing.assert_array_equal(loaded.decision_function(X), decider.decision_function(X))
    engine = make_engine(loaded, None)
    assert engine.name == ("exact" if calibration == "isotonic" else "float")
    rows = [(row, engine.new_state()) for row in X[:8].to_numpy().tolist()]
    scores = [one.scores for one in engine.answer(rows)]
    np.testing.assert_allclose(scores, decider.decision_function(X[:8]), atol=1e-5)


def test_reasons_are_those_of_calibrated_scores():
    pytest.importorskip("captum", reason="Captum is not installed")
    from skdualcnn.explanation import attribute_scores  # noqa: PLC0415

    decider, X = network_decider("sigmoid")
    found = attribute_scores(decider, X[:20], reference=X[X["a"] < 0.4])
    np.testing.assert_allclose(found.scores, decider.decision_function(X[:20]), atol=1e-5)
    assert found.gap("health").abs().max() < 0.05
    with pytest.raises(TypeError, match="has no gradient"):
        attribute_scores(network_decider("isotonic")[0], X[:2], reference=X)
