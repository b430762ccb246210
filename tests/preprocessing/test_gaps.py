import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler

from skdualcnn.preprocessing import GapImputer

thorough = settings(derandomize=True, deadline=None, max_examples=30)


@st.composite
def readings(draw):
    n = draw(st.integers(1, 25))
    return pd.DataFrame(
        {
            "patient": draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)),
            "second": draw(st.lists(st.integers(0, 40), min_size=n, max_size=n, unique=True)),
            "spo2": draw(
                arrays(np.float64, n, elements=st.sampled_from([np.nan, np.nan, 90.0, 97.0]))
            ),
        }
    )


@thorough
@given(readings(), st.sampled_from([3, 10.5, None]))
def test_every_value_is_that_of_the_definition(X, limit):
    out = GapImputer(limit, by="patient", time="second", add_age=True).fit_transform(X)
    for row in X.itertuples():
        mine = X[(X["patient"] == row.patient) & (X["second"] <= row.second)].dropna()
        last = mine.loc[mine["second"].idxmax()] if len(mine) else None
        age = np.nan if last is None else row.second - last["second"]
        kept = last is not None and (limit is None or age <= limit)
        got = out.loc[row.Index]
        np.testing.assert_array_equal(got["spo2_age"], age)
        np.testing.assert_array_equal(got["spo2"], last["spo2"] if kept else np.nan)
    pd.testing.assert_frame_equal(out[["patient", "second"]], X[["patient", "second"]])


@thorough
@given(readings(), st.integers(0, 40))
def test_the_future_changes_nothing_in_the_past(X, now):
    imputer = GapImputer(8, by="patient", time="second", add_age=True)
    changed = X.assign(spo2=X["spo2"].mask(X["second"] > now, 50.0))
    past = (X["second"] <= now).to_numpy()
    before, after = (imputer.fit_transform(one)[past] for one in (X, changed))
    pd.testing.assert_frame_equal(before, after)


def test_a_limit_of_numpy_is_a_time():
    X = pd.DataFrame({"second": [0, 60, 120], "spo2": [97.0, None, None]})
    out = GapImputer(np.timedelta64(90 * 10**9, "ns"), time="second").fit_transform(X)
    assert out["spo2"].isna().tolist() == [False, False, True]


def test_a_limit_in_rows():
    X = np.array([[1.0], [np.nan], [np.nan], [np.nan], [2.0]])
    out = GapImputer(2, add_age=True).fit_transform(X)
    np.testing.assert_array_equal(out[:, 0], [1, 1, 1, np.nan, 2])
    np.testing.assert_array_equal(out[:, 1], [0, 1, 2, 3, 0])
    assert np.isnan(X[1, 0])


def test_times_text_and_categories():
    X = pd.DataFrame(
        {
            "at": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 00:01", "2024-01-01 00:03"]),
            "protocol": pd.Categorical(["mqtt", None, None]),
            "topic": ["a", None, None],
            "count": pd.array([5, None, None], dtype="Int64"),
        },
        index=[7, 7, 9],
    )
    out = GapImputer("1min", time="at").fit_transform(X)
    assert out["protocol"].tolist()[:2] == ["mqtt", "mqtt"]
    assert out["topic"].tolist()[:2] == ["a", "a"]
    assert out["count"].iloc[1] == 5
    assert out[["protocol", "topic", "count"]].iloc[2].isna().all()
    assert out.dtypes.tolist() == X.dtypes.tolist()
    assert out.index.tolist() == [7, 7, 9]


def test_names_of_what_comes_out():
    X = pd.DataFrame({"t": [0.0, 1.0], "a": [1.0, np.nan], "b": [np.nan, 1.0]})
    imputer = GapImputer(time="t", columns=["b"], add_age=True).fit(X)
    assert list(imputer.get_feature_names_out()) == ["t", "a", "b", "b_age"]
    assert list(imputer.transform(X).columns) == ["t", "a", "b", "b_age"]
    assert imputer.transform(X)["a"].isna().tolist() == [False, True]


def test_ages_of_columns_whose_names_are_numbers():
    X = pd.DataFrame([[0.0, 1.0], [1.0, np.nan]], columns=[10, 20])
    imputer = GapImputer(columns=[1], add_age=True)
    assert list(imputer.fit_transform(X).columns) == ["x0", "x1", "x1_age"]
    assert list(imputer.get_feature_names_out()) == ["x0", "x1", "x1_age"]
    MinMaxScaler().fit(imputer.transform(X))


@pytest.mark.parametrize(
    ("imputer", "X", "message"),
    [
        (GapImputer("5min"), [[1.0]], "without a column of stamps, expected a whole number"),
        (GapImputer(np.timedelta64(5, "s")), [[1.0]], "expected a whole number of rows"),
        (GapImputer("soon", time=0), [[1.0]], "limit is 'soon'"),
        (GapImputer(-1), [[1.0]], "limit"),
        (GapImputer(1, time="t"), pd.DataFrame({"a": [1.0]}), "time='t' is not a column of X"),
        (GapImputer(1, time=0), [[1.0], [np.nan]], r"1 row\(s\) have no stamp .* such as row 1"),
    ],
)
def test_what_cannot_be_filled(imputer, X, message):
    with pytest.raises(ValueError, match=message):
        imputer.fit(X)
