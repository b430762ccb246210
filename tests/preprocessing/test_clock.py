import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing import StreamClock, estimate_clock

offsets = st.floats(-100, 100)
drifts = st.floats(-1e-3, 1e-3)


@settings(derandomize=True, deadline=None)
@given(offsets, drifts, st.floats(-1e6, 1e6))
def test_correction_undoes_what_the_clock_does(offset, drift, origin):
    true = origin + np.linspace(-5000, 5000, 11)
    shown = true + offset + drift * (true - origin)
    np.testing.assert_allclose(StreamClock(offset, drift, origin).correct(shown), true, atol=1e-6)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(offsets, drifts, st.sampled_from(["symmetric", "delay"]))
def test_a_known_clock_is_found_again(offset, drift, noise):
    rng = np.random.default_rng(0)
    true = np.sort(rng.uniform(0, 7200, 400))
    shown = true + offset + drift * true
    if noise == "symmetric":
        reference = true + rng.normal(0, 0.05, 400)
        reference[::7] += rng.uniform(-300, 300, len(reference[::7]))  # mismatched events
        at_most = {"offset": 0.05, "drift": 2e-5}
    else:
        reference = true + rng.exponential(0.5, 400)  # late, and never early
        at_most = {"offset": 0.05, "drift": 2e-5}
    clock = estimate_clock(shown, reference, noise=noise)
    assert clock.drift == pytest.approx(drift, abs=at_most["drift"])
    # The origin is the first reference stamp, not zero.
    at_zero = clock.offset - clock.drift * clock.origin
    assert at_zero == pytest.approx(offset, abs=at_most["offset"])
    np.testing.assert_allclose(clock.correct(shown), true, atol=0.15)


def test_a_constant_delay_is_an_offset_and_a_line_without_noise_is_exact():
    true = np.arange(0.0, 1000.0, 10.0)
    clock = estimate_clock(1.001 * true + 3.0, true + 0.5, noise="delay")
    np.testing.assert_allclose(clock.correct(1.001 * true + 3.0), true + 0.5, atol=1e-5)


def test_each_device_has_its_own_clock():
    received = pd.date_range("2024-01-01", periods=200, freq="15s").as_unit("ns")
    devices = np.arange(200) % 2
    shown = received + pd.to_timedelta(np.where(devices == 0, 2.0, -7.0), unit="s")
    clocks = estimate_clock(shown, received, groups=devices)
    assert {device: round(clock.offset, 6) for device, clock in clocks.items()} == {0: 2, 1: -7}
    assert clocks[1].origin == received[1]
    corrected = clocks[0].correct(shown[devices == 0])
    assert (abs(corrected - received[devices == 0]) < pd.Timedelta("1us")).all()


def test_many_pairs_and_missing_stamps():
    true = np.arange(0.0, 50_000.0)
    shown = true + 1.5
    shown[::10] = np.nan
    assert estimate_clock(shown, true).offset == pytest.approx(1.5)
    corrected = StreamClock(1.5).correct(shown)
    np.testing.assert_array_equal(np.isnan(corrected), np.isnan(shown))


def test_zones_stay():
    stamps = pd.DatetimeIndex(["2024-01-01 10:00:02"]).tz_localize("Europe/Berlin")
    assert StreamClock(2).correct(stamps)[0] == pd.Timestamp("2024-01-01 09:00:00", tz="UTC")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StreamClock(drift=1e-5), "without an origin"),
        (lambda: StreamClock(offset=np.nan), "expected finite numbers"),
        (lambda: StreamClock(drift=-1.0, origin=0.0), "a clock that goes forward"),
        (lambda: StreamClock(1, 1e-5, "2024-01-01").correct([1.0]), "origin .* dtype|origin is"),
        (lambda: estimate_clock([1.0], [1.0]), r"1 pair\(s\) of stamps at 1 time"),
        (lambda: estimate_clock([1.0, 2.0], [1.0]), "2 stamps and 1 of the reference"),
        (
            lambda: estimate_clock(pd.to_datetime(["2024-01-01"] * 2), [1.0, 2.0]),
            "times without a zone and those of the reference numbers of seconds",
        ),
        (lambda: estimate_clock([1.0, 2.0], [1.0, 2.0], noise="white"), "noise is 'white'"),
        (lambda: estimate_clock(["a", "b"], [1.0, 2.0]), "Convert text"),
        (lambda: estimate_clock([1.7e12, 1.7e12], [1.0, 2.0]), "too large for seconds"),
    ],
)
def test_what_cannot_be_a_clock(call, message):
    with pytest.raises(AlignmentError, match=message):
        call()
