"""The rows of closed ticks are the rows of `align_streams`."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.preprocessing import align_streams
from skdualcnn.preprocessing._stamps import SECOND
from skdualcnn.streaming._columns import TickPlan
from skdualcnn.streaming._readings import Refused
from skdualcnn.streaming._ticks import DeviceTicks

EVERYTHING = ["last", "last_valid", "age", "mean", "min", "max", "count"]
COLUMNS = {"patient": ["pulse"], "network": ["packets", "port"]}
AGGREGATE = {
    "patient": EVERYTHING,
    "network": {"packets": EVERYTHING, "port": ["last", "last_valid", "count", "age"]},
}
thorough = settings(derandomize=True, deadline=None, max_examples=60)


@st.composite
def readings(draw):
    """Readings of one device in the order they come, each late by less than ten seconds."""
    made = []
    for _ in range(draw(st.integers(1, 30))):
        stream = draw(st.sampled_from(["patient", "network"]))
        number = st.sampled_from([np.nan, 0.1, 0.2, 0.7, 5.0])
        values = {"pulse": draw(number)}
        if stream == "network":
            values = {"packets": draw(number), "port": draw(st.sampled_from(["a", "b", None]))}
        made.append((draw(st.integers(0, 60)) / 2, draw(st.floats(0, 9.9)), stream, values))
    made.sort(key=lambda one: one[0] + one[1])
    return [(stream, time, values) for time, _, stream, values in made]


def tables(some):
    """Return the readings as `align_streams` takes them."""
    types = {"pulse": float, "packets": float, "port": object, "time": float}
    return {
        name: pd.DataFrame(
            [{"time": time, **values} for stream, time, values in some if stream == name],
            columns=["time", *columns],
        ).astype({column: types[column] for column in ("time", *columns)})
        for name, columns in COLUMNS.items()
    }


@thorough
@given(readings(), st.sampled_from([4.0, 7.5]), st.sampled_from([5.0, None]))
def test_rows_are_those_of_the_table(some, freq, tolerance):
    wanted = align_streams(
        tables(some), on="time", freq=freq, tolerance=tolerance, aggregate=AGGREGATE, age=True
    ).data
    names = list(wanted.columns.drop("time"))
    plan = TickPlan.make(
        COLUMNS,
        names,
        frozenset({"port_last", "port_last_valid"}),
        freq=freq,
        tolerance=tolerance,
        aggregate=AGGREGATE,
        age=True,
    )
    ticks = DeviceTicks(plan, round(freq * SECOND))
    closed = []
    seen = set()
    for stream, time, values in some:
        position = list(COLUMNS).index(stream)
        read = plan.streams[position].columns.read(values)
        if (stream, time) in seen:
            with pytest.raises(Refused, match="duplicate"):
                ticks.add(position, round(time * SECOND), read)
        else:
            ticks.add(position, round(time * SECOND), read)
        seen.add((stream, time))
        closed += ticks.close_before(ticks.latest - 10 * SECOND)
        assert len(ticks.open) <= 10 / freq + 2
    closed += ticks.close_before(ticks.tick_of(ticks.latest) + 1)
    assert [time / SECOND for time, _ in closed] == wanted["time"].tolist()
    assert not ticks.open
    got = pd.DataFrame([row for _, row in closed], columns=names)
    texts = ["port_last", "port_last_valid"]
    numbers = [name for name in names if name not in texts]
    np.testing.assert_allclose(
        got[numbers].to_numpy(float), wanted[numbers].to_numpy(float), rtol=1e-14
    )
    pd.testing.assert_frame_equal(
        got[texts].astype(object).fillna("-"), wanted[texts].astype(object).fillna("-")
    )


def test_closed_ticks_take_nothing_more():
    plan = TickPlan.make(
        {"a": ["x"]},
        ["x"],
        frozenset(),
        freq=1,
        tolerance=None,
        aggregate="last",
        age=False,
    )
    ticks = DeviceTicks(plan, SECOND)
    ticks.add(0, 5 * SECOND, (1.0,))
    assert list(ticks.close_before(5 * SECOND)) == []
    assert list(ticks.close_before(6 * SECOND)) == [(5 * SECOND, [1.0])]
    for time in (4 * SECOND, 5 * SECOND - 1, 5 * SECOND):
        with pytest.raises(Refused, match="late"):
            ticks.add(0, time, (2.0,))
    assert list(ticks.close_before(8 * SECOND)) == [(6 * SECOND, [1.0]), (7 * SECOND, [1.0])]
