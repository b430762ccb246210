import time

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split

HEALTH = {"normal", "hypoxia", "sepsis", "arrhythmia"}
CYBER = {"normal", "dos", "spoofing", "tampering", "sql_injection"}


@pytest.fixture(scope="module")
def ward():
    return make_ward(random_state=0)


def test_default_ward(ward, check_dataset):
    check_dataset(ward)
    assert ward.data.shape == (14_400, 26)
    assert set(ward.target["health"]) == HEALTH
    assert set(ward.target["cyber"]) == CYBER
    assert ward.groups.nunique() == 20
    assert ward.split_by == "groups"
    assert "Simulated" in ward.DESCR
    assert {name: len(names) for name, names in ward.modalities.items()} == {
        "patient": 7,
        "environment": 4,
        "network": 15,
    }


def test_default_ward_is_quick():
    start = time.process_time()
    make_ward(random_state=1)
    assert time.process_time() - start < 2.0


def test_deterministic(ward):
    again = make_ward(random_state=0)
    pd.testing.assert_frame_equal(ward.data, again.data)
    pd.testing.assert_frame_equal(ward.target, again.target)
    for name, stream in ward.streams.items():
        pd.testing.assert_frame_equal(stream, again.streams[name])
    other = make_ward(random_state=np.random.RandomState(1))
    assert not other.data.equals(ward.data)


def test_first_patients_do_not_depend_on_the_number(ward):
    few = make_ward(n_patients=3, random_state=0)
    same = ward.data[(ward.groups < 3).to_numpy()]
    for name in few.data.columns:
        assert few.data[name].astype(object).equals(same[name].astype(object))


def test_rows_are_ordered(ward):
    assert ward.groups.is_monotonic_increasing
    assert str(ward.timestamps.dtype) == "datetime64[ns]"
    for _, stamps in ward.timestamps.groupby(ward.groups):
        assert (stamps.diff().dropna() == pd.Timedelta("1min")).all()


def test_every_patient_has_episodes_of_both_kinds(ward):
    abnormal = (ward.target != "normal").groupby(ward.groups).any()
    assert abnormal.all(axis=None)


def test_both_at_once_occurs(ward):
    both = (ward.target != "normal").all(axis=1)
    assert 0.005 < both.mean() < 0.1


def test_missing_values_are_few_and_values_are_physical(ward):
    missing = ward.data.isna().mean()
    assert missing.max() < 0.05
    assert missing[ward.modalities["patient"]].min() > 0
    assert ward.data["spo2"].between(50, 100).sum() == ward.data["spo2"].notna().sum()
    assert ward.data["room_humidity"].min() >= 15
    assert (ward.data["systolic_pressure"] > ward.data["diastolic_pressure"]).mean() > 0.9
    assert 60 < ward.data["heart_rate"].median() < 95
    assert 36.3 < ward.data["body_temperature"].median() < 37.3


def test_emergencies_go_the_way_of_physiology(ward):
    median = ward.data.select_dtypes("number").groupby(ward.target["health"]).median()
    assert median.loc["hypoxia", "spo2"] < median.loc["normal", "spo2"] - 5
    assert median.loc["sepsis", "body_temperature"] > median.loc["normal", "body_temperature"] + 0.5
    assert (
        median.loc["sepsis", "systolic_pressure"] < median.loc["normal", "systolic_pressure"] - 10
    )
    arrhythmic = (ward.target["health"] == "arrhythmia").to_numpy()
    spread = ward.data["heart_rate"].groupby(arrhythmic).std()
    assert spread[True] > 1.5 * spread[False]


def test_an_attack_can_look_like_an_emergency_and_the_reverse(ward):
    quiet = (ward.target == "normal").all(axis=1)
    tampered = (ward.target["cyber"] == "tampering") & (ward.target["health"] == "normal")
    rate = ward.data["heart_rate"]
    centred = (rate - rate[quiet].groupby(ward.groups[quiet]).transform("median").mean()).abs()
    assert centred[tampered].mean() > 1.5 * centred[quiet].mean()
    emergency = (ward.target["health"] != "normal") & (ward.target["cyber"] == "normal")
    packets = np.log(ward.data["packet_rate"])
    usual = packets[quiet].groupby(ward.groups[quiet]).mean()
    assert (packets - ward.groups.map(usual))[emergency].mean() > 0.2


def test_streams_have_their_own_clocks(ward):
    for modality, period in (("patient", 15), ("environment", 60), ("network", 30)):
        stream = ward.streams[modality]
        assert list(stream.columns) == ["timestamp", "patient", *ward.modalities[modality]]
        steps = stream.groupby("patient")["timestamp"].diff().dropna()
        assert (steps >= pd.Timedelta(0)).all()
        assert steps.median() == pd.Timedelta(seconds=period).round("s") or (
            abs(steps.median() - pd.Timedelta(seconds=period)) < pd.Timedelta("0.2s")
        )
        assert steps.max() > 3 * pd.Timedelta(seconds=period)
        assert (stream["timestamp"].dt.microsecond != 0).mean() > 0.9


def test_alignment_takes_the_latest_report_and_never_a_later_one(ward):
    stream = ward.streams["environment"]
    mine = stream[stream["patient"] == 4].reset_index(drop=True)
    rows = np.flatnonzero(ward.groups == 4)[::97]
    for row in rows:
        stamp = ward.timestamps[row]
        earlier = mine[mine["timestamp"] <= stamp]
        value = ward.data["room_noise"][row]
        if len(earlier) and stamp - earlier["timestamp"].iloc[-1] <= pd.Timedelta("240s"):
            assert value == earlier["room_noise"].iloc[-1]
        else:
            assert np.isnan(value)


def test_unaligned_rows_are_the_reports():
    ward = make_ward(n_patients=2, hours=2, aligned=False, random_state=0)
    assert len(ward.data) == sum(len(stream) for stream in ward.streams.values())
    present = pd.DataFrame(
        {
            modality: ward.data[names].notna().any(axis=1)
            for modality, names in ward.modalities.items()
        }
    )
    assert (present.sum(axis=1) <= 1).all()
    for _, stamps in ward.timestamps.groupby(ward.groups):
        assert stamps.is_monotonic_increasing


def test_labels_are_those_of_the_episodes(ward):
    labels = pd.DataFrame("normal", index=ward.data.index, columns=["health", "cyber"])
    for one in ward.episodes.itertuples():
        inside = (
            (ward.groups == one.patient)
            & (ward.timestamps >= one.start)
            & (ward.timestamps < one.end)
        )
        labels.loc[inside, one.head] = one.label
    assert (labels.to_numpy() == ward.target.to_numpy()).mean() > 0.9999
    assert {"masking", "flood", "slow"} < set(ward.episodes["variant"])


def test_only_an_emergency_can_be_masked():
    for seed in range(4):
        episodes = make_ward(n_patients=8, hours=24, random_state=seed).episodes
        ill = episodes[episodes["head"] == "health"]
        for one in episodes[episodes["variant"] == "masking"].itertuples():
            same = ill[ill["patient"] == one.patient]
            assert ((same["start"] < one.end) & (same["end"] > one.start)).any()


def test_rates_of_zero_mean_none():
    ward = make_ward(
        n_patients=2, hours=1, emergencies_per_day=0, attacks_per_day=0, random_state=0
    )
    assert set(ward.target["health"]) == set(ward.target["cyber"]) == {"normal"}
    assert len(ward.episodes) == 0


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"n_patients": 1, "hours": 0.02}, (1, 26)),
        ({"n_patients": np.int64(2), "hours": 1, "freq": 10}, (720, 26)),
        ({"n_patients": 2, "hours": 30, "freq": "5min"}, (720, 26)),
        ({"n_patients": 1, "hours": 1.01, "freq": pd.Timedelta("1min")}, (60, 26)),
    ],
)
def test_any_size(arguments, shape):
    ward = make_ward(**arguments, random_state=3)
    assert ward.data.shape == shape


def test_return_x_y():
    data, target = make_ward(n_patients=1, hours=1, random_state=0, return_X_y=True)
    assert len(data) == len(target) == 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_patients": 0}, "n_patients is 0"),
        ({"n_patients": 2.5}, "n_patients is 2.5, expected an integer"),
        ({"n_patients": True}, "n_patients is True"),
        ({"hours": 0}, "hours is 0"),
        ({"hours": float("inf")}, "hours is inf"),
        ({"hours": "12"}, "hours is '12'"),
        ({"hours": 0.01}, "at least one step"),
        ({"freq": "often"}, "freq is 'often'"),
        ({"freq": 0}, "freq is 0.0 seconds"),
        ({"freq": None}, "freq is"),
        ({"emergencies_per_day": -1}, "emergencies_per_day is -1"),
        ({"attacks_per_day": 1e6}, "attacks_per_day is 1000000.0"),
    ],
)
def test_wrong_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_ward(**arguments)


@pytest.mark.parametrize("head", ["health", "cyber"])
def test_heads_can_be_learned_and_not_perfectly(head):
    ward = make_ward(n_patients=24, hours=8, random_state=0)
    train, test = honest_split(ward, test_size=0.33, random_state=0)
    abnormal = (ward.target[head] != "normal").to_numpy()
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=12, random_state=0)
    scores = model.fit(ward.data.iloc[train], abnormal[train]).predict_proba(ward.data.iloc[test])
    assert 0.88 < roc_auc_score(abnormal[test], scores[:, 1]) < 0.995
