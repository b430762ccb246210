from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing._stamps import SECOND, read_duration, read_stamps


@pytest.mark.parametrize(
    "five_seconds",
    [
        5,
        5.0,
        np.float32(5),
        "5s",
        timedelta(seconds=5),
        pd.Timedelta("5s"),
        np.timedelta64(5, "s"),
        np.timedelta64(5 * SECOND, "ns"),
    ],
    ids=repr,
)
def test_a_duration_in_every_form(five_seconds):
    assert read_duration(five_seconds, "tolerance") == 5 * SECOND


@pytest.mark.parametrize("duration", ["soon", None, 0, -1, float("nan"), np.timedelta64("NaT")])
def test_what_is_no_duration(duration):
    with pytest.raises(AlignmentError, match=r"tolerance is .*, expected"):
        read_duration(duration, "tolerance")


def test_seconds_beyond_64_bits_of_nanoseconds_are_refused():
    largest = np.iinfo(np.int64).max / SECOND
    with pytest.raises(AlignmentError, match="too large for seconds"):
        read_stamps([1.0, -1.001 * largest], "of the clock")
    _, stamps, _ = read_stamps([0.99 * largest], "of the clock")
    assert stamps[0] == pytest.approx(0.99 * np.iinfo(np.int64).max)
