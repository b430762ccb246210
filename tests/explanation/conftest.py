"""Deciders whose heads look at known columns, and a ward."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.preprocessing import SlidingWindow

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def known():
    """X, y and a decider: the health head depends on column "b" alone, the cyber head on "g"."""
    X = pd.DataFrame(
        np.random.default_rng(0).random((400, 8)).astype(np.float32), columns=list("abcdefgh")
    )
    y = pd.DataFrame({"health": X["b"] > 0.6, "cyber": X["g"] > 0.6}).astype(int)
    network = DualPathCNNClassifier(lr=0.01, max_epochs=20, random_state=0)
    return X, y, FusionDecider(network).fit(X, y)


@pytest.fixture(scope="session")
def ward():
    """A ward, its normal rows, and a decider with windows on it."""
    ward = make_ward(n_patients=4, hours=3, random_state=0)
    pipeline = make_pipeline(
        make_fusion_preprocessor(**ward.modalities),
        SlidingWindow(4),
        DualPathCNNClassifier(lr=3e-3, batch_size=64, max_epochs=3, random_state=0),
    )
    decider = FusionDecider(pipeline).fit(ward.data, ward.target)
    normal = (ward.target == "normal").all(axis=1)
    return ward, ward.data[normal], decider
