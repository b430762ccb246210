"""The table of coverage: by hand, with labels missing, and with a class never seen."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skdualcnn.conformal import ConformalFusionDecider, coverage_table
from skdualcnn.exceptions import HeadError


@pytest.fixture(scope="module")
def careful(frozen, rows):
    return ConformalFusionDecider(frozen).fit(*rows(2000, seed=2)[:2])


def by_class(careful, X, y):
    return coverage_table(careful, X, y).set_index(["head", "class"])


def test_the_table_counts_what_the_sets_hold(careful, rows):
    X, y, _ = rows(1000, seed=3)
    table = by_class(careful, X, y)
    health, cyber = careful.predict_set(X)
    held = health[np.arange(1000), np.searchsorted(["hypoxia", "normal", "sepsis"], y["health"])]
    assert table["coverage"]["health", "all"] == pytest.approx(held.mean())
    septic = (y["health"] == "sepsis").to_numpy()
    assert table["coverage"]["health", "sepsis"] == pytest.approx(held[septic].mean())
    assert table["rows"]["health", "sepsis"] == septic.sum()
    assert table["set_size"]["cyber", "all"] == pytest.approx(cyber.sum(axis=1).mean())
    assert table["empty"]["cyber", "all"] == pytest.approx((~cyber.any(axis=1)).mean())


def test_rows_without_a_label_do_not_count(careful, rows):
    X, y, _ = rows(1000, seed=3)
    whole = by_class(careful, X[:400], y[:400])
    y.loc[400:, "health"] = None
    part = by_class(careful, X, y)
    assert part.loc["health"].equals(whole.loc["health"])
    assert part["rows"]["cyber", "all"] == 1000
    y["health"] = None
    assert np.isnan(by_class(careful, X, y)["coverage"]["health", "all"])


def test_a_class_unknown_to_the_decider_is_never_covered(careful, rows):
    X, y, _ = rows(2000, seed=3)
    y["cyber"] = y["cyber"].replace("dos", "worm")
    table = by_class(careful, X, y)
    assert table["coverage"]["cyber", "worm"] == 0
    assert table["coverage"]["cyber", "all"] < 0.8


def test_columns_are_told_apart_by_name(careful, rows):
    X, y, _ = rows(1000, seed=3)
    swapped = coverage_table(careful, X, y[["cyber", "health"]])
    assert swapped.equals(coverage_table(careful, X, y))


def test_a_class_may_be_called_all(frozen, rows):
    X, y, _ = rows(400, seed=2)
    y["cyber"] = y["cyber"].replace("dos", "all")
    decider = clone(frozen.estimator).fit(X, y)
    careful = ConformalFusionDecider(FrozenEstimator(decider)).fit(X, y)
    table = coverage_table(careful, X, y)
    cyber = table[table["head"] == "cyber"]
    assert cyber["class"].tolist() == ["all", "all", "normal"]
    assert cyber["rows"].tolist() == [400, (y["cyber"] == "all").sum(), (y["cyber"] != "all").sum()]


def test_unknown_classes_may_be_of_another_kind(careful, rows):
    X, y, _ = rows(400, seed=3)
    y.loc[:9, "cyber"] = 7
    y.loc[10:19, "cyber"] = "worm"
    cyber = coverage_table(careful, X, y).query("head == 'cyber'")
    assert cyber["class"].tolist() == ["all", "dos", "normal", "7", "worm"]


def test_labels_that_the_heads_do_not_have_are_an_error(careful, rows):
    X, y, _ = rows(10, seed=3)
    with pytest.raises(HeadError, match=r"The labels of the cyber head are \[7\], expected its"):
        coverage_table(careful, X, y.assign(cyber=7))
    with pytest.raises(HeadError, match=r"y has 1 column\(s\) .* one for each of the heads"):
        coverage_table(careful, X, y["cyber"])


def test_lengths_must_agree(careful, rows):
    X, y, _ = rows(10, seed=3)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        coverage_table(careful, X, y[1:])
