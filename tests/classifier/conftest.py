"""A small classifier, rows with two heads, and what two models have in common."""

import numpy as np
import pytest

from skdualcnn import DualPathCNNClassifier


def with_gaps(labels, share, seed):
    gaps = labels.astype(object)
    gaps[np.random.default_rng(seed).random(len(labels)) < share] = None
    return gaps


def side_by_side(fitted, X):
    found = fitted.predict_proba(X)
    return np.hstack(found) if isinstance(found, list) else found


@pytest.fixture(scope="session")
def classifier():
    """Return a function that makes a small classifier, some of its parameters changed."""
    small = {"conv_channels": (4,), "dense_units": 6, "max_epochs": 2, "lr": 0.01}
    return lambda **changed: DualPathCNNClassifier(**{**small, "random_state": 0, **changed})


@pytest.fixture(scope="session")
def probabilities():
    """Return a function that gives the probabilities of all heads side by side."""
    return side_by_side


@pytest.fixture(scope="session")
def assert_same_model():
    """Return a function that compares the answers of two models bit for bit."""
    return lambda one, other, X: np.testing.assert_array_equal(
        side_by_side(one, X), side_by_side(other, X)
    )


@pytest.fixture(scope="session")
def X():
    return np.random.default_rng(0).random((60, 8)).astype(np.float32)


@pytest.fixture(scope="session")
def health(X):
    return np.where(X[:, 1] > 0.5, "normal", "hypoxia")


@pytest.fixture(scope="session")
def cyber(X):
    return np.select([X[:, 5] > 0.7, X[:, 5] > 0.4], ["dos", "spoofing"], "normal")


@pytest.fixture(scope="session")
def y(health, cyber):
    return np.column_stack([health, cyber])


@pytest.fixture(scope="session")
def y_with_gaps(health, cyber):
    return np.column_stack([with_gaps(health, 0.3, 1), with_gaps(cyber, 0.3, 2)])
