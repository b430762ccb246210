"""Wards: one to train a decider on, one to remember, and others that have changed or not."""

import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.drift import DriftMonitor

BATCH = 120


@pytest.fixture(scope="session")
def decider():
    ward = make_ward(n_patients=6, hours=6, random_state=0)
    network = DualPathCNNClassifier(
        architecture="compact",
        lr=3e-3,
        lr_schedule="constant",
        batch_size=64,
        max_epochs=4,
        random_state=0,
    )
    pipeline = make_pipeline(make_fusion_preprocessor(**ward.modalities), network)
    return FusionDecider(pipeline).fit(ward.data, ward.target)


@pytest.fixture(scope="session")
def reference():
    return make_ward(n_patients=16, hours=6, random_state=1)


@pytest.fixture(scope="session")
def monitor(decider, reference):
    monitor = DriftMonitor(decider, reference.modalities, batch_size=BATCH)
    return monitor.fit(reference.data, reference.target, groups=reference.groups)


@pytest.fixture
def batches():
    """Return a function that cuts the patients of a ward into batches."""

    def cut(ward, change=lambda X: X):
        for _, X in ward.data.groupby(ward.groups):
            for start in range(0, len(X) - BATCH + 1, BATCH):
                rows = X[start : start + BATCH]
                yield change(rows), ward.target.loc[rows.index]

    return cut
