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


@pytest.mark.parametrize("number", ["60", "+5", " 1,000 ", "0", ""])
def test_a_number_as_text_has_no_unit(number):
    with pytest.raises(AlignmentError, match=r"freq is '.*', expected a time with its unit, such"):
        read_duration(number, "freq")


def test_hours_minutes_and_seconds_have_units():
    assert read_duration("00:01:30", "freq") == 90 * SECOND


@pytest.mark.parametrize("nothing", [0, 0.0, "0s", pd.Timedelta(0), np.timedelta64(0, "s")])
def test_zero_where_it_is_fine(nothing):
    assert read_duration(nothing, "lateness", or_zero=True) == 0
    with pytest.raises(AlignmentError, match="expected more than zero"):
        read_duration(nothing, "lateness")


@pytest.mark.parametrize("duration", [-5, "-5s"])
def test_less_than_zero_where_zero_is_fine(duration):
    with pytest.raises(AlignmentError, match=r"lateness is .*, expected zero or more"):
        read_duration(duration, "lateness", or_zero=True)
