"""What is decided online is what the table decides, row by row."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from firmware_export import compile_predictor
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import load_wustl_ehms
from skdualcnn.exceptions import AlignmentError, StreamError
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import GapImputer, HampelFilter, QuantileScaler, SlidingWindow
from skdualcnn.streaming import OnlineDetector


def make_detector(case, model=None, **settings):
    model = case.decider if model is None else model
    return OnlineDetector(model, case.columns, **{"times": "naive", **case.settings, **settings})


def replay(detector, readings):
    decisions = []
    for one in readings:
        decisions += detector.push(*one)
    return decisions + detector.flush()


@pytest.mark.parametrize("name", ["case", "window_case", "changes_case", "rich_case"])
def test_float_engine_decides_like_the_table(name, assert_same, request):
    case = request.getfixturevalue(name)
    detector = make_detector(case)
    assert detector.engine == "float"
    decisions = replay(detector, case.readings())
    assert_same(decisions, case.table())
    assert {one.status for one in decisions} == {"ok"}
    counters = detector.counters
    assert counters["ticks"] == len(decisions) == len(case.rows)
    assert counters["accepted"] == sum(map(len, case.streams.values()))


def test_calibrated_heads_decide_like_the_table(case, assert_same):
    y = case.decider.estimator_.predict(case.X)
    calibrated = clone(case.decider).set_params(calibration="temperature", cv=2)
    calibrated.fit(case.X, pd.DataFrame(y, columns=["health", "cyber"]))
    assert all(one.temperature_ != 1 for one in calibrated.calibrators_)
    decisions = replay(make_detector(case, calibrated), case.readings())
    assert_same(decisions, case.table(calibrated))


@pytest.mark.parametrize("name", ["case", "window_case", "changes_case"])
def test_compiled_engine_decides_like_its_twin(name, assert_same, compiler, request):
    case = request.getfixturevalue(name)
    predictor = compile_predictor(case.decider, case.X)
    detector = make_detector(case, predictor)
    assert detector.engine == "compiled"
    assert_same(replay(detector, case.readings()), case.table(predictor.twin), tolerance=0)


def test_windows_by_device_go_through_tables(grouped_case, assert_same):
    readings = [one for one in grouped_case.readings() if one[1] in (0, 1)]
    detector = make_detector(grouped_case, by="patient")
    assert detector.engine == "exact"
    wanted = grouped_case.table()
    wanted = wanted[wanted["patient"].isin([0, 1])].reset_index(drop=True)
    assert_same(replay(detector, readings), wanted, tolerance=1e-12)


def test_tables_need_no_column_that_the_preprocessor_drops(grouped_case, assert_same):
    labels = {"health": grouped_case.X["heart_rate"] > 90, "cyber": grouped_case.X["spo2"] > 95}
    wider = FusionDecider(clone(grouped_case.decider.estimator))
    wider.fit(grouped_case.X.assign(ward="B", **labels), pd.DataFrame(labels).astype(int))
    detector = make_detector(grouped_case, wider, by="patient")
    assert detector.engine == "exact"
    readings = [one for one in grouped_case.readings() if one[1] == 1]
    wanted = grouped_case.table(wider)
    wanted = wanted[wanted["patient"] == 1].reset_index(drop=True)
    assert_same(replay(detector, readings), wanted, tolerance=1e-12)


@pytest.mark.parametrize("chosen", [["kind"], [1], [False, True], slice("kind", None)])
def test_tables_hold_categories_as_text_however_they_are_chosen(chosen):
    X = pd.DataFrame({"rate": [1.0, 2.0, 1.0, 2.0], "kind": ["a", "a", "b", "b"]})
    y = pd.DataFrame({"health": [0, 0, 1, 1], "cyber": [0, 1, 0, 1]})
    encoder = ColumnTransformer([("kind", OneHotEncoder(), chosen), ("rate", "passthrough", [0])])
    decider = FusionDecider(make_pipeline(encoder, RandomForestClassifier(5))).fit(X, y)
    detector = OnlineDetector(decider, {"network": ["rate", "kind"]}, freq=1.0)
    assert detector.engine == "exact"
    assert detector.categorical == {"kind"}


def test_sparse_windows_with_marks_go_through_tables(sparse_case, assert_same):
    readings = [one for one in sparse_case.readings() if one[1] == 3][:200]
    detector = make_detector(sparse_case)
    assert detector.engine == "exact"
    decisions = replay(detector, readings)[:-1]
    wanted = sparse_case.table()
    wanted = wanted[wanted["patient"] == 3][: len(decisions)].reset_index(drop=True)
    assert_same(decisions, wanted, tolerance=1e-12)


def clean(case, *steps):
    """Return a decider whose pipeline begins with steps, and the first patient's readings."""
    forest = RandomForestClassifier(5, max_depth=4, random_state=0)
    preprocessor = make_fusion_preprocessor(patient=list(case.X))
    y = pd.DataFrame({"health": case.X["heart_rate"] > 90, "cyber": case.X["packet_rate"] > 3})
    decider = FusionDecider(make_pipeline(*steps, preprocessor, forest))
    return decider.fit(case.X, y.astype(int)), [one for one in case.readings() if one[1] == 0]


@pytest.mark.parametrize(
    "steps",
    [
        [HampelFilter(4, 0.5)],
        [GapImputer(3)],
        [HampelFilter(3, 0.5), GapImputer(2)],
    ],
    ids=["hampel", "gaps", "both"],
)
def test_filters_see_the_rows_before(case, assert_same, steps):
    decider, readings = clean(case, *steps)
    wanted = case.table(decider)
    wanted = wanted[wanted["patient"] == 0].reset_index(drop=True)
    plain = case.table(clean(case)[0])[: len(wanted)]
    assert (wanted["p00"] != plain["p00"]).any()
    assert_same(replay(make_detector(case, decider), readings), wanted, tolerance=1e-12)


@pytest.mark.parametrize(
    "step",
    [GapImputer(), GapImputer(3, add_age=True), HampelFilter(causal=False)],
    ids=["gaps", "ages", "later rows"],
)
def test_rows_that_no_stream_keeps_are_an_error(case, step):
    decider, _ = clean(case)
    decider.estimator_.steps.insert(0, ("step", step))
    decider.set_params(estimator=decider.estimator_)
    with pytest.raises(StreamError, match="which a stream does not keep; expected a GapImputer"):
        make_detector(case, decider)


def test_any_classifier_goes_through_tables(case, assert_same):
    y = pd.DataFrame({"health": case.X["heart_rate"] > 90, "cyber": case.X["packet_rate"] > 3})
    forest = make_pipeline(
        make_fusion_preprocessor(patient=list(case.X)), MultiOutputClassifier(LogisticRegression())
    )
    decider = FusionDecider(forest).fit(case.X, y.astype(int))
    detector = make_detector(case, decider)
    assert detector.engine == "exact"
    readings = [one for one in case.readings() if one[1] == 2][:300]
    decisions = replay(detector, readings)
    wanted = case.table(decider)
    wanted = wanted[wanted["patient"] == 2][: len(decisions)].reset_index(drop=True)
    assert len(decisions) > 30
    assert_same(decisions[:-1], wanted[:-1], tolerance=1e-12)


def test_reasons_and_records_are_those_of_the_decider(case):
    decisions = replay(make_detector(case), (one for one in case.readings() if one[1] == 0))
    table = case.decider.explain_decisions(case.X[case.rows["patient"] == 0])
    assert [one.reason for one in decisions] == table["reason"].tolist()
    record = json.loads(json.dumps(decisions[0].record()))
    assert record["time"] == case.rows["time"][0].isoformat()
    for label, share in record["probabilities"]["cyber"].items():
        assert share == pytest.approx(table[f"cyber_probability_{label}"].iloc[0], abs=1e-5)


def test_readings_out_of_order_within_the_lateness(window_case, assert_same):
    readings = list(window_case.readings())
    shuffled = sorted(
        readings,
        key=lambda one: one[2] + pd.Timedelta(seconds=random.Random(str(one)).random() * 90),
    )
    assert shuffled != readings
    detector = make_detector(window_case, lateness="95s")
    assert_same(replay(detector, shuffled), window_case.table())
    assert detector.counters["late"] == 0
    hasty = make_detector(window_case)
    replay(hasty, shuffled)
    assert hasty.counters["late"] > 0


def _wustl(real_data):
    dataset = load_wustl_ehms(real_data / "wustl_ehms_2020")
    train, test = honest_split(dataset)
    network = DualPathCNNClassifier(
        conv_channels=(8,), dense_units=16, lr=3e-3, batch_size=256, max_epochs=2, random_state=0
    )
    preprocessor = make_fusion_preprocessor(**dataset.modalities, noise_filter=QuantileScaler())
    decider = FusionDecider(make_pipeline(preprocessor, SlidingWindow(8), network))
    decider.fit(dataset.data.iloc[train], dataset.target["cyber"].iloc[train])
    return decider, dataset, train, test


def test_wustl_ehms_row_by_row(compiler, real_data):
    decider, dataset, train, test = _wustl(real_data)
    X = dataset.data.iloc[test]
    streams = {name: list(columns) for name, columns in dataset.modalities.items() if len(columns)}
    rows = {name: X[columns].to_dict("records") for name, columns in streams.items()}
    predictor = compile_predictor(decider, dataset.data.iloc[train])
    for model, offline in ((decider, decider), (predictor, predictor.twin)):
        detector = OnlineDetector(model, streams, freq=1.0)
        decisions = []
        for i in range(len(X)):
            for name, values in rows.items():
                decisions += detector.push(name, "monitor", i, values[i])
        decisions += detector.flush()
        assert [one.time for one in decisions] == list(range(len(X)))
        np.testing.assert_array_equal([one.decision for one in decisions], offline.predict(X))
        shares = np.array([list(one.probabilities["cyber"].values()) for one in decisions])
        assert np.abs(shares - offline.predict_proba(X)).max() <= 1e-5


@pytest.fixture(scope="module")
def toy():
    """Return a function that makes detectors of two streams, with ticks of a second."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"pulse": rng.random(80), "rate": rng.random(80), "port": rng.choice(["a", "b"], 80)}
    )
    X.loc[::7, "pulse"] = np.nan
    y = pd.DataFrame({"health": X["rate"] > 0.7, "cyber": X["port"] == "a"}).astype(int)
    pipeline = make_pipeline(
        make_fusion_preprocessor(patient=["pulse"], network=["rate", "port"]),
        SlidingWindow(3),
        DualPathCNNClassifier(conv_channels=(4,), dense_units=4, max_epochs=1, random_state=0),
    )
    decider = FusionDecider(pipeline).fit(X, y)
    columns = {"patient": ["pulse"], "network": ["rate", "port"]}

    def build(**settings):
        return OnlineDetector(decider, columns, **{"freq": 1.0, **settings})

    return build


GOOD = ("network", "bed", 5.5, {"rate": 0.5, "port": "a"})


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("late", {"time": 3.5}),
        ("duplicate", {}),
        ("unknown_stream", {"stream": "weather"}),
        ("unknown_stream", {"stream": ["network"]}),
        ("unknown_column", {"values": {"rate": 0.5, "port": "a", "more": 1}}),
        ("missing_column", {"values": {"rate": 0.5}}),
        ("bad_device", {"device": None}),
        ("bad_device", {"device": ["bed"]}),
        ("bad_device", {"device": True}),
        ("bad_time", {"time": np.nan}),
        ("bad_time", {"time": None}),
        ("bad_time", {"time": "5.6"}),
        ("bad_time", {"time": 10**400}),
        ("bad_time", {"time": datetime(2024, 1, 1, tzinfo=UTC)}),
        ("bad_value", {"values": None}),
        ("bad_value", {"values": {"rate": "0.5", "port": "a"}}),
        ("bad_value", {"values": {"rate": 0.5, "port": b"a"}}),
        ("bad_value", {"values": {"rate": 1j, "port": "a"}}),
        ("infinite_value", {"values": {"rate": -np.inf, "port": "a"}}),
        ("infinite_value", {"values": {"rate": 1e39, "port": "a"}}),
        ("infinite_value", {"values": {"rate": 10**400, "port": "a"}}),
        ("oversized", {"values": {"rate": 0.5, "port": "a" * 1000}}),
        ("oversized", {"values": dict.fromkeys(range(1000))}),
        ("oversized", {"device": "b" * 1000}),
        ("jumped", {"time": 1e6}),
        ("jumped", {"time": -1e6}),
    ],
)
def test_unusable_readings_are_counted_and_change_nothing(toy, kind, changes):
    disturbed, calm = toy(), toy()
    good = dict(zip(("stream", "device", "time", "values"), GOOD, strict=True))
    for detector in (disturbed, calm):
        detector.push(**good | {"time": 4.2})
        assert len(detector.push(**good)) == 1
    assert disturbed.push(**good | changes) == []
    assert {name for name, n in disturbed.counters.items() if n != calm.counters[name]} == {kind}
    after = good | {"time": 6.5}
    assert disturbed.push(**after) == calm.push(**after)
    assert disturbed.flush() == calm.flush()


def test_messages(toy):
    detector = toy()
    good = dict(zip(("stream", "device", "time", "values"), GOOD, strict=True))
    for bad in (None, [], {}, good | {"more": 1}, {"stream": "network"}):
        assert detector.push_message(bad) == []
    assert detector.counters["bad_message"] == 5
    detector.push_message(good)
    assert [one.time for one in detector.push_message(good | {"time": 6.1})] == [6.0]


def test_a_flood_is_refused(toy):
    detector = toy()
    for i in range(300):
        detector.push("network", "bed", 5 + i / 1000, {"rate": 0.5, "port": "a"})
    assert detector.counters["crowded"] == 300 - 1 - 256  # the one at 5.0 is of the tick before


def test_devices_beyond_the_limit_are_forgotten(toy):
    detector = toy(max_devices=2)
    for device in ("a", "b", "a", "c"):
        detector.push("patient", device, detector.counters["accepted"] / 10, {"pulse": None})
    assert detector.devices == ["a", "c"]
    assert detector.counters["dropped_devices"] == 1


def test_a_clock_that_was_set_anew_restarts_the_device(toy):
    detector = toy(max_gap=10)
    detector.push(*GOOD)
    answers = [
        detector.push("network", "bed", 1e6 + i, {"rate": 0.1, "port": "b"}) for i in range(5)
    ]
    assert [[one.time for one in some] for some in answers] == [
        [],
        [],
        [6.0],  # what the old clock had left
        [1e6 + 2],
        [1e6 + 3],
    ]
    assert detector.counters["jumped"] == 2
    assert detector.counters["restarted_devices"] == 1


def test_advance_closes_ticks_and_gives_up_silent_devices(toy):
    detector = toy(lateness=2, max_gap=10)
    detector.push(*GOOD)
    assert detector.advance(8.0) == []
    assert [one.time for one in detector.advance(9.5)] == [6.0, 7.0]
    assert [one.time for one in detector.advance(1000.0)] == [*range(8, 16)]
    assert detector.push("network", "bed", 14.0, GOOD[3]) == []
    assert detector.counters["late"] == 1
    with pytest.raises(StreamError, match="The time is 'now', expected one of the kind 'seconds'"):
        detector.advance("now")


def test_rows_with_gaps_that_nothing_fills_are_refused(toy):
    X = np.random.default_rng(0).random((40, 4))
    decider = FusionDecider(DualPathCNNClassifier(max_epochs=1, random_state=0))
    decider.fit(X, (X[:, :2] > 0.5).astype(int))
    detector = OnlineDetector(decider, {"all": ["x0", "x1", "x2", "x3"]}, freq=1)
    detector.push("all", 1, 0, dict.fromkeys(["x0", "x1", "x2", "x3"], np.nan))
    [refused] = detector.push("all", 1, 1, dict.fromkeys(["x0", "x1", "x2", "x3"], 3e38))
    assert (refused.status, refused.decision, refused.probabilities) == ("missing", None, {})
    assert "missing" in refused.reason
    detector.push("all", 2, 1, dict.fromkeys(["x0", "x1", "x2", "x3"], 0.5))
    overflown, fine = detector.flush()
    assert (overflown.status, overflown.decision) == ("infinite", None)
    assert fine.status == "ok"
    assert detector.counters["refused_rows"] == 2


@pytest.mark.parametrize("kind", ["float", "compiled", "exact"])
def test_restored_detector_goes_on_identically(kind, window_case, grouped_case, tmp_path, request):
    if kind == "compiled":
        request.getfixturevalue("compiler")
    case = grouped_case if kind == "exact" else window_case
    predictor = compile_predictor(case.decider, case.X) if kind == "compiled" else case.decider
    detector = make_detector(
        case, predictor, lateness="1min", by="patient" if kind == "exact" else None
    )
    assert detector.engine == kind
    readings = list(case.readings())[: 900 if kind == "exact" else None]
    middle = len(readings) // 2
    for one in readings[:middle]:
        detector.push(*one)
    restored = OnlineDetector.restore(detector.save(tmp_path / "state"), predictor)
    assert restored.counters == detector.counters
    assert restored.devices == detector.devices
    decisions = replay(detector, readings[middle:])
    assert len(decisions) > 50
    assert replay(restored, readings[middle:]) == decisions
    assert restored.counters == detector.counters


def test_state_of_another_model_or_no_state(case, window_case, rich_case, tmp_path):
    detector = make_detector(rich_case)
    for one in list(rich_case.readings())[:50]:
        detector.push(*one)
    path = detector.save(tmp_path / "state")
    OnlineDetector.restore(path, rich_case.decider)
    with pytest.raises(StreamError, match="The model reads"):
        OnlineDetector.restore(path, case.decider)
    path = make_detector(case).save(tmp_path / "state")
    with pytest.raises(StreamError, match="Restore it with the model it was saved with"):
        OnlineDetector.restore(path, window_case.decider)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"freq": -1}, "freq is -1, expected more than zero"),
        ({"freq": "60"}, "freq is '60', expected a time with its unit"),
        ({"lateness": -1}, "lateness is -1, expected zero or more"),
        ({"max_gap": 0.5}, "max_gap is 0.5, expected at least freq"),
        ({"max_devices": 0}, "max_devices is 0"),
        ({"times": "utc"}, "times is 'utc', expected one of"),
        ({"aggregate": "median"}, "expected some of"),
        ({"aggregate": None}, "aggregate of 'pulse' is None, expected some of"),
        ({"aggregate": {"network": 5}}, "aggregate of 'rate' is 5, expected some of"),
        ({"tolerance": {"weather": 3}}, "names the stream"),
        ({"aggregate": {"patient": "mean", "network": ["last", "age"]}}, "which the streams do no"),
    ],
)
def test_settings_out_of_range(toy, settings, message):
    with pytest.raises((StreamError, AlignmentError), match=message):
        toy(**settings)


def test_models_and_streams_that_do_not_fit(case):
    with pytest.raises(StreamError, match="The model is a LogisticRegression, expected a fitted"):
        make_detector(case, LogisticRegression())
    with pytest.raises(StreamError, match=r"reads \['room_temperature'.*without other columns"):
        OnlineDetector(
            case.decider,
            {name: case.columns[name] for name in ("patient", "network")},
            freq=60,
        )
    for columns in ("pulse", None, 5):
        with pytest.raises(StreamError, match="expected a list of names"):
            OnlineDetector(case.decider, {"patient": columns}, freq=60)
    with pytest.raises(StreamError, match=r"streams is \{\}, expected the columns"):
        OnlineDetector(case.decider, {}, freq=60)


def test_threads_may_push_at_the_same_time(case):
    detector = make_detector(case)
    by_patient = {n: [one for one in case.readings() if one[1] == n][:200] for n in range(4)}
    with ThreadPoolExecutor(4) as pool:
        parallel = list(
            pool.map(
                lambda some: [d for one in some for d in detector.push(*one)], by_patient.values()
            )
        )
    for n, decisions in enumerate(parallel):
        alone = make_detector(case)
        assert [d for one in by_patient[n] for d in alone.push(*one)] == decisions


def test_times_with_a_zone_come_back_in_utc(toy):
    detector = toy(times="aware")
    start = pd.Timestamp("2024-10-27 03:30", tz="Europe/Vienna")
    detector.push("patient", 7, start, {"pulse": 0.5})
    [one] = detector.push("patient", 7, start + pd.Timedelta("1s"), {"pulse": 0.5})
    assert one.time == start
    assert str(one.time.tz) == "UTC"
    detector.push("patient", 7, start.tz_localize(None), {"pulse": 0.5})
    assert detector.counters["bad_time"] == 1


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.complex_numbers(),
    st.decimals(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([np.float32(0.5), np.nan, pd.NA, pd.NaT, np.datetime64("NaT"), b"x", object]),
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    JUNK | st.sampled_from(["patient", "network"]),
    JUNK,
    JUNK | st.floats(0, 20),
    JUNK | st.dictionaries(st.sampled_from(["pulse", "rate", "port"]) | st.text(), JUNK),
)
def test_anything_may_be_pushed(toy, stream, device, time, values):
    for kind in ("seconds", "naive", "aware"):
        detector = toy(times=kind)
        detector.push(stream, device, time, values)
        detector.push_message(values)
        detector.flush()
        counters = detector.counters
        outcomes = ("ticks", "refused_rows")
        assert sum(n for name, n in counters.items() if name not in outcomes) == 2
