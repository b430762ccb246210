from dataclasses import replace

import pytest

from skdualcnn._studies import STUDIES
from skdualcnn.datasets import make_ward


@pytest.fixture
def small_ward(monkeypatch):
    """Let the study of the ward load one of eight patients and two hours."""

    def load(_, seed):
        return make_ward(n_patients=8, hours=2.0, random_state=seed)

    monkeypatch.setitem(STUDIES, "ward", replace(STUDIES["ward"], load=load))
