import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.datasets import make_ward
from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing import StreamClock, align_streams, estimate_clock

VALUES = {"patient": "pulse", "network": "packets"}
EVERYTHING = ["last", "last_valid", "age", "mean", "min", "max", "count"]
thorough = settings(derandomize=True, deadline=None, max_examples=15)


@st.composite
def readings(draw):
    """Two streams of two patients with irregular, repeated and disordered stamps."""
    streams = {}
    for name, column in VALUES.items():
        n = draw(st.integers(1, 25))
        frame = pd.DataFrame(
            {
                "time": draw(st.lists(st.integers(0, 60), min_size=n, max_size=n)),
                "patient": draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)),
                column: draw(
                    st.lists(st.sampled_from([np.nan, 1.0, 2.0, 5.0]), min_size=n, max_size=n)
                ),
                "received": draw(st.lists(st.integers(0, 80), min_size=n, max_size=n)),
            }
        )
        streams[name] = frame.astype({"time": float, "received": float})
    return streams


def naive(frame, column, patient, t, freq, *, tolerance, arrival):
    """One row by the definitions in the docstring, reading by reading."""
    mine = frame[frame["patient"] == patient].drop(columns="patient")
    known = mine[["time", "received"]].max(axis=1) if arrival else mine["time"]
    mine = mine.assign(known=known).sort_values(["time", "known"], kind="stable")
    mine = mine.drop_duplicates("time")
    mine = mine[mine["known"] <= t]
    near = mine[mine["time"] >= t - tolerance]
    valid = mine[mine[column].notna()]
    valid = valid[valid["time"] >= t - tolerance]
    inside = mine[mine["time"] > t - freq][column]
    return [
        near[column].iloc[-1] if len(near) else np.nan,
        valid[column].iloc[-1] if len(valid) else np.nan,
        t - valid["time"].iloc[-1] if len(valid) else np.nan,
        inside.mean(),
        inside.min(),
        inside.max(),
        inside.count(),
        t - near["time"].iloc[-1] if len(near) else np.nan,
    ]


@thorough
@given(readings(), st.sampled_from([4.0, 7.5]), st.sampled_from([5.0, 1000.0]), st.booleans())
def test_every_row_is_that_of_the_definition(streams, freq, tolerance, arrival):
    aligned = align_streams(
        streams if arrival else {k: v.drop(columns="received") for k, v in streams.items()},
        on="time",
        by="patient",
        freq=freq,
        tolerance=tolerance,
        aggregate=EVERYTHING,
        age=True,
        arrival="received" if arrival else None,
    ).data
    for name, frame in streams.items():
        column = VALUES[name]
        columns = [*(f"{column}_{statistic}" for statistic in EVERYTHING), f"{name}_age"]
        expected = [
            naive(frame, column, row.patient, row.time, freq, tolerance=tolerance, arrival=arrival)
            for row in aligned.itertuples()
        ]
        np.testing.assert_allclose(aligned[columns].to_numpy(dtype=float), np.array(expected))


@thorough
@given(readings(), st.integers(0, 60), st.booleans())
def test_the_future_changes_nothing_in_the_past(streams, now, arrival):
    def rows(streams):
        if not arrival:
            streams = {name: frame.drop(columns="received") for name, frame in streams.items()}
        aligned = align_streams(
            streams,
            on="time",
            by="patient",
            freq=5,
            aggregate=EVERYTHING,
            age=True,
            arrival="received" if arrival else None,
            start=0,
            end=80,
        ).data
        return aligned[aligned["time"] <= now].reset_index(drop=True)

    changed = {}
    for name, frame in streams.items():
        known = frame[["time", "received"]].max(axis=1) if arrival else frame["time"]
        future = known > now
        values = frame[VALUES[name]].mask(future, 99.0)
        stamps = frame["time"] if arrival else frame["time"].mask(future, frame["time"] + 7)
        changed[name] = frame.assign(**{VALUES[name]: values, "time": stamps})
    pd.testing.assert_frame_equal(rows(streams), rows(changed))


@thorough
@given(readings(), st.randoms(use_true_random=False))
def test_patients_do_not_mix_and_the_order_of_streams_does_not_matter(streams, random):
    streams = {name: frame.drop(columns="received") for name, frame in streams.items()}
    options = {"on": "time", "freq": 5, "start": 0, "end": 60, "aggregate": EVERYTHING}
    together = align_streams(streams, by="patient", **options).data
    for patient, mine in together.groupby("patient"):
        alone = align_streams(
            {
                name: frame[frame["patient"] == patient].drop(columns="patient")
                for name, frame in streams.items()
            },
            **options,
        ).data
        ours = mine.drop(columns="patient").reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, alone, check_dtype=False)
    backwards = dict(reversed(streams.items()))
    pd.testing.assert_frame_equal(
        align_streams(backwards, by="patient", **options).data[together.columns], together
    )


def test_nearest_and_forward_are_what_they_say():
    stream = pd.DataFrame({"time": [0.0, 18.0, 32.0], "value": [0, 18, 32]})
    options = {"on": "time", "freq": 10, "age": True, "start": 0, "end": 40}
    by_method = {
        method: align_streams({"s": stream}, method=method, **options).data
        for method in ("backward", "nearest", "forward")
    }
    assert by_method["backward"]["value"].tolist() == [0, 0, 18, 18, 32]
    assert by_method["nearest"]["value"].tolist() == [0, 18, 18, 32, 32]
    assert by_method["forward"]["value"].tolist()[:4] == [0, 18, 32, 32]
    assert np.isnan(by_method["forward"]["value"].iloc[4])
    assert by_method["nearest"]["s_age"].tolist() == [0, -8, 2, -2, 8]
    near = align_streams({"s": stream}, method="nearest", tolerance=2, **options).data["value"]
    np.testing.assert_array_equal(near, [0, np.nan, 18, 32, np.nan])


def test_a_reading_at_the_edge_belongs_to_the_interval_it_ends():
    stream = pd.DataFrame({"time": [0.1 * i for i in range(31)], "value": 1})
    counts = align_streams({"s": stream}, on="time", freq=0.3, aggregate="count").data
    np.testing.assert_allclose(counts["time"], 0.3 * np.arange(11))
    assert counts["value"].tolist() == [1, *[3] * 10]


def test_clocks_that_are_off_are_put_right():
    """A known offset and drift, estimated from shared events, gives the table of good clocks."""
    rng = np.random.default_rng(0)
    true = np.sort(rng.uniform(0, 7200, 600)).round(3)
    monitor = pd.DataFrame({"time": true, "message": range(600), "pulse": rng.normal(80, 5, 600)})
    gateway = pd.DataFrame({"time": true[::3], "message": range(0, 600, 3), "packets": 1.0})
    wrong = monitor.assign(time=true + 42.0 + 1e-4 * true)
    pairs = wrong.merge(gateway, on="message", suffixes=("_monitor", "_gateway"))
    clock = estimate_clock(pairs["time_monitor"], pairs["time_gateway"])
    options = {"on": "time", "freq": 60, "aggregate": {"monitor": ["last", "mean", "count"]}}
    good = align_streams({"monitor": monitor, "gateway": gateway}, **options).data
    corrected, uncorrected = (
        align_streams({"monitor": wrong, "gateway": gateway}, clocks=clocks, **options).data
        for clocks in ({"monitor": clock}, None)
    )
    pd.testing.assert_frame_equal(corrected, good)
    assert (uncorrected["pulse_mean"].iloc[:100] != good["pulse_mean"].iloc[:100]).mean() > 0.9


def test_every_device_may_have_its_own_clock():
    stream = pd.DataFrame({"time": [10.0, 15.0], "device": ["a", "b"], "value": [1.0, 2.0]})
    aligned = align_streams(
        {"s": stream}, on="time", by="device", freq=5, clocks={"s": {"b": StreamClock(offset=5)}}
    )
    assert aligned.data["time"].tolist() == [10, 10]


def test_the_raw_streams_of_the_ward_give_back_its_table():
    ward = make_ward(n_patients=3, hours=3, random_state=0)
    aligned = align_streams(
        ward.streams,
        on="timestamp",
        by="patient",
        freq="1min",
        tolerance={"patient": "60s", "environment": "240s", "network": "120s"},
        start=ward.timestamps.min(),
        end=ward.timestamps.max(),
    )
    pd.testing.assert_frame_equal(aligned.data[list(ward.data.columns)], ward.data)
    pd.testing.assert_series_equal(aligned.data["timestamp"], ward.timestamps, check_names=False)
    assert aligned.report.n_groups == 3


def test_the_report_counts_every_reading():
    patient = pd.DataFrame(
        {
            "time": [31.0, 5.0, 5.0, np.nan, 35.0, 100.0],
            "received": [31.0, 6.0, 7.0, 8.0, 70.0, 100.0],
            "pulse": range(6),
        }
    )
    room = pd.DataFrame({"time": [29.0], "noise": [40.0]})
    report = align_streams(
        {"patient": patient, "room": room}, on="time", freq=30, arrival="received", end=90
    ).report
    assert report.table.loc["patient"].to_dict() == {
        "readings": 6,
        "no_stamp": 1,
        "duplicates": 1,
        "disordered": 2,
        "late": 1,
        "outside": 1,
        "fresh": 2,
        "carried": 1,
        "missing": 0,
        "empty": 0.0,
        "median_age": 29.0,
    }
    assert report.table.loc["room", ["fresh", "carried", "missing"]].tolist() == [1, 2, 0]
    assert "3 rows, 1 group(s), every 30 s" in str(report)
    assert max(len(line) for line in str(report).splitlines()) <= 80


def test_zones_and_their_absence():
    berlin = pd.DataFrame(
        {"time": pd.to_datetime(["2024-03-31 01:59"]).tz_localize("Europe/Berlin"), "a": [1.0]}
    )
    london = pd.DataFrame(
        {"time": pd.to_datetime(["2024-03-31 01:00"]).tz_localize("UTC"), "b": [2.0]}
    )
    aligned = align_streams({"berlin": berlin, "london": london}, on="time", freq="1min").data
    assert aligned["time"].iloc[0] == pd.Timestamp("2024-03-31 00:59", tz="UTC")
    assert aligned.iloc[1].tolist() == [pd.Timestamp("2024-03-31 01:00", tz="UTC"), 1, 2]
    naive_stream = london.assign(time=london["time"].dt.tz_localize(None))
    with pytest.raises(AlignmentError, match=r"different kinds: .*dt\.tz_localize"):
        align_streams({"berlin": berlin, "london": naive_stream}, on="time", freq="1min")
    with pytest.raises(AlignmentError, match="different kinds"):
        align_streams({"berlin": berlin, "s": london.assign(time=1.0)}, on="time", freq="1min")
    with pytest.raises(AlignmentError, match="expected one of times with a zone"):
        align_streams({"berlin": berlin}, on="time", freq="1min", start="2024-03-31")


def test_text_and_categories_keep_their_dtype():
    stream = pd.DataFrame(
        {"time": [0.0, 70.0], "protocol": pd.Categorical(["mqtt", "http"]), "topic": ["a", "b"]}
    )
    data = align_streams({"s": stream}, on="time", freq=60, aggregate={"s": ["last", "count"]}).data
    assert data["protocol_last"].tolist() == ["mqtt", "mqtt", "http"]
    assert isinstance(data["protocol_last"].dtype, pd.CategoricalDtype)
    assert data["topic_count"].tolist() == [1, 0, 1]


def test_several_columns_make_a_group():
    stream = pd.DataFrame(
        {"time": [0.0, 0.0, 60.0], "ward": [1, 1, 2], "bed": ["x", "y", "x"], "v": [1.0, 2.0, 3.0]}
    )
    data = align_streams({"s": stream}, on="time", by=["ward", "bed"], freq=60).data
    assert data[["ward", "bed", "v"]].values.tolist() == [[1, "x", 1], [1, "y", 2], [2, "x", 3]]


FRAME = pd.DataFrame({"time": [1.0, 2.0], "id": [1, 2], "value": [1.0, 2.0], "name": ["a", "b"]})


def test_a_polars_frame_is_refused_with_the_way_out():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"timestamp": [0.0], "spo2": [97.0]})
    with pytest.raises(AlignmentError, match=r"is a polars DataFrame, .* \.to_pandas\(\)"):
        align_streams({"s": frame}, freq="1s", on="timestamp")


@pytest.mark.parametrize(
    ("streams", "options", "message"),
    [
        ({}, {}, "a mapping of one stream or more"),
        ({"s": [1.0]}, {}, "Stream 's' is a list, expected a pandas DataFrame"),
        ({"s": FRAME}, {"on": "stamp"}, r"'s' has no column\(s\) \['stamp'\]"),
        ({"s": FRAME}, {"by": "patient"}, r"no column\(s\) \['patient'\]"),
        ({"s": FRAME}, {"on": "name"}, "Convert text with pandas.to_datetime"),
        ({"s": FRAME}, {"method": "linear"}, "method is 'linear'"),
        ({"s": FRAME}, {"freq": "soon"}, "freq is 'soon', expected a time with its unit, such as"),
        ({"s": FRAME}, {"freq": 0}, "expected more than zero"),
        ({"s": FRAME}, {"start": np.nan}, "start is nan, expected one of numbers of seconds"),
        ({"s": FRAME}, {"tolerance": {"t": 1}}, r"tolerance names the stream\(s\) \['t'\]"),
        ({"s": FRAME}, {"tolerance": -1}, "tolerance of stream 's' is -1"),
        ({"s": FRAME}, {"aggregate": "median"}, "aggregate of 'id' is 'median'"),
        ({"s": FRAME}, {"aggregate": None}, "aggregate of 'id' is None, expected some of"),
        ({"s": FRAME}, {"aggregate": {"s": {"id": 5}}}, "aggregate of 'id' is 5, expected some"),
        ({"s": FRAME}, {"aggregate": []}, r"aggregate of 'id' is \[\], expected some of"),
        ({"s": FRAME}, {"aggregate": {"s": {"x": "last"}}}, "names the column 'x'"),
        ({"s": FRAME}, {"aggregate": "mean"}, r"\['mean'\] of 'name' in stream 's'"),
        ({"s": FRAME, "t": FRAME}, {}, r"Column\(s\) \['id', 'value', 'name'\] of stream 't'"),
        ({"s": FRAME}, {"arrival": "received"}, "No stream has the column"),
        ({"s": FRAME}, {"arrival": "id", "method": "nearest"}, "looks into the future"),
        ({"s": FRAME}, {"clocks": {"s": 5}}, "is a int, expected a StreamClock"),
        ({"s": FRAME}, {"by": "id", "clocks": {"s": {7: StreamClock()}}}, r"group\(s\) \[7\]"),
        ({"s": FRAME.assign(time=[0.0, 1e9])}, {"freq": 1}, "The grid would have 1,000,000,001"),
        (
            {"s": FRAME[["time", "id"]], "t": FRAME[["time"]].assign(id=["1", "2"])},
            {"by": "id"},
            r"'id' holds numbers in \['s'\] and something else in \['t'\]",
        ),
    ],
)
def test_what_cannot_be_aligned(streams, options, message):
    with pytest.raises(AlignmentError, match=message):
        align_streams(streams, **{"on": "time", "freq": 1, **options})


def test_streams_without_readings():
    empty = FRAME.iloc[:0]
    other = FRAME[["time"]].assign(other=1.0)
    data = align_streams({"s": empty, "t": other}, on="time", freq=1, age=True).data
    assert len(data) == 2
    assert data[["value", "s_age"]].isna().all(axis=None)
    assert len(align_streams({"s": empty}, on="time", freq=1).data) == 0


def test_a_reading_at_the_last_grid_point_is_inside():
    table = align_streams({"s": FRAME}, on="time", freq=1, end=1).report.table
    assert table.loc["s", ["readings", "outside"]].tolist() == [2, 1]
    assert align_streams({"s": FRAME}, on="time", freq=1).report.table.loc["s", "outside"] == 0
