"""What is decided online is what the table decides, row by row."""

import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from firmware_export import compile_predictor
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import load_wustl_ehms
from skdualcnn.exceptions import AlignmentError, StreamError
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow
from skdualcnn.streaming import OnlineDetector
from tests.streaming.conftest import assert_same


def make_detector(case, model=None, **settings):
    model = case.decider if model is None else model
    return OnlineDetector(model, case.columns, **{"times": "naive", **case.settings, **settings})


def replay(detector, readings):
    decisions = []
    for one in readings:
        decisions += detector.push(*one)
    return decisions + detector.flush()


@pytest.mark.parametrize("name", ["case", "window_case", "rich_case"])
def test_float_engine_decides_like_the_table(name, request):
    case = request.getfixturevalue(name)
    detector = make_detector(case)
    assert detector.engine == "float"
    decisions = replay(detector, case.readings())
    assert_same(decisions, case.table())
    assert {one.status for one in decisions} == {"ok"}
    counters = detector.counters
    assert counters["ticks"] == len(decisions) == len(case.rows)
    assert counters["accepted"] == sum(map(len, case.streams.values()))
