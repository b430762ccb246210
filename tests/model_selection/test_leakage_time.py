import numpy as np
import pandas as pd
import pytest

from skdualcnn.model_selection._leakage_folds import Folds
from skdualcnn.model_selection._leakage_table import read_columns, read_heads
from skdualcnn.model_selection._leakage_time import make_places, read_clock, score_places

N = 600
ROWS = np.arange(N)
RNG = np.random.default_rng(0)
GROUPS = ROWS // 60


def clock(values, groups=None):
    column = read_columns(pd.DataFrame({"one": values}))[0]
    return read_clock(column, make_places(N, groups), 20_000, np.random.RandomState(0))


@pytest.mark.parametrize(
    "values",
    [
        ROWS * 3,
        -ROWS,
        ROWS // 5,
        ROWS % 250,  # wraps around
        np.where(RNG.random(N) < 0.3, np.nan, ROWS),
        ROWS + RNG.normal(size=N),  # out of order now and then
        pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(ROWS, unit="ms"),
        [str(row) if row % 50 else "named" for row in ROWS],
    ],
)
def test_clocks(values):
    assert clock(values).is_clock


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(size=N),
        RNG.normal(size=N).cumsum(),
        np.sin(ROWS / 20),
        RNG.integers(0, 30, N),
        np.where(ROWS < 300, RNG.normal(size=N), 3 + RNG.normal(size=N)),
    ],
)
def test_no_clocks(values):
    assert not clock(values).is_clock


def test_few_values_are_not_read():
    assert clock(ROWS // 100) is None
    assert clock(RNG.choice(["a", "b"], N)) is None


def test_a_clock_that_starts_anew_in_each_group():
    values = RNG.permutation(60).argsort()[ROWS % 60]  # any order, the same in every group
    assert not clock(values, GROUPS).is_clock
    found = clock(ROWS % 60 // 2, GROUPS)
    assert found.is_clock
    assert (found.what, found.steady) == ("group", 1.0)


def test_places_of_rows_whose_groups_are_mixed():
    groups = np.array([1, 0, 1, 0, 0, 1, 1, 1, 0, 1])
    _, within = make_places(10, groups)
    assert within.number.tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 3, 5]
    assert within.order.tolist() == [1, 3, 4, 8, 0, 2, 5, 6, 7, 9]
    assert within.joins.tolist() == [True] * 3 + [False] + [True] * 5
    assert len(make_places(10, np.arange(10) // 2)) == 1  # too short to have a course
    assert len(make_places(10, None)) == 1


def test_a_column_with_values_at_one_place_of_each_group_only_is_no_clock():
    groups = ROWS // 5
    values = np.where(ROWS % 5 == 0, RNG.normal(size=N), np.nan)
    assert not clock(values, groups).is_clock


def test_order_tells_only_between_neighbours():
    (head,) = read_heads(GROUPS % 2)
    random = RNG.permutation(N)
    (skill,) = score_places(make_places(N, None), [head], Folds([(random[:400], random[400:])], ""))
    assert skill.severity == "high"
    (skill,) = score_places(make_places(N, None), [head], Folds([(ROWS[:300], ROWS[300:])], ""))
    assert skill.severity is None


def test_one_long_stretch_of_test_rows_may_be_chance():
    # Two of three recordings agree by accident, as 40 rows of two stretches always can.
    y = np.tile(np.arange(60) >= 40, 10)
    (head,) = read_heads(y)
    places = make_places(N, GROUPS)
    few = score_places(places, [head], Folds([(ROWS[:540], ROWS[540:])], ""))
    assert few[0].auc > 0.9
    assert few[0].severity is None
