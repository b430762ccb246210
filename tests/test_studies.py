from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

import skdualcnn
from skdualcnn._fusion_pipeline import MOST_EPOCHS
from skdualcnn._studies import (
    OURS,
    QUICK_ROWS,
    STUDIES,
    fit,
    labelled_heads,
    labels_of,
    study_of_table,
    thin,
    with_architecture,
)
from skdualcnn.datasets import make_ward
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler


@pytest.fixture(scope="module")
def ward():
    return make_ward(n_patients=5, hours=2, freq="4min", random_state=0)


def test_a_head_without_labels_is_left_out(ward):
    dataset = Bunch(target=ward.target.assign(health=pd.Series([None] * len(ward.target))))
    assert labelled_heads(ward) == ["health", "cyber"]
    assert labelled_heads(dataset) == ["cyber"]
    assert labels_of(dataset, np.array([1, 2])).shape == (2, 1)


def test_our_model_comes_first_and_quick_is_quick(ward):
    models = STUDIES["ward"].models(ward, quick=True, verbose=0, random_state=4)
    assert next(iter(models)) == OURS
    assert len(models) == 7
    network = models[OURS].estimator[-1]
    assert (network.max_epochs, network.random_state, network.lr_schedule) == (3, 4, "cosine")


@pytest.mark.parametrize("name", ["wustl_ehms", "physionet2012", "nsl_kdd"])
def test_what_is_set_on_a_model_is_set_on_no_later_one(ward, name):
    parameter = "teacher__trees__verbose" if name == "physionet2012" else "teacher__verbose"
    first, later = (
        STUDIES[name].models(ward, quick=True, verbose=0, random_state=0)[OURS].estimator[-1]
        for _ in range(2)
    )
    first.set_params(**{parameter: 3})
    assert later.get_params()[parameter] == 0


def test_windows_where_the_study_says_so(ward):
    steps = [
        [
            step.__class__.__name__
            for step in study.models(ward, quick=True, verbose=0, random_state=0)[OURS].estimator
        ]
        for study in STUDIES.values()
    ]
    assert [("SlidingWindow" in names) for names in steps] == [
        study.window > 1 for study in STUDIES.values()
    ]


def test_windows_hold_the_changes_of_the_vital_signs_and_of_nothing_else(ward):
    study = replace(STUDIES["ward"], window=4, vital_changes=True)
    steps = study.models(ward, quick=True, verbose=0, random_state=0)[OURS].estimator
    windows = steps[:-1].fit(ward.data)[-1]
    names = steps[0].get_feature_names_out()[list(windows.changed_channels_)]
    assert [name.removeprefix("patient_numeric__") for name in names] == ward.modalities["patient"]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_can_be_saved(study, ward, tmp_path):
    decider = study.models(ward, quick=True, verbose=0, random_state=0)[OURS]
    loaded = skdualcnn.load(skdualcnn.save(decider, tmp_path / "model.skdualcnn"))
    assert repr(loaded) == repr(decider)


def test_an_architecture_replaces_the_numbers_of_a_study_but_dropout(ward):
    study = STUDIES["physionet2012"]
    ours = study.models(ward, quick=True, verbose=0, random_state=0)[OURS]
    changed = with_architecture(ours, "compact").estimator[-1]
    assert ours.estimator[-1].conv_channels == (8,)
    assert changed.architecture == "compact"
    assert (changed.conv_channels, changed.pool_size, changed.dense_units) == (None, None, None)
    assert (changed.dense_dropout, changed.lr, changed.max_epochs) == (0.0, 1e-3, 3)


@pytest.mark.parametrize(
    ("n_rows", "n_groups", "recombined", "epochs"),
    [
        (100, 100, 20, 31),
        (100, 10, 0, MOST_EPOCHS),
        (1000, 990, 20, 10),
        (4000, 4000, 5, 10),
        (4000, 100, 0, 16),
        (50_000, 50_000, 0, 10),
    ],
)
def test_few_rows_are_visited_often_and_recombined_if_they_stand_alone(
    n_rows, n_groups, recombined, epochs
):
    table = Bunch(
        data=np.zeros((n_rows, 2)),
        groups=pd.Series(np.arange(n_rows) % n_groups),
        modalities={"patient": ["pulse"], "environment": [], "network": ["rate"]},
        split_by="groups",
    )
    parameters = study_of_table("beds", table).classifier
    assert parameters.get("recombined_rows", 0) == recombined
    assert parameters.get("dense_dropout", None) == (0.0 if recombined else None)
    assert parameters["max_epochs"] == epochs
    recording = study_of_table("beds", Bunch(**{**table, "split_by": "time"})).classifier
    assert "recombined_rows" not in recording


@pytest.mark.parametrize(("n_rows", "recombined"), [(3000, 20), (25_000, 4), (200_000, 0)])
def test_connections_stand_alone_unless_there_are_windows(n_rows, recombined):
    traffic = {"patient": [], "environment": [], "network": ["rate", "bytes"]}
    table = Bunch(data=np.zeros((n_rows, 2)), modalities=traffic, split_by="time")
    alone, windows = (study_of_table("flows", table, window=rows).classifier for rows in (1, 4))
    assert alone.get("recombined_rows", 0) == recombined
    assert "recombined_rows" not in windows
    assert alone["teacher"].max_features < windows["teacher"].max_features


def test_the_traffic_of_a_users_table_is_scaled_by_rank_and_nothing_else(ward):
    study = study_of_table("beds", ward)
    preprocessor = study.models(ward, quick=True, verbose=0, random_state=0)[OURS].estimator[0]
    filters = {name: type(one["filter"]) for name, one, _ in preprocessor.transformers[::2]}
    assert filters == {
        "patient_numeric": OutlierClipper,
        "environment_numeric": OutlierClipper,
        "network_numeric": QuantileScaler,
    }


def test_the_network_gets_the_groups(ward):
    decider = STUDIES["ward"].models(ward, quick=True, verbose=0, random_state=0)[OURS]
    seen = {}

    class Spy(type(decider.estimator[-1])):
        def fit(self, X, y, groups=None):
            seen["groups"] = groups
            return super().fit(X, y, groups=groups)

    decider.estimator[-1].__class__ = Spy
    rows = np.arange(0, len(ward.data), 2)
    fit(decider, ward, rows)
    pd.testing.assert_series_equal(seen["groups"], ward.groups.iloc[rows])
    assert decider.heads_ == ("health", "cyber")


def test_one_labelled_head_is_an_ordinary_target(ward):
    one = Bunch(**{**ward, "target": ward.target.assign(health=None)})
    decider = STUDIES["ward"].models(one, quick=True, verbose=0, random_state=0)["decision tree"]
    fit(decider, one, np.arange(len(ward.data)))
    assert decider.heads_ == (None, "cyber")


def test_thinning():
    few, many = np.arange(10), np.arange(10_000)
    np.testing.assert_array_equal(thin(few, 1), few)
    np.testing.assert_array_equal(thin(many, 8), many[-QUICK_ROWS:])
    spread = thin(many, 1)
    assert len(spread) == QUICK_ROWS
    assert (spread[0], spread[-1]) == (0, 9999)
    assert set(np.diff(spread)) == {3, 4}
