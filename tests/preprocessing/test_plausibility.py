import re

import numpy as np
import pandas as pd
import pytest

from skdualcnn.preprocessing import PHYSIOLOGICAL_LIMITS, PlausibilityLimiter, PlausibleRange


def test_a_fault_becomes_missing_and_an_emergency_stays():
    X = pd.DataFrame(
        {
            "heart_rate": [72, 400, 220, 0, -1],
            "spo2": [98.0, 104.0, 60.0, np.nan, 0.0],
            "body_temperature": [36.6, -17.8, 42.0, 98.6, 30.0],
            "room_temperature": [21.0, 500.0, 20.0, 20.0, 20.0],
            "protocol": list("abcde"),
        }
    )
    limiter = PlausibilityLimiter().fit(X)
    out = limiter.transform(X)
    nan = np.nan
    np.testing.assert_array_equal(out["heart_rate"], [72, nan, 220, 0, nan])
    np.testing.assert_array_equal(out["spo2"], [98, nan, 60, nan, 0])
    np.testing.assert_array_equal(out["body_temperature"], [36.6, nan, 42, nan, 30])
    pd.testing.assert_frame_equal(out.iloc[:, 3:], X.iloc[:, 3:])
    assert limiter.n_implausible_.tolist() == [2, 1, 2, 0, 0]
    assert X["heart_rate"].iloc[1] == 400


@pytest.mark.parametrize(
    ("name", "upper"),
    [
        *(("HR", 390), ("Heart_rate", 390), ("Pulse_Rate", 390), ("HR_mean", 390)),
        *(("HR_std", np.inf), ("HR_count", np.inf), ("spo2_age", np.inf), ("threshold", np.inf)),
        *(("NISysABP", 375), ("SYS", 375), ("systolic_pressure", 375), ("DiasABP", 375)),
        *(("MAP_last", 375), ("Temp", 47), ("pH", 10), ("RespRate", 330), ("SaO2", 100)),
    ],
)
def test_columns_are_known_by_the_names_that_data_sets_give_them(name, upper):
    X = pd.DataFrame({name: [8.0], "weight": [70.0]})
    assert PlausibilityLimiter().fit(X).upper_[0] == upper


def test_every_entry_of_the_table_is_whole():
    for pattern, limits in PHYSIOLOGICAL_LIMITS.items():
        re.compile(pattern)
        assert isinstance(limits, PlausibleRange)
        assert limits.low < limits.high
        assert limits.source


def test_limits_of_ones_own():
    X = pd.DataFrame({"heart_rate": [5.0, 70.0], "lead": [0.5, 2.0]})
    own = {**PHYSIOLOGICAL_LIMITS, "heart_rate": (20, 300), "lead": PlausibleRange(-1, 1, "mV")}
    out = PlausibilityLimiter(own).fit_transform(X)
    np.testing.assert_array_equal(out, [[np.nan, 0.5], [70, np.nan]])
    by_position = PlausibilityLimiter({1: (-1, 1)}).fit_transform(X.to_numpy())
    np.testing.assert_array_equal(by_position, [[5, 0.5], [70, np.nan]])


def test_another_unit_is_pointed_out():
    X = pd.DataFrame({"temp": np.linspace(97, 101, 50)})
    with pytest.warns(UserWarning, match="50 of 50 readings of 'temp' lie outside 14.2 to 47 deg"):
        PlausibilityLimiter().fit(X)


@pytest.mark.parametrize(
    ("limits", "X", "message"),
    [
        (None, [[1.0, 2.0]], "None of the 2 columns .* has limits"),
        (None, pd.DataFrame({"packets": [1.0]}), r"\['packets'\]\) has limits, expected names"),
        ({"a": (2, 1)}, pd.DataFrame({"a": [1.0]}), r"The limits of 'a' are \(2, 1\), expected"),
        ({"a": (2,)}, pd.DataFrame({"a": [1.0]}), r"The limits of 'a' are \(2,\), expected"),
        ({"a": 5}, pd.DataFrame({"a": [1.0]}), "The limits of 'a' are 5, expected a tuple"),
        ({"a": ("x", "y")}, pd.DataFrame({"a": [1.0]}), r"are \('x', 'y'\), expected a tuple"),
        ({"a": (0, np.nan)}, pd.DataFrame({"a": [1.0]}), r"are \(0, nan\), expected a tuple"),
        ({"a": (0, 1)}, pd.DataFrame({"a": ["x"]}), "Column 'a' has dtype"),
    ],
)
def test_what_cannot_be_limited(limits, X, message):
    with pytest.raises(ValueError, match=message):
        PlausibilityLimiter(limits).fit(X)
