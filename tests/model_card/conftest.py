"""A decider on the simulated ward, and the patients that it has not seen."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from skdualcnn import FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split


@pytest.fixture(scope="session")
def ward():
    return make_ward(n_patients=10, hours=3, random_state=2)


@pytest.fixture(scope="session")
def decider(ward):
    heads = MultiOutputClassifier(LogisticRegression(max_iter=2000))
    train, _ = honest_split(ward, 0.4, random_state=0)
    pipeline = make_pipeline(make_fusion_preprocessor(**ward.modalities), heads)
    return FusionDecider(pipeline).fit(ward.data.iloc[train], ward.target.iloc[train])


@pytest.fixture(scope="session")
def held_out(ward):
    _, test = honest_split(ward, 0.4, random_state=0)
    return Bunch(X=ward.data.iloc[test], y=ward.target.iloc[test], groups=ward.groups.iloc[test])
