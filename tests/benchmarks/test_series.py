"""Stays as series of hours: the data set and the study of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from benchmarks._runs import fit_and_score
from benchmarks._studies import N_HOURS, SERIES, STUDIES, load_hours
from benchmarks.paper.jobs import Settings
from benchmarks.paper.models import MINIROCKET, make_models
from benchmarks.tuning import SHIPPED, settings_of
from skdualcnn import _studies
from skdualcnn._studies import OURS, Study

STUDY = SERIES["physionet2012_hours"]


def some_series(n=120):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, N_HOURS, 3))
    dead = X[:, :, 0].max(axis=1) > 2.2
    X[rng.random(X.shape) < 0.3] = np.nan
    labels = {"health": np.where(dead, "death", "normal"), "cyber": None}
    return Bunch(
        data=X,
        target=pd.DataFrame(labels),
        groups=pd.Series(np.arange(n)),
        modalities={"patient": ["a", "b", "c"], "environment": [], "network": []},
    )


def test_series_are_offered_beside_the_data_sets_of_the_commands():
    assert list(STUDIES) == [*_studies.STUDIES, *SERIES]
    assert not any(study.series for study in _studies.STUDIES.values())


@pytest.mark.parametrize("name", ["logistic regression", OURS])
def test_models_of_series_fit_and_are_scored(name):
    dataset, rows = some_series(), np.arange(120)
    decider = STUDY.models(dataset, quick=True, verbose=0, random_state=0)[name]
    (figures,) = fit_and_score(decider, dataset, rows[:90], rows[90:])
    assert figures["head"] == "health"
    assert 0 <= figures["roc_auc"] <= 1


def test_minirocket_reads_the_steps_of_a_series():
    models, left_out = make_models(STUDY, some_series(), Settings.choose(quick=True, n_seeds=1), 0)
    assert MINIROCKET in models or "aeon is not installed" in left_out[MINIROCKET]


def test_settings_to_compare_are_those_of_series():
    assert "every step, not pooled" in settings_of(STUDY)
    assert SHIPPED in settings_of(STUDY)
    assert isinstance(settings_of(STUDY)["one block"].apply(STUDY), Study)


def test_hours_say_who_the_patient_is_in_each_of_them(real_data):
    stays = load_hours(real_data)
    assert stays.data.shape == (8000, N_HOURS, 44)
    assert stays.feature_names[37:40] == ["Age", "Gender", "Height"]
    assert list(stays.modalities["patient"]) == stays.feature_names
    about = stays.data[:, :, 37:]
    np.testing.assert_array_equal(about, np.repeat(about[:, :1], N_HOURS, axis=1))
    np.testing.assert_array_equal(about[:, 0, 0], stays.static["Age"].to_numpy(np.float32))
    units = about[:, 0, 3:]
    assert set(np.unique(units)) == {0, 1}
    np.testing.assert_array_equal(units.sum(axis=1), 1)
