import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from skorch.callbacks import GradientNormClipping

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((80, 4)), columns=["spo2", "pulse", "bytes", "packets"])
    X["protocol"] = rng.choice(["tcp", "udp"], 80)
    y = pd.DataFrame(
        {
            "health": np.where(X["spo2"] > 0.4, "normal", "hypoxia"),
            "cyber": np.where(X["bytes"] > 0.6, "dos", "normal"),
        }
    )
    return X, y


def decider(**parameters):
    preprocessor = make_fusion_preprocessor(
        patient=["spo2", "pulse"], network=["bytes", "packets", "protocol"]
    )
    clf = DualPathCNNClassifier(
        conv_channels=(4,), dense_units=8, lr=0.01, max_epochs=3, random_state=0, **parameters
    )
    return FusionDecider(make_pipeline(preprocessor, clf))


@pytest.fixture(scope="module", params=["trunk", "none"])
def fitted(request, data):
    return decider(sharing=request.param).fit(*data)


def assert_same_predictions(left, right, X):
    for one, other in zip(left.predict_proba(X), right.predict_proba(X), strict=True):
        np.testing.assert_array_equal(one, other)


def with_pickle(estimator, folder):
    return pickle.loads(pickle.dumps(estimator))


def with_joblib(estimator, folder):
    joblib.dump(estimator, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


def with_joblib_memory_map(estimator, folder):
    joblib.dump(estimator, folder / "model.joblib")
    return joblib.load(folder / "model.joblib", mmap_mode="r")


def with_deepcopy(estimator, folder):
    return copy.deepcopy(estimator)


def with_skops(estimator, folder):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    skops_io.dump(estimator, folder / "model.skops")
    trusted = [
        "numpy.dtype",
        "skdualcnn._classifier.DualPathCNNClassifier",
        "skdualcnn._decider.FusionDecider",
        "skdualcnn.preprocessing._filters.OutlierClipper",
        "skdualcnn.preprocessing._fusion.ColumnsOfKind",
        "skdualcnn.preprocessing._fusion.NumberImputer",
        "skdualcnn.preprocessing._fusion.TextEncoder",
        "skdualcnn.preprocessing._fusion.median",
    ]
    assert set(skops_io.get_untrusted_types(file=folder / "model.skops")) <= set(trusted)
    return skops_io.load(folder / "model.skops", trusted=trusted)


ways = pytest.mark.parametrize(
    "way",
    [
        with_pickle,
        with_joblib,
        with_joblib_memory_map,
        with_deepcopy,
        with_skops,
    ],
)


@ways
def test_predictions_are_equal_on_every_bit(fitted, data, way, tmp_path):
    again = way(fitted, tmp_path)
    assert_same_predictions(again, fitted, data[0])
    pd.testing.assert_frame_equal(again.estimator_[-1].history_, fitted.estimator_[-1].history_)


@ways
def test_training_goes_on_as_if_nothing_had_happened(data, way, tmp_path):
    X, y = data
    original = decider().fit(X, y).estimator_
    rows = original[0].transform(X)
    again = way(original, tmp_path)
    for clf in (original[-1], again[-1]):
        clf.partial_fit(rows, y)
    assert_same_predictions(again, original, X)


@ways
def test_an_unfitted_estimator(way, tmp_path):
    estimator = decider()
    assert repr(way(estimator, tmp_path)) == repr(estimator)


def test_a_pickle_names_no_class_of_torch_or_skorch(fitted):
    content = pickle.dumps(fitted)
    assert b"torch" not in content
    assert b"skorch" not in content


def test_callbacks_stay(data):
    clf = decider(callbacks=[GradientNormClipping(1.0)]).fit(*data).estimator_[-1]
    again = pickle.loads(pickle.dumps(clf))
    assert any(isinstance(one, GradientNormClipping) for _, one in again.net_.callbacks_)


def test_without_the_gpu_it_was_trained_on_the_net_comes_to_the_cpu(fitted):
    clf = copy.deepcopy(fitted.estimator_[-1]).set_params(device="cuda:99")
    with pytest.warns(UserWarning, match="on the CPU now"):
        again = pickle.loads(pickle.dumps(clf))
    assert again.nets_[0].device == "cpu"
