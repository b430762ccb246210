import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import MinMaxScaler

from skdualcnn.baselines import make_baselines
from skdualcnn.preprocessing import SlidingWindow

NAMES = [
    "majority class",
    "logistic regression",
    "decision tree",
    "SVM (RBF)",
    "random forest",
    "boosted trees",
]


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).random((80, 3))
    return X, np.column_stack([X[:, 0] > 0.5, X[:, 1] > 0.5]).astype(int)


@pytest.mark.parametrize("n_heads", [1, 2])
def test_each_answers_with_probabilities_of_every_head(data, n_heads):
    X, y = data
    models = make_baselines([MinMaxScaler()], n_heads=n_heads, random_state=0)
    assert list(models) == NAMES
    for name, model in models.items():
        model.fit(X, y if n_heads == 2 else y[:, 0])
        found = model.predict_proba(X)
        found = found if n_heads == 2 else [found]
        assert [proba.shape for proba in found] == [(80, 2)] * n_heads
        right = (model.predict(X).reshape(80, -1) == y[:, :n_heads]).mean()
        assert right > (0.5 if name == "majority class" else 0.85), name


def test_windows_are_flattened(data):
    X, y = data
    model = make_baselines([SlidingWindow(4)])["decision tree"].fit(X, y)
    assert model[-1].estimators_[0].n_features_in_ == 12


def test_the_steps_are_cloned_and_the_seed_is_passed_on():
    scaler = MinMaxScaler()
    models = make_baselines([scaler], n_heads=1, n_jobs=2, random_state=7)
    assert all(model[0] is not scaler for model in models.values())
    assert models["random forest"][-1].get_params()["random_state"] == 7
    assert models["random forest"][-1].n_jobs == 2
    assert isinstance(models["majority class"][-1], DummyClassifier)


@pytest.mark.parametrize("rare", [1, 2])
def test_every_model_takes_a_class_of_one_or_two_rows(data, rare):
    X, y = data
    labels = np.where(y[:, 0], "attack", "normal").astype(object)
    labels[:rare], X = "probe", X.copy()
    X[:rare] += 3
    for name, model in make_baselines(n_heads=1, random_state=0).items():
        proba = model.fit(X, labels).predict_proba(X)
        assert list(model.classes_) == ["attack", "normal", "probe"]
        assert np.allclose(proba.sum(axis=1), 1), name
        if name == "SVM (RBF)":
            assert proba[:rare, 2].min() > proba[rare:, 2].max()
