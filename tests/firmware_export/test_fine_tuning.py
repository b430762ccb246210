from contextlib import ExitStack
from copy import deepcopy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from firmware_export import FixedPointClassifier
from firmware_export._fine_tuning import read_steps
from skdualcnn import FusionDecider
from skdualcnn.network._fake_quantization import fake_quantised
from skdualcnn.preprocessing import SlidingWindow

NUMBERS = ["Heart rate", "bytes", "temperature"]


@pytest.fixture(scope="module")
def numbers(ward):
    X, y = ward
    scaled = MinMaxScaler(clip=True).set_output(transform="pandas").fit_transform(X[NUMBERS])
    return scaled, y


def twin_of(estimator, **parameters):
    parameters = {"activation_bits": 8, "qat_epochs": 2, "qat_lr": 1e-3, **parameters}
    return FixedPointClassifier(FrozenEstimator(estimator), **parameters)


def gap(estimator, other, X):
    """Mean difference of the probabilities."""
    pairs = zip(estimator.predict_proba(X), other.predict_proba(X), strict=True)
    return float(np.mean([np.abs(a - b).mean() for a, b in pairs]))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sharing": "none"},
        {"pool_size": 1, "residual_blocks": 1},
        {"pool_size": 1, "residual_blocks": 1, "global_pooling": True},
        {"pool_size": 1, "sharing": "none", "global_pooling": True},
    ],
)
@pytest.mark.parametrize("window", [1, 5])
def test_fake_quantised_nets_answer_like_the_integers(small_network, numbers, bits, change, window):
    X, y = numbers
    network = clone(small_network).set_params(max_epochs=5, **change)
    pipeline = make_pipeline(*[SlidingWindow(window)] * (window > 1), network).fit(X, y)
    twin = twin_of(pipeline, activation_bits=bits, qat_epochs=0).fit(X)
    network = deepcopy(pipeline[-1])
    inputs = X if window == 1 else pipeline[:-1].transform(X)
    with ExitStack() as stack:
        for net, steps in zip(
            network.nets_, read_steps(twin.graph_, twin.integer_graph_), strict=True
        ):
            stack.enter_context(fake_quantised(net.module_, steps))
        pretended = network.predict_log_proba(inputs)
    exact, integers = pipeline.predict_log_proba(X), twin.predict_log_proba(X)
    for a, b, c in zip(pretended, integers, exact, strict=True):
        assert np.abs(a - b).mean() < 0.5 * np.abs(c - b).mean()


@pytest.mark.parametrize("which", ["decider", "window_decider"])
def test_it_answers_more_like_the_floats(which, request, ward):
    estimator, (X, _) = request.getfixturevalue(which), ward
    before = estimator.predict_proba(X)
    plain, tuned = (twin_of(estimator, qat_epochs=n, qat_lr=3e-4).fit(X) for n in (0, 8))
    assert gap(estimator, tuned, X) < 0.95 * gap(estimator, plain, X)
    assert tuned.estimator_ is estimator
    for a, b in zip(before, estimator.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)
    assert plain.graph_.digest != tuned.graph_.digest


def test_same_seed_same_integers(decider, ward):
    X, _ = ward
    first, second = (twin_of(decider).fit(X).answers(X) for _ in range(2))
    for a, b in zip(first.logits, second.logits, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_missing_labels_weights_and_separate_nets(small_network, ward, sharing):
    X, y = ward
    y = y.mask(np.random.default_rng(0).random(y.shape) < 0.3, None)
    network = clone(small_network).set_params(sharing=sharing, max_epochs=5)
    pipeline = make_pipeline(MinMaxScaler(clip=True), network)
    weights = np.random.default_rng(1).random(len(X))
    twins = [
        FixedPointClassifier(FusionDecider(pipeline), activation_bits=8, qat_epochs=1, qat_lr=1e-3)
        for _ in range(2)
    ]
    twins[0].fit(X[NUMBERS], y, dualpathcnnclassifier__sample_weight=weights)
    twins[1].fit(X[NUMBERS], y)
    assert gap(twins[0].estimator_, twins[0], X[NUMBERS]) < 0.02
    assert twins[0].graph_.digest != twins[1].graph_.digest


def test_weights_decide_what_is_learnt(small_network, numbers):
    X, y = numbers
    network = clone(small_network).fit(X, y)
    left = (X["Heart rate"] < 0.5).to_numpy()
    tuned = twin_of(network).fit(X, sample_weight=left.astype(float))
    only = twin_of(network).fit(X[left])
    for a, b in zip(tuned.answers(X).logits, only.answers(X).logits, strict=True):
        np.testing.assert_array_equal(a, b)


def test_parameters_are_searched(small_network, ward):
    X, y = ward
    pipe = make_pipeline(MinMaxScaler(clip=True), clone(small_network).set_params(max_epochs=2))
    search = GridSearchCV(
        FixedPointClassifier(pipe),
        {"activation_bits": [8, 16], "calibration": ["minmax", "mse"], "qat_epochs": [0, 2]},
        cv=2,
    ).fit(X[NUMBERS], y["health"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(X[NUMBERS]).shape == (len(X),)
    assert not hasattr(pipe[-1], "nets_")
