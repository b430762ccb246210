from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from firmware_export import FixedPointClassifier, check_firmware, export_firmware
from firmware_export._integer_readings import Status, from_fixed, row_statuses, to_fixed
from firmware_export._quantize import quantise
from firmware_export._quantize_limits import quantise_limits
from skdualcnn.exceptions import ExportError

singles = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
bounds = st.one_of(
    st.floats(-1e40, 1e40, allow_subnormal=False),
    st.sampled_from([0.0, -np.inf, np.inf, 0.1, -36.6, 1e300]),
)


@pytest.fixture(scope="module")
def unlimited(make_graph):
    return _graph(make_graph, None)


def _graph(make_graph, limits):
    graph = make_graph(steps=4)
    return quantise(graph, np.eye(4, dtype=np.float32), limits=limits)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(low=bounds, high=bounds, value=singles, bits=st.integers(-98, 110), up=st.booleans())
def test_exactly_what_is_outside_is_refused(unlimited, low, high, value, bits, up):
    low, high = min(low, high), max(low, high)
    graph = replace(unlimited, limits=(quantise_limits("x1", 1, (low, high), bits),))
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32([low, high])
        beside = np.nextafter(single, np.float32(np.inf if up else -np.inf))
    values = np.concatenate([[np.float32(value)], single, beside])
    values = values[np.isfinite(values) & ((np.abs(values) >= 2.0**-126) | (values == 0))]
    readings = np.zeros((len(values), 4), dtype=np.float32)
    readings[:, 1] = values
    # A bound of a double's precision also admits the float and fixed-point numbers beside it.
    given_bounds = np.array([low, high])
    with np.errstate(over="ignore"):
        rounded = np.ldexp(np.rint(np.ldexp(given_bounds, bits)), -bits)
    forms = np.array([given_bounds, single.astype(np.float64), rounded])
    outside = (values < forms[:, 0].min()) | (values > forms[:, 1].max())
    np.testing.assert_array_equal(row_statuses(graph, readings) == Status.RANGE, outside)


@pytest.mark.parametrize("bound", [36.6, -0.1, 1e-3, 1e9 / 7, 0.0])
def test_a_reading_equal_to_its_limit_is_accepted_in_both_forms(make_graph, bound):
    graph = _graph(make_graph, {"x2": (bound, bound)})
    exact = np.full((1, 4), bound)
    for readings in (exact.astype(np.float32), from_fixed(graph, to_fixed(graph, exact))):
        assert row_statuses(graph, readings).tolist() == [Status.OK]
    for other in (bound + 0.01 * abs(bound) + 1e-30, bound - 0.01 * abs(bound) - 1e-30):
        readings = np.where(np.arange(4) == 2, np.float32(other), np.float32(0))[None]
        assert row_statuses(graph, readings).tolist() == [Status.RANGE]


def test_missing_readings_and_those_without_limits_are_not_outside(decider, ward):
    twin = FixedPointClassifier(FrozenEstimator(decider), limits={"SpO2": (50, 110)}).fit(ward[0])
    X = ward[0].head(4).assign(SpO2=[np.nan, 60.0, 109.9, 50.0], temperature=1e6)
    assert twin.predict(X).shape == (4,)
    X.iloc[2, X.columns.get_loc("SpO2")] = 110.1
    with pytest.raises(
        ValueError, match=r"'SpO2' is 110\.1?\d* in row 2, outside its limits 50 to"
    ):
        twin.predict(X)


def test_exported_firmware_has_the_limits(decider, ward, compiler, tmp_path):
    X, _ = ward
    limits = {"Heart rate": (0, 300.5), "bytes": (0, np.inf)}
    report = export_firmware(decider, tmp_path / "a", calibration_data=X, limits=limits)
    assert check_firmware(report, X).identical == len(X)
    header = (tmp_path / "a/src/model.h").read_text()
    assert "refused outside 0 .. 300.5 */" in header
    assert "refused outside 0 .. inf */" in header
    assert "MODEL_FRACTION_BITS_HEART_RATE = 21, /* Q10.21: within +-1024 in steps of" in header
    with pytest.raises(ValueError, match=r"'Heart rate' is .* in row \d+, outside its limits"):
        export_firmware(decider, tmp_path / "b", calibration_data=X, limits={"Heart rate": (0, 9)})
    twin = FixedPointClassifier(FrozenEstimator(decider), limits=limits).fit(X)
    assert clone(twin).limits == limits
    export_firmware(twin, tmp_path / "c", calibration_data=X)
    with pytest.raises(ExportError, match="beside a FixedPointClassifier"):
        export_firmware(twin, tmp_path / "d", calibration_data=X, limits=limits)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"Heart rte": (0, 1)}, r"reading\(s\) \['Heart rte'\], expected some of \['Heart rate'"),
        ({"protocol": (0, 1)}, "the category 'protocol', expected numeric"),
        ({"bytes": (2, 1)}, r"limits\['bytes'\] is \(2, 1\), expected a pair"),
        ({"bytes": (0, np.nan)}, "expected a pair"),
        ({"bytes": (0,)}, "expected a pair"),
        ({"bytes": 3}, "expected a pair"),
        ({"bytes": ("low", "high")}, "expected a pair"),
    ],
)
def test_limits_that_make_no_sense(decider, ward, limits, message):
    with pytest.raises(ExportError, match=message):
        FixedPointClassifier(FrozenEstimator(decider), limits=limits).fit(ward[0])
