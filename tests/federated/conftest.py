"""Three sites of one small ward, and what they say of their columns."""

import numpy as np
import pytest

from skdualcnn import DualPathCNNClassifier
from skdualcnn.datasets import make_ward
from skdualcnn.federated._agreement import agree
from skdualcnn.federated._summary import summarise


@pytest.fixture(scope="session")
def ward():
    return make_ward(n_patients=6, hours=3, freq="2min", random_state=0)


@pytest.fixture(scope="session")
def sites(ward):
    """Return rows and labels of each site; the third has seen no cyber labels."""
    parts = {}
    for number, name in enumerate(("north", "east", "south")):
        mine = np.isin(ward.groups, np.unique(ward.groups)[number::3])
        parts[name] = (ward.data[mine], ward.target[mine])
    X, y = parts["south"]
    parts["south"] = (X, y[["health"]])
    return parts


@pytest.fixture(scope="session")
def summaries(sites, ward):
    return [summarise(name, X, y, ward.modalities) for name, (X, y) in sites.items()]


@pytest.fixture
def classifier():
    return DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=3, random_state=0
    )


@pytest.fixture
def decider(summaries, classifier):
    return agree(summaries, classifier)
