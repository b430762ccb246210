import json

import numpy as np

from firmware_export._footprint import measure_layers
from firmware_export._quantize import quantise


def test_report_counts(report):
    numbers = report.to_dict()
    assert json.loads((report.directory / "report.json").read_text()) == numbers
    graph = report.twin.integer_graph_
    assert numbers["parameters"] == graph.parameters == report.parameters
    assert numbers["flash_bytes"]["constants"] > report.parameters
    assert numbers["layers"][0]["name"] == "input"
    assert all(layer.signal_to_noise_db > 30 for layer in report.layers)
    assert all(layer.clipped == 0 for layer in report.layers)


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
