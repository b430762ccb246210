"""Groups are numbered, and rows without one refused in the same words everywhere."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._group_bootstrap import group_intervals
from skdualcnn._groups import number_groups
from skdualcnn._operating_points import Rows, read_costs
from skdualcnn.drift import DriftMonitor
from skdualcnn.model_selection import mcnemar_test


def test_groups_are_numbered_in_the_order_of_their_labels():
    for labels in ([30, 4, 30, 7], ["b", "A", "b", "a"]):
        expected = np.unique(labels, return_inverse=True)[1]
        np.testing.assert_array_equal(number_groups(labels), expected)
        np.testing.assert_array_equal(number_groups(np.array(labels, dtype=object)), expected)


X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["spo2", "rate"])
Y = (X > 0).astype(int).to_numpy()


def decider(**given):
    return FusionDecider(MultiOutputClassifier(LogisticRegression()), **given)


def network(**given):
    return DualPathCNNClassifier(architecture="compact", max_epochs=1, random_state=0, **given)


def watch_drift(groups):
    modalities = {"patient": ["spo2"], "network": ["rate"]}
    DriftMonitor(decider().fit(X, Y), modalities, batch_size=5).fit(X, groups=groups)


def draw_again(groups):
    group_intervals(
        lambda counts: counts.sum(axis=1)[:, None],
        groups,
        n_figures=1,
        n_resamples=10,
        confidence_level=0.95,
        random_state=0,
    )


TAKE_GROUPS = {
    "bootstrap": draw_again,
    "operating points": lambda groups: Rows.of(Y[:, 0], groups, 60.0, read_costs(None)),
    "paired test": lambda groups: mcnemar_test(Y[:, 0], Y[:, 1], Y[:, 0], groups=groups),
    "teacher": lambda groups: network(teacher=LogisticRegression()).fit(X, Y, groups=groups),
    "early stopping": lambda groups: network(early_stopping=True).fit(X, Y, groups=groups),
    "cross-fitting": lambda groups: decider(calibration="sigmoid").fit(X, Y, groups=groups),
    "drift": watch_drift,
}


@pytest.mark.parametrize("take", TAKE_GROUPS.values(), ids=TAKE_GROUPS)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_row_without_a_group_is_an_error(take, missing):
    groups = np.repeat(np.array(["b", "a", "c", "d"], dtype=object), 15)
    groups[[1, 4]] = missing
    with pytest.raises(ValueError, match="2 of 60 rows have no group, such as row 1"):
        take(groups)


@pytest.mark.parametrize("take", TAKE_GROUPS.values(), ids=TAKE_GROUPS)
def test_numbers_may_be_missing_too(take):
    groups = np.repeat([0.0, np.nan, 2.0], 20)
    with pytest.raises(ValueError, match="20 of 60 rows have no group, such as row 20"):
        take(groups)
