import json

import numpy as np
import pytest

from firmware_export._arena import arena_bytes, plan_arena, state_bytes
from firmware_export._noise import measure_layers
from firmware_export._quantize import quantise
from firmware_export._toolchain import compile_c


def test_report_counts(report):
    numbers = report.to_dict()
    assert json.loads((report.directory / "report.json").read_text()) == numbers
    graph = report.twin.integer_graph_
    assert numbers["parameters"] == graph.parameters == report.parameters
    assert numbers["flash_bytes"]["constants"] > report.parameters
    assert numbers["layers"][0]["name"] == "input"
    assert all(layer.signal_to_noise_db > 30 for layer in report.layers)
    assert all(layer.clipped == 0 for layer in report.layers)


def test_ram_includes_the_state(report, window_report):
    assert report.state_bytes == 0
    for one in (report, window_report):
        arena = 2 * plan_arena(one.twin.integer_graph_)[1]
        assert one.ram_bytes == arena + one.state_bytes


@pytest.mark.parametrize("window", [False, True])
def test_eight_bits_take_half_the_ram(make_graph, window):
    graph = make_graph(steps=16, channels=3, window=window)
    windows = np.random.default_rng(0).normal(size=(50, 16, 3)).astype(np.float32)
    readings = windows if window else windows.reshape(50, 48)
    wide, narrow = (quantise(graph, readings, activation_bits=bits) for bits in (16, 8))
    # But for tensors that begin at a multiple of 16 bytes.
    assert 0 <= 2 * arena_bytes(narrow) - arena_bytes(wide) < 32 * len(narrow.tensors)
    if window:
        assert state_bytes(wide) - 2 == 2 * (state_bytes(narrow) - 2)


def test_tables_take_the_bytes_that_are_reported(window_report, compiler, tmp_path):
    folder = window_report.directory
    main = tmp_path / "main.c"
    main.write_text(
        '#include "ward_weights.h"\n'
        "typedef char column[sizeof(ward_numeric_column) == 10 ? 1 : -1];\n"
        "typedef char indicator[sizeof(ward_indicator) == 8 ? 1 : -1];\n"
        "typedef char segment[sizeof(ward_segment) == 12 ? 1 : -1];\n"
        "typedef char channel[sizeof(ward_channel) == 8 ? 1 : -1];\n"
    )
    compile_c([main], tmp_path / "main.o", include=folder / "src", flags=("-c",))


def test_code_and_stack_are_measured_where_there_is_a_compiler(report, compiler):
    assert 500 < report.flash_bytes["code"] < 20_000
    assert 0 < report.stack_bytes < 4096


def test_clipping_is_counted(make_graph):
    graph = make_graph()
    readings = np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32)
    layers = measure_layers(graph, quantise(graph, readings, calibration="percentile"), readings)
    assert all(0 < layer.clipped < 0.002 for layer in layers[1:3])
    assert [layer.clipped for layer in layers[3:]] == [0, 0]


def test_silent_signal_has_no_noise(make_graph):
    graph = make_graph(slope=0.0)
    zeros = np.zeros((5, 12), dtype=np.float32)
    layers = measure_layers(graph, quantise(graph, zeros), zeros)
    assert layers[0].signal_to_noise_db == np.inf
