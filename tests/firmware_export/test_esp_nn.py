"""The path through esp-nn's product of vectors, on a stand-in for it of our own.

The real one is assembler for the ESP32-S3, which no emulator here has.
"""

import numpy as np
import pytest

from firmware_export._arena import plan_arena
from firmware_export._check import expected_answers
from firmware_export._harness import build_harness
from firmware_export._integer import run
from firmware_export._integer_readings import quantise_readings
from firmware_export._literals import vector_rows
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._targets import HOST
from firmware_export._toolchain import run_rows
from firmware_export._twin import answer

PRODUCT = """
#include <stdint.h>

int32_t esp_nn_dot_s8_aligned_esp32s3(const int8_t *inputs, const int8_t *weights, int32_t count);

/* What the ESP32-S3 would read from elsewhere gives another sum here. */
int32_t esp_nn_dot_s8_aligned_esp32s3(const int8_t *inputs, const int8_t *weights, int32_t count)
{
    int32_t sum = 0;
    int32_t i;

    if ((uintptr_t)inputs % 16u != 0u || (uintptr_t)weights % 16u != 0u || count < 16
        || count % 16 != 0) {
        return INT32_MIN;
    }
    for (i = 0; i < count; ++i) {
        sum += inputs[i] * weights[i];
    }
    return sum;
}
"""
SHAPES = {
    "37 inputs, three heads": {"steps": 37, "blocks": (5,), "classes": (2, 3, 4)},
    "odd lengths": {"steps": 25, "channels": 3, "blocks": (7,), "units": 17, "pool": 3},
    "window": {"steps": 16, "channels": 5, "blocks": (16,), "window": True, "units": 20},
    "global pooling": {"steps": 14, "blocks": (9,), "pooling": True},
    "no convolution": {"steps": 5, "channels": 3, "blocks": (), "window": True},
    "separate paths": {"steps": 9, "blocks": (4, 6), "separate": True, "residuals": 1, "pool": 1},
}


def _build(make_graph, write_firmware, folder, shape, flags, target=HOST):
    """Return a program, readings, and every integer that it must print."""
    graph = make_graph(5, **shape)
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(20, len(graph.front_end.readings)))
    readings = np.vstack([usual, usual * 100]).astype(np.float32)
    windows = stack_windows(readings, graph.front_end.window)
    quantised = quantise(graph, windows[:20], activation_bits=8)
    write_firmware(quantised, readings[:2], folder)
    signals = run(quantised, quantise_readings(quantised, windows))
    flat = [values.reshape(len(readings), -1) for values in signals]
    wanted = np.hstack([*flat, expected_answers(answer(quantised, readings))])
    product = folder / "product.c"
    product.write_text(PRODUCT)
    flags = ("-DMODEL_TRACE", "-DMODEL_USE_ESP_NN", *flags, str(product))
    return build_harness(quantised, folder, "model", folder, flags, target), readings, wanted


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_signal_is_identical(make_graph, write_firmware, tmp_path, compiler, shape):
    checked = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program, readings, wanted = _build(make_graph, write_firmware, tmp_path, shape, checked)
    np.testing.assert_array_equal(run_rows(program, readings, tmp_path), wanted)


def test_every_signal_is_identical_on_chips(make_graph, write_firmware, tmp_path, emulated):
    shape = SHAPES["odd lengths"]
    program, readings, wanted = _build(make_graph, write_firmware, tmp_path, shape, (), emulated)
    np.testing.assert_array_equal(run_rows(program, readings, tmp_path, emulated), wanted)


def test_header_says_where_a_workspace_must_begin(make_graph, write_firmware, tmp_path):
    graph = make_graph()
    readings = np.ones((2, len(graph.front_end.readings)), dtype=np.float32)
    write_firmware(quantise(graph, readings, activation_bits=8), readings, tmp_path)
    text = (tmp_path / "src/model.h").read_text()
    assert "A workspace must then begin at a multiple of 16\n * bytes" in text


def test_rows_are_whole_vectors(make_graph):
    graph = make_graph(steps=25, channels=3, blocks=(7,), pool=3)
    rows = np.zeros((3, len(graph.front_end.readings)), dtype=np.float32)
    quantised = quantise(graph, rows, activation_bits=8)
    offsets, size = plan_arena(quantised)
    assert not any(offset % 16 for offset in offsets)
    assert size % 16 == 0
    dense = next(one for one in quantised.operations if one.kind == "dense")
    weights = vector_rows(dense)
    assert weights.shape == (8, 64)
    np.testing.assert_array_equal(weights[:, :56], dense.weight)
    assert not weights[:, 56:].any()
