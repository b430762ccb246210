from dataclasses import replace

import numpy as np
from sklearn.frozen import FrozenEstimator

from firmware_export import FixedPointClassifier, check_firmware


def test_compiled_c_agrees_with_the_twin_on_every_row(report, ward, compiler):
    X = ward[0].copy()
    check = check_firmware(report, X)
    assert str(check) == f"{len(X)} of {len(X)} rows identical"
    X["protocol"] = "coap"
    X["Heart rate"] *= 1e6
    X["SpO2"] = np.nan
    assert check_firmware(report, X).identical == len(X)
    assert len(set(report.twin.predict(ward[0]))) >= 3


def test_windows_are_replayed_in_order(window_report, window_decider, ward, compiler):
    X = ward[0].copy()
    assert check_firmware(window_report, X).identical == len(X)
    assert check_firmware(window_report, X[::-1]).identical == len(X)
    assert (window_report.twin.predict(X) == window_decider.predict(X)).mean() > 0.98
    assert len(set(window_report.twin.predict(X))) >= 3


def test_check_finds_a_difference(report, ward, compiler):
    graph = report.twin.integer_graph_
    other = FixedPointClassifier(FrozenEstimator(report.twin.estimator_), activation_bits=8)
    check = check_firmware(replace(report, twin=other.fit(ward[0])), ward[0])
    assert graph.activation_bits == 16
    assert check.identical < check.rows
    assert check.first_difference is not None
