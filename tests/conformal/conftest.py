"""Rows of a known law: a cheap decider, and as many exchangeable rows as a test wants."""

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from skdualcnn import FusionDecider

HEALTH = np.array(["hypoxia", "normal", "sepsis"])
CYBER = np.array(["dos", "normal"])


def draw(n, seed, patients=None):
    """Return X, y and groups; rows of one patient share a shift of their values."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) if patients is None else rng.integers(patients, size=n)
    shift = (
        np.zeros((n, 2)) if patients is None else rng.normal(scale=0.5, size=(patients, 2))[groups]
    )
    health = rng.choice(3, size=n, p=[0.15, 0.7, 0.15])
    cyber = rng.choice(2, size=n, p=[0.2, 0.8])
    X = np.column_stack([health - 1.0, 1.5 - 1.5 * cyber]) + shift
    X += rng.normal(scale=0.6, size=(n, 2))
    y = pd.DataFrame({"health": HEALTH[health], "cyber": CYBER[cyber]}).astype(object)
    return pd.DataFrame(X, columns=["pulse", "packets"]), y, groups


@pytest.fixture(scope="session")
def rows():
    return draw


@pytest.fixture(scope="session")
def decider():
    X, y, _ = draw(1000, seed=0)
    return FusionDecider(MultiOutputClassifier(LogisticRegression())).fit(X, y)


@pytest.fixture(scope="session")
def frozen(decider):
    return FrozenEstimator(decider)
