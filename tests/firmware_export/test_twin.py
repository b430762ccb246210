import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from firmware_export import FixedPointClassifier
from firmware_export._integer_readings import from_fixed
from firmware_export._quantize import quantise
from firmware_export._twin import answer
from skdualcnn.exceptions import ExportError

TOLERANCE = 0.03
"""What 8-bit weights may move a probability of a network this small and steep."""


def test_twin_agrees_with_the_float_decider(twin, decider, ward):
    X, y = ward
    for exact, fixed in zip(decider.predict_proba(X), twin.predict_proba(X), strict=True):
        assert np.abs(exact - fixed).max() < TOLERANCE
        assert (fixed.sum(axis=1) == 1).all()
    assert (twin.predict(X) == decider.predict(X)).mean() > 0.98
    assert set(twin.predict(X)) >= {"normal", "medical", "cyber"}
    assert twin.score(X, y) == pytest.approx(decider.score(X, y), abs=0.02)
    assert list(twin.classes_) == list(decider.classes_)


def test_log_probabilities_are_finite_and_agree(twin, decider, ward):
    X, _ = ward
    coarse, fine = twin.predict_proba(X), twin.predict_log_proba(X)
    for exact, one, other in zip(decider.predict_proba(X), coarse, fine, strict=True):
        assert np.isfinite(other).all()
        assert np.abs(np.exp(other) - one).max() < 5e-4
        assert np.abs(np.exp(other) - exact).max() < TOLERANCE


def test_probabilities_rank_rows_of_a_confident_network(make_graph):
    graph = make_graph(classes=(2,))
    path = graph.paths[0]
    head = path.heads[0]
    loud = replace(head, dense=replace(head.dense, weight=head.dense.weight * 5))
    graph = replace(graph, paths=(replace(path, heads=(loud,)),))
    readings = np.random.default_rng(0).normal(size=(500, 12)).astype(np.float32)
    answers = answer(quantise(graph, readings), readings)
    lead = answers.logits[0][:, 0] - answers.logits[0][:, 1]
    inside = np.abs(lead) < 20 * 2.0 ** quantise(graph, readings).heads[0].fraction_bits
    assert (lead[inside].max() - lead[inside].min()) > 20
    order = np.argsort(lead[inside])
    assert (np.diff(answers.probabilities[0][inside, 0][order]) >= 0).all()
    ties = len(np.unique(lead[inside])) - len(np.unique(answers.probabilities[0][inside, 0]))
    assert ties < 0.02 * inside.sum()


def test_labels_are_decoded(ward, small_network):
    X, y = ward
    numbers = X[["Heart rate", "bytes", "temperature"]]
    pipeline = make_pipeline(MinMaxScaler(clip=True), small_network).fit(numbers, y)
    twin = FixedPointClassifier(FrozenEstimator(pipeline)).fit(numbers)
    assert (twin.predict(numbers) == pipeline.predict(numbers)).mean() > 0.98
    assert twin.score(numbers, y) == pytest.approx(pipeline.score(numbers, y), abs=0.02)
    single = make_pipeline(MinMaxScaler(clip=True), small_network).fit(numbers, y["cyber"])
    twin = FixedPointClassifier(FrozenEstimator(single)).fit(numbers)
    assert twin.predict_proba(numbers).shape == (len(X), 2)
    assert set(twin.predict(numbers)) <= {"dos", "normal"}


def test_fit_trains_a_clone_and_searches(ward, small_network):
    X, y = ward
    numbers = X[["Heart rate", "bytes", "temperature"]]
    pipeline = make_pipeline(MinMaxScaler(clip=True), clone(small_network).set_params(max_epochs=2))
    twin = FixedPointClassifier(pipeline)
    search = GridSearchCV(twin, {"activation_bits": [8, 16]}, cv=GroupKFold(2))
    search.fit(numbers, y["health"], groups=np.arange(len(X)) // 10)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert not hasattr(pipeline[-1], "nets_")
    assert search.best_estimator_.estimator_ is not pipeline


def test_layers_are_named_in_order(twin, ward):
    layers = twin.layer_integers(ward[0][:5])
    assert list(layers) == ["input", "convolution1", "dense", "logits_health", "logits_cyber"]
    assert layers["convolution1"].shape[0] == 5
    answers = twin.answers(ward[0][:5])
    np.testing.assert_array_equal(layers["logits_cyber"][:, 0], answers.logits[1])


def test_no_rows_give_no_answers(twin, ward):
    assert twin.predict(ward[0][:0]).shape == (0,)
    assert [one.shape for one in twin.predict_proba(ward[0][:0])] == [(0, 2), (0, 2)]


def test_readings_that_the_firmware_refuses(twin, ward, small_network):
    X, y = ward
    with pytest.raises(ValueError, match="Reading 'temperature' is infinite"):
        twin.predict(X.assign(temperature=1e39))
    numbers = X[["Heart rate", "bytes"]]
    network = clone(small_network).set_params(max_epochs=1).fit(numbers, y)
    bare = FixedPointClassifier(FrozenEstimator(network)).fit(numbers)
    gaps = numbers.assign(bytes=np.nan)
    with pytest.raises(ValueError, match="contains NaN"):
        bare.predict(gaps)


def test_calibration_rows_are_those_that_the_firmware_takes(decider, ward):
    X = ward[0].copy()
    X.loc[7, "temperature"] = 1e39  # finite for the float estimator, which limits it
    with pytest.raises(ValueError, match=r"'temperature' is infinite .* in row 7,"):
        FixedPointClassifier(FrozenEstimator(decider)).fit(X)


def test_fixed_readings_are_what_a_device_delivers(twin, ward):
    X = ward[0].head(6).copy()
    X.iloc[0, X.columns.get_loc("Heart rate")] = 1e30
    X.iloc[1, X.columns.get_loc("protocol")] = "coap"
    fixed = twin.fixed_readings(X)
    graph = twin.integer_graph_
    assert fixed.dtype == np.int32
    np.testing.assert_array_equal(fixed == -(2**31), np.isnan(twin.readings(X)))
    assert fixed[0, graph.readings.index("Heart rate")] == 2**31 - 1
    assert fixed[1:3, graph.readings.index("protocol")].tolist() == [
        -1,
        ["mqtt", "tcp", "udp"].index(X["protocol"].iloc[2]),
    ]
    step = 2.0 ** -graph.fraction_bits[graph.readings.index("temperature")]
    values = fixed[:, graph.readings.index("temperature")] * step
    assert np.abs(values - X["temperature"]).max() <= step / 2
    exact, close = answer(graph, twin.readings(X)), answer(graph, from_fixed(graph, fixed))
    for one, other in zip(exact.probabilities, close.probabilities, strict=True):
        assert np.abs(one - other).max() < 2**30 * 1e-4


def test_unknown_parameters_are_refused(decider, ward):
    for change in (
        {"activation_bits": 12},
        {"calibration": "entropy"},
        {"qat_epochs": -1},
        {"qat_lr": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(change))):
            FixedPointClassifier(FrozenEstimator(decider), **change).fit(ward[0])
    with pytest.raises(ExportError, match="no row"):
        FixedPointClassifier(FrozenEstimator(decider)).fit(ward[0][:0])


def test_paper_network_runs_thousands_of_rows_a_second(make_graph):
    graph = make_graph(steps=68, blocks=(64,), units=128, classes=(4, 5))
    readings = np.random.default_rng(0).random((2000, 68)).astype(np.float32)
    quantised = quantise(graph, readings[:100])
    assert quantised.parameters == 280_073
    assert quantised.multiply_adds == 292_736
    answer(quantised, readings[:100])
    start = time.perf_counter()
    answer(quantised, readings)
    # 5,000 rows a second is what is asked of an idle core; a busy one gets a margin.
    assert 2000 / (time.perf_counter() - start) > 1000
