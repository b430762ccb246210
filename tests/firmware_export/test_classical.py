import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from firmware_export._classical import generate_classical, measure_classical
from firmware_export._targets import find_target

pytest.importorskip("micromlgen", reason="micromlgen is not installed")


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=1000),
        DecisionTreeClassifier(max_depth=3, random_state=0),
        SVC(gamma=0.5),
    ],
    ids=["logistic regression", "decision tree", "SVM"],
)
def test_classical_models_are_run_on_the_chips(model, emulated):
    X, y = load_iris(return_X_y=True)
    features = X[::10].astype(np.float32)
    cost = measure_classical(generate_classical(model.fit(X, y)), features, emulated)
    assert cost.code_bytes > 50
    assert cost.stack_bytes >= 0
    if cost.answers is None:
        assert emulated.name == "lx106"  # its library lacks floating-point arithmetic
        return
    assert (cost.answers == model.predict(features)).mean() > 0.9
    assert 10 < cost.instructions < 1_000_000


def test_a_tree_on_this_machine(compiler):
    X, y = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    features = X[::10].astype(np.float32)
    cost = measure_classical(generate_classical(tree), features, find_target("host"))
    if cost.answers is not None:
        assert cost.answers.tolist() == tree.predict(features).tolist()
        assert 2 < cost.instructions < 50
