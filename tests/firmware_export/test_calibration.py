import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_export._calibration import MSE_SHARES, least_squares_range, measure_ranges
from firmware_export._layers import list_layers
from firmware_export._noise import measure_layers
from firmware_export._quantize import quantise


def _error(magnitudes, largest, limit):
    step = largest / limit
    return float(np.mean((magnitudes - np.minimum(np.rint(magnitudes / step), limit) * step) ** 2))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    limit=st.sampled_from([63, 127, 2000]),
    tail=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    share_of_zeros=st.sampled_from([0.0, 0.9]),
)
def test_range_is_the_best_of_the_grid(seed, limit, tail, share_of_zeros):
    rng = np.random.default_rng(seed)
    magnitudes = rng.exponential(size=3000) * rng.lognormal(sigma=tail, size=3000)
    magnitudes[rng.random(3000) < share_of_zeros] = 0
    found = least_squares_range(magnitudes, limit)
    best = min(_error(magnitudes, magnitudes.max() * share, limit) for share in MSE_SHARES)
    assert _error(magnitudes, found, limit) <= best * 1.05
    assert 0 < found <= magnitudes.max()


def test_silent_signal_has_no_range():
    assert least_squares_range(np.zeros((3, 2)), 127) == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_ranges_by_calibration(make_graph, bits):
    graph = make_graph(residuals=1)
    signal = np.random.default_rng(0).standard_t(3, size=(500, 12, 1))
    layers, limit = list_layers(graph), 2 ** (bits - 1) - 1
    minmax, percentile, mse = (
        np.array(measure_ranges(graph, signal, layers, calibration, limit))
        for calibration in ("minmax", "percentile", "mse")
    )
    logits = [layer.target for layer in layers if getattr(layer, "is_head", False)]
    np.testing.assert_array_equal(minmax[logits], percentile[logits])
    np.testing.assert_array_equal(minmax[logits], mse[logits])
    body = slice(0, min(logits))
    assert (percentile[body] < minmax[body]).all()
    assert (mse[body] <= minmax[body]).all()
    if bits == 16:
        np.testing.assert_array_equal(mse, minmax)
    else:
        assert (mse[body] < minmax[body]).any()


def test_least_squares_give_the_least_noise(make_graph):
    graph = make_graph(seed=1)
    readings = np.random.default_rng(0).standard_t(3, size=(500, 12)).astype(np.float32)
    noise = {}
    for calibration in ("minmax", "percentile", "mse"):
        quantised = quantise(graph, readings, activation_bits=8, calibration=calibration)
        noise[calibration] = measure_layers(graph, quantised, readings)[1].signal_to_noise_db
    assert noise["mse"] > noise["minmax"]
    assert noise["mse"] > noise["percentile"]
