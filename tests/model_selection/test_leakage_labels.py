import numpy as np
import pandas as pd
import pytest

from skdualcnn.model_selection._leakage_folds import Folds
from skdualcnn.model_selection._leakage_labels import (
    find_telling_columns,
    is_identifier,
    score_column,
)
from skdualcnn.model_selection._leakage_table import read_columns, read_heads

RNG = np.random.default_rng(0)
N = 400
FOLDS = Folds([(np.arange(0, N, 2), np.arange(1, N, 2))], "")


def column(values):
    return read_columns(pd.DataFrame({"one": values}))[0]


def test_missing_values_can_tell_the_label():
    y = RNG.choice(["a", "b"], N)
    for values in (
        np.where(y == "a", np.nan, RNG.normal(size=N)),
        np.where(y == "a", None, RNG.choice(["x", "z"], N)),
    ):
        (finding,) = find_telling_columns(column(values), read_heads(y)[0], FOLDS)
        assert finding.severity == "high"
        assert finding.evidence["AUC"] == 1.0


def test_text_that_training_has_not_seen_tells_nothing():
    y = RNG.choice(["a", "b"], N)
    scores = score_column(column([f"row {i}" for i in range(N)]), read_heads(y)[0], FOLDS)
    assert [score.auc for score in scores] == [0.5, 0.5]


def test_rare_classes_are_not_scored():
    y = np.where(np.arange(N) < 30, "rare", RNG.choice(["a", "b"], N))
    scores = score_column(column(RNG.normal(size=N)), read_heads(y)[0], FOLDS)
    assert {score.label for score in scores} == {"a", "b"}


def test_missing_labels_are_left_out():
    y = np.where(RNG.random(N) < 0.5, None, RNG.choice(["a", "b"], N))
    scores = score_column(column(RNG.normal(size=N)), read_heads(y)[0], FOLDS)
    assert sum(score.share for score in scores) == pytest.approx(1.0)
    unknown = read_heads(np.where(np.arange(N) % 2, None, "a"))[0]
    assert score_column(column(RNG.normal(size=N)), unknown, FOLDS) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RNG.permutation(N), True),
        (RNG.permutation(N).astype(float) * 1.0 + 132_539, True),
        ([f"stay {i}" for i in range(N)], True),
        (RNG.permutation(10**6)[:N], False),  # so many to draw from that none occurs twice
        (RNG.normal(size=N), False),
        (RNG.integers(0, 100, N), False),
        (RNG.choice(["a", "b"], N), False),
        (np.r_[np.arange(N - 1), np.inf], False),
        ([None] * N, False),
    ],
)
def test_identifiers(values, expected):
    assert is_identifier(column(values)) is expected
