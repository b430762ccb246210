from dataclasses import replace

import numpy as np
import pytest

from benchmarks.paper.fitted import Fitted
from benchmarks.paper.jobs import Settings
from benchmarks.paper.models import make_models
from skdualcnn._studies import STUDIES, fit
from skdualcnn.datasets import make_ward

WINDOWED = replace(STUDIES["ward"], window=4)


@pytest.fixture(scope="module")
def ward():
    return make_ward(n_patients=3, hours=2.0, random_state=0)


@pytest.fixture
def tree(ward):
    return make_models(WINDOWED, ward, Settings.choose(quick=True, n_seeds=1), 0)[0][
        "decision tree"
    ]


def test_honest_windows_are_made_of_one_side(ward, tree):
    train, test = np.arange(240), np.arange(240, 360)
    fitted = Fitted.on(tree, ward, train, "honest")
    assert fitted.windows is None
    alone = fit(tree, ward, train).predict_proba(ward.data.iloc[test])
    found = fitted.probabilities(ward.data, test)
    assert list(found) == ["health", "cyber"]
    np.testing.assert_array_equal(found["cyber"], alone[1])


def test_windows_of_the_paper_reach_across(ward, tree):
    rng = np.random.default_rng(0)
    train = np.sort(rng.permutation(360)[:240])
    test = np.setdiff1d(np.arange(360), train)
    fitted = Fitted.on(tree, ward, train, "paper")
    windows = np.asarray(fitted.windows.transform(ward.data))
    assert windows.shape == (360, 4, windows.shape[2])
    # Its last row is the row itself, the one before it the row before, of either side.
    np.testing.assert_array_equal(windows[test, -2], windows[test - 1, -1])
    found = fitted.probabilities(ward.data, test)
    expected = fitted.decider.predict_proba(windows[test])
    np.testing.assert_array_equal(found["health"], expected[0])
