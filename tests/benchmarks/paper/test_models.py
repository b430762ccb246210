import importlib.util
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from benchmarks.paper.jobs import Settings
from benchmarks.paper.models import MINIROCKET, SVM, MiniRocketFeatures, OnSomeRows, make_models
from skdualcnn._studies import OURS, STUDIES
from skdualcnn.datasets import make_ward

QUICK = Settings.choose(quick=True, n_seeds=1)


@pytest.fixture(scope="module")
def ward():
    return make_ward(n_patients=4, hours=2.0, random_state=0)


def test_rows_without_windows_have_no_minirocket(ward):
    models, left_out = make_models(STUDIES["ward"], ward, QUICK, 0)
    assert next(iter(models)) == OURS
    assert "stands alone" in left_out[MINIROCKET]
    assert isinstance(models[SVM].estimator[-1], OnSomeRows)


@pytest.mark.parametrize("there", [True, False])
def test_windows_have_minirocket_where_aeon_is(ward, monkeypatch, there):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if there else None)
    models, left_out = make_models(replace(STUDIES["ward"], window=8), ward, QUICK, 0)
    assert (MINIROCKET in models) == there
    assert there or "skdualcnn[benchmarks]" in left_out[MINIROCKET]


def test_short_windows_are_made_longer():
    windows = np.arange(12.0).reshape(2, 3, 2)
    series = MiniRocketFeatures(10)._series(windows)
    assert series.shape == (2, 2, 9)
    np.testing.assert_array_equal(series[0, 0], [0, 0, 0, 0, 0, 0, 0, 2, 4])


def test_some_rows_hold_some_of_every_class():
    X = np.random.default_rng(0).random((500, 2))
    y = np.zeros(500, dtype=int)
    y[:7] = 1
    few = OnSomeRows(LogisticRegression(), max_rows=40, random_state=0).fit(X, y)
    assert few.n_rows_ == 40
    assert few.classes_.tolist() == [0, 1]
    assert few.predict_proba(X).shape == (500, 2)
    assert OnSomeRows(LogisticRegression(), max_rows=900).fit(X, y).n_rows_ == 500


def test_some_rows_of_two_heads():
    X = np.random.default_rng(0).random((300, 2))
    y = pd.DataFrame(np.where(X > 0.9, "ill", "normal"), columns=["health", "cyber"])
    few = OnSomeRows(MultiOutputClassifier(LogisticRegression()), max_rows=50, random_state=0)
    assert [len(classes) for classes in few.fit(X, y).classes_] == [2, 2]
    assert few.n_rows_ == 50


def test_minirocket_of_aeon():
    pytest.importorskip("aeon", reason="aeon is an extra of the benchmarks")
    windows = np.random.default_rng(0).random((20, 4, 3))
    windows[:, :, 2] = 1  # a reading that does not change
    features = MiniRocketFeatures(100, random_state=0).fit(windows)
    found = features.transform(windows)
    assert found.shape == (20, 84)
    np.testing.assert_array_equal(features.transform(windows[3:5]), found[3:5])
