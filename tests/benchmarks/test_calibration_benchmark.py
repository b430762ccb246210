"""What the benchmark of calibrations computes, on scores whose truth is known."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from benchmarks import calibration
from skdualcnn._evaluation import HeadResult


def answers(seed, *, temperature):
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=4000)
    label = np.where(rng.random(4000) < 1 / (1 + np.exp(-logit)), "ill", "normal").astype(object)
    score = 1 / (1 + np.exp(-logit / temperature))
    classes = np.array(["ill", "normal"], dtype=object)
    return HeadResult(label, label, score, classes, "normal")


def test_every_method_mends_what_is_too_sure():
    held = [answers(seed, temperature=0.4) for seed in (1, 2)]
    found = calibration.compare(held, answers(3, temperature=0.4), seed=0)
    errors = {one["calibration"]: one["ece"] for one in found}
    assert list(errors) == ["none", "temperature", "sigmoid", "isotonic"]
    assert errors.pop("none") > 0.1
    assert max(errors.values()) < 0.03


def test_along_time_every_row_is_held_out_once_with_a_gap():
    recording = Bunch(
        data=pd.DataFrame({"x": np.arange(400)}),
        groups=pd.Series(np.arange(400) // 10),
        split_by="time",
    )
    parts = list(calibration.folds(recording, window=8, seed=0))
    assert np.array_equal(np.concatenate([held for _, held in parts]), np.arange(400))
    gaps = [np.abs(train[:, None] - held).min() for train, held in parts]
    assert min(gaps) == 8
