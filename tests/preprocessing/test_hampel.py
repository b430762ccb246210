from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skdualcnn.preprocessing import HampelFilter

thorough = settings(derandomize=True, deadline=None)
values = st.sampled_from([60.0, 61.0, 62.0, 64.0, 200.0, np.nan])


@st.composite
def readings(draw):
    n = draw(st.integers(1, 30))
    groups = draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n))
    return groups, draw(arrays(np.float64, n, elements=values))


def naive(filtered_by, groups, x, row):
    """One value by the definition, with nothing but NumPy's medians."""
    mine = [i for i in range(len(x)) if groups[i] == groups[row]]
    place = mine.index(row)
    ahead = 0 if filtered_by.causal else (filtered_by.window - 1) // 2
    behind = filtered_by.window - 1 - ahead
    window = x[mine[max(place - behind, 0) : place + ahead + 1]]
    window = window[~np.isnan(window)]
    if np.isnan(x[row]) or len(window) < 3:
        return x[row]
    median = np.median(window)
    sigma = max(1.4826 * np.median(np.abs(window - median)), filtered_by.noise_[0])
    return median if abs(x[row] - median) > filtered_by.n_sigmas * sigma else x[row]


@thorough
@given(readings(), st.integers(3, 9), st.sampled_from([0.5, 3.0]), st.booleans())
def test_every_value_is_that_of_the_definition(data, window, n_sigmas, causal):
    groups, x = data
    X = pd.DataFrame({"patient": groups, "pulse": x})
    hampel = HampelFilter(window, n_sigmas, by="patient", causal=causal).fit(X)
    out = hampel.transform(X)
    expected = [naive(hampel, groups, x, row) for row in range(len(x))]
    np.testing.assert_allclose(out["pulse"], expected)
    assert out["patient"].tolist() == groups
    np.testing.assert_array_equal(np.isnan(out["pulse"]), np.isnan(x))


@thorough
@given(readings(), st.data())
def test_neither_the_future_nor_other_groups_are_seen(data, draw):
    groups, x = data
    row = draw.draw(st.integers(0, len(x) - 1))
    codes = np.array([ord(group) for group in groups], dtype=float)
    changed = x.copy()
    changed[row] = -1000.0
    hampel = HampelFilter(5, by=0).fit(np.column_stack([codes, x]))
    before, after = (hampel.transform(np.column_stack([codes, one]))[:, 1] for one in (x, changed))
    untouched = (np.arange(len(x)) < row) | (codes != codes[row])
    np.testing.assert_array_equal(before[untouched], after[untouched])


def test_a_spike_goes_and_an_emergency_comes_through():
    rng = np.random.default_rng(0)
    x = 80 + rng.normal(0, 1, 200)
    x[50] = 190
    x[120:] += 60
    out = HampelFilter(7).fit_transform(x[:, None]).ravel()
    assert abs(out[50] - 80) < 3
    assert (out[120:123] < 90).all()  # it looked like a spike until it filled half the window
    assert abs(out[124:] - 140).max() < 4
    assert (out != x).sum() < 10
    missing = HampelFilter(7, replace_with="missing").fit_transform(x[:, None]).ravel()
    assert np.isnan(missing[50])


def test_a_repeated_value_does_not_make_the_next_one_a_spike():
    cuff = np.repeat([120.0, 124.0, 119.0, 123.0, 118.0], 20)
    np.testing.assert_array_equal(HampelFilter().fit_transform(cuff[:, None]).ravel(), cuff)


def test_many_rows_are_filtered_in_parts(monkeypatch):
    x = np.random.default_rng(0).standard_t(1, size=(500, 2))
    whole = HampelFilter().fit_transform(x)
    monkeypatch.setattr("skdualcnn.preprocessing._hampel._VALUES_AT_ONCE", 50)
    np.testing.assert_array_equal(HampelFilter().fit_transform(x), whole)


def test_only_columns_of_numbers_change():
    X = pd.DataFrame(
        {
            "pulse": [60, 61, 60, 62, 200, 61],
            "spo2": pd.array([97, 98, None, 97, 96, 97], dtype="Int64"),
            "protocol": list("aabbab"),
            "alarm": [False, False, False, False, True, False],
        },
        index=range(10, 16),
    )
    out = HampelFilter(5).fit_transform(X)
    assert out["pulse"].tolist() == [60, 61, 60, 62, 61, 61]
    assert out["spo2"].tolist()[3:] == [97, 96, 97]
    assert np.isnan(out["spo2"].iloc[2])
    pd.testing.assert_frame_equal(out[["protocol", "alarm"]], X[["protocol", "alarm"]])
    assert out.index.equals(X.index)
    assert HampelFilter(5, columns=["spo2"]).fit_transform(X)["pulse"].equals(X["pulse"])
    plain = HampelFilter(5).set_output(transform="pandas").fit_transform(X[["pulse"]].to_numpy())
    assert list(plain.columns) == ["x0"]


@pytest.mark.parametrize("kind", [float, int, Decimal])
def test_numbers_that_are_python_objects_are_filtered(kind):
    pulse = [kind(one) for one in (70, 71, 72, 900, 71, 70)]
    X = pd.DataFrame({"pulse": pd.Series([*pulse, None], dtype=object), "flag": None})
    out = HampelFilter(5).fit_transform(X)
    assert out["pulse"].tolist()[:6] == [70, 71, 72, 71.5, 71, 70]
    assert np.isnan(out["pulse"].iloc[6])
    assert out["flag"].isna().all()


@pytest.mark.parametrize(
    ("hampel", "X", "message"),
    [
        (HampelFilter(2), [[1.0]], "window"),
        (HampelFilter(n_sigmas=0), [[1.0]], "n_sigmas"),
        (HampelFilter(columns=["a"]), pd.DataFrame({"b": [1.0]}), "columns='a' is not a column"),
        (HampelFilter(columns=[True, False]), [[1.0, 2.0]], "columns=True is neither a name"),
        (HampelFilter(columns=[0.5]), [[1.0, 2.0]], r"columns=0\.5 is neither a name"),
        (HampelFilter(columns=["a"]), pd.DataFrame({"a": ["x"]}), "Column 'a' has dtype"),
        (HampelFilter(), pd.DataFrame({"a": [np.inf]}), "infinity"),
        (HampelFilter(by="b"), pd.DataFrame({"a": [1.0]}), "by='b' is not a column"),
    ],
)
def test_what_cannot_be_filtered(hampel, X, message):
    with pytest.raises(ValueError, match=message):
        hampel.fit(X)
