"""Alarms on what has changed, naming it, and few where nothing has."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from skdualcnn import FusionDecider, load, save
from skdualcnn.datasets import make_ward
from skdualcnn.drift import DriftMonitor


def _alarms(monitor, batches):
    return pd.DataFrame([monitor.check(X, y).parts["alarm"] for X, y in batches])


def test_patients_never_seen_raise_about_the_promised_share_of_alarms(monitor, batches):
    found = _alarms(monitor, batches(make_ward(n_patients=16, hours=6, random_state=2)))
    assert monitor.false_alarm_rate_ == pytest.approx(0.04, abs=0.011)
    assert len(found) == 48
    # of 48 batches at 5 %, three times as many would be less likely than 1 in 10,000
    assert (found.mean() <= 0.17).all()


def _stuck(X):
    return X.assign(spo2=X["spo2"].ffill().bfill().iloc[0])


def _offset(X):
    return X.assign(heart_rate=X["heart_rate"] + 60)


def _silent(X):
    return X.assign(body_temperature=np.nan)


def _new_device(X):
    device_type = X["device_type"].astype(object).where(X["device_type"].isna(), "infusion pump")
    return X.assign(device_type=device_type, payload_length=X["payload_length"] * 3)


def _sun(X):
    return X.assign(room_temperature=X["room_temperature"] + 8)


@pytest.mark.parametrize(
    ("change", "part", "column"),
    [
        (_stuck, "patient", "spo2"),
        (_offset, "patient", "heart_rate"),
        (_silent, "patient", "body_temperature"),
        (_new_device, "network", "device_type"),
        (_sun, "environment", "room_temperature"),
    ],
)
def test_the_modality_that_moved_is_named(monitor, batches, change, part, column):
    ward = make_ward(n_patients=6, hours=4, random_state=3)
    reports = [monitor.check(X) for X, _ in batches(ward, change)]
    others = {"patient", "environment", "network"} - {part}
    named = np.mean([part in report.alarms for report in reports])
    mistaken = np.mean([any(other in report.alarms for other in others) for report in reports])
    assert named >= 0.9
    assert mistaken <= 0.25
    farthest = [report.parts["column"][part] for report in reports]
    assert np.mean([one == column for one in farthest]) > 0.5
    assert str(reports[0]).startswith(f"{part} moved: ") or part not in reports[0].alarms


def _in_order_of_time(seeds, **parameters):
    """Return the rows of several wards, each in the order of time, and the ward of each row."""
    wards = [make_ward(n_patients=6, hours=6, random_state=seed, **parameters) for seed in seeds]
    rows = [ward.data.iloc[ward.timestamps.argsort(kind="stable")] for ward in wards]
    return pd.concat(rows), np.repeat(seeds, [len(one) for one in rows])


def test_a_changed_case_mix_moves_the_predictions(decider, reference):
    X, wards = _in_order_of_time(range(10, 24))
    monitor = DriftMonitor(decider, reference.modalities, batch_size=1080).fit(X, groups=wards)
    share = {}
    for rate in (6.0, 100.0):
        rows, _ = _in_order_of_time(range(30, 42), emergencies_per_day=rate)
        reports = [monitor.check(rows[i : i + 1080]) for i in range(0, len(rows), 1080)]
        share[rate] = np.mean(["predictions" in report.alarms for report in reports])
    assert share[100.0] >= 0.9
    assert share[6.0] <= 0.2


def test_labels_that_no_longer_fit_the_scores_are_a_matter_of_calibration(monitor, batches):
    ward = make_ward(n_patients=4, hours=4, random_state=5)
    for X, y in batches(ward):
        wrong = y.assign(cyber=np.where(y["cyber"] == "normal", "dos", "normal"))
        report = monitor.check(X, wrong)
        assert "calibration" in report.alarms
        assert report.parts["column"]["calibration"] == "cyber"
        assert "calibration" not in monitor.check(X).parts.index


def test_labels_that_are_all_missing_say_nothing_of_calibration(monitor, batches):
    X, y = next(batches(make_ward(n_patients=1, hours=2, random_state=5)))
    unknown = pd.DataFrame(None, index=y.index, columns=y.columns, dtype=object)
    assert "calibration" not in monitor.check(X, unknown).parts.index


def test_scores_may_be_given(monitor, decider, batches):
    X, y = next(batches(make_ward(n_patients=1, hours=2, random_state=5)))
    given = monitor.check(X, y, scores=decider.decision_function(X))
    pd.testing.assert_frame_equal(given.parts, monitor.check(X, y).parts)
    with pytest.raises(ValueError, match=r"scores has shape \(120, 3\), expected \(120, 2\)"):
        monitor.check(X, scores=np.zeros((120, 3)))


def test_the_reference_is_saved_with_the_model(monitor, batches, tmp_path):
    loaded = load(save(monitor, tmp_path / "monitor.safetensors"))
    X, y = next(batches(make_ward(n_patients=1, hours=2, random_state=5), _offset))
    pd.testing.assert_frame_equal(loaded.check(X, y).parts, monitor.check(X, y).parts)


def test_without_groups_stretches_of_time_are_left_out(decider, reference):
    monitor = DriftMonitor(decider, reference.modalities, batch_size=60).fit(reference.data)
    assert monitor.n_batches_ == 90
    assert set(monitor.thresholds_) == {"patient", "environment", "network", "predictions"}
    with pytest.raises(ValueError, match="y was given, but the reference had no labels"):
        monitor.check(reference.data, reference.target)


def test_too_few_batches_are_told(decider, reference):
    few = reference.groups < 4
    with pytest.warns(UserWarning, match=r"has 12 batches, too few for false_alarm_rate=0.05"):
        monitor = DriftMonitor(decider, reference.modalities, batch_size=120).fit(
            reference.data[few], groups=reference.groups[few]
        )
    assert monitor.false_alarm_rate_ == pytest.approx(1 / 13)
    one = reference.groups == 0
    with pytest.raises(ValueError, match=r"in 1 group\(s\), .* expected at least two groups"):
        monitor.fit(reference.data[one], groups=reference.groups[one])


def test_what_cannot_be_compared_is_an_error(monitor, reference):
    with pytest.raises(ValueError, match=r"X lacks the column\(s\) \['spo2'\]"):
        monitor.check(reference.data.drop(columns="spo2"))
    with pytest.raises(ValueError, match="X has no row"):
        monitor.check(reference.data[:0])
    three = reference.target.assign(fall="normal")
    for y in (reference.target["health"], three):
        with pytest.raises(ValueError, match=r"for each of the heads \['health', 'cyber'\]"):
            monitor.check(reference.data, y)
    with pytest.raises(ValueError, match=r"The labels of the health head are \[1\], expected"):
        monitor.check(reference.data, reference.target.assign(health=1))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        monitor.check(reference.data, reference.target[1:])


def test_labels_of_another_head_are_not_taken_for_those_of_one(reference):
    X, y = reference.data[["heart_rate", "packet_rate"]].fillna(0.0), reference.target
    cyber = (y["cyber"] != "normal").astype(int)
    decider = FusionDecider(DecisionTreeClassifier(max_depth=2, random_state=0)).fit(X, cyber)
    monitor = DriftMonitor(decider, {"network": ["packet_rate"]}, batch_size=120)
    with pytest.raises(ValueError, match=r"y has 2 column\(s\) \['health', 'cyber'\], expected"):
        monitor.fit(X, y, groups=reference.groups)


def test_a_modality_does_not_take_the_place_of_the_scores(decider, reference):
    monitor = DriftMonitor(decider, {"predictions": ["spo2"]}, batch_size=120)
    with pytest.raises(ValueError, match=r"modalities has \['predictions'\], names under which"):
        monitor.fit(reference.data, groups=reference.groups)


def test_a_column_is_in_a_modality_once(monitor, reference):
    twice = DriftMonitor(monitor.decider, {"patient": ["spo2", "spo2"]}, batch_size=120)
    with pytest.raises(ValueError, match=r"'patient' has the column\(s\) \['spo2', 'spo2'\], exp"):
        twice.fit(reference.data, groups=reference.groups)
    copied = pd.concat([reference.data, reference.data[["spo2"]]], axis=1)
    with pytest.raises(ValueError, match=r"'spo2', 'spo2'.*, expected each once"):
        monitor.check(copied)


def test_columns_may_have_numbers_for_names():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 2)))
    y = pd.DataFrame({"health": X[0] > 1, "cyber": X[1] > 1}).astype(int)
    decider = FusionDecider(DecisionTreeClassifier(random_state=0)).fit(X[:500], y[:500])
    monitor = DriftMonitor(decider, {"patient": [0], "network": [1]}, batch_size=50).fit(X[500:])
    report = monitor.check(X[:50] * [0, 1])
    assert report.alarms[0] == "patient"
    assert report.parts.loc["patient", "column"] == "0"
