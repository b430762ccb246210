import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn._holdout import hold_out
from skdualcnn.exceptions import HeadError

thorough = settings(derandomize=True, deadline=None, max_examples=300)
# Units of one to four rows each, in one of three strata.
units_and_strata = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 2)), min_size=2, max_size=30
).map(
    lambda drawn: (
        np.repeat(np.arange(len(drawn)), [size for size, _ in drawn]),
        np.repeat([stratum for _, stratum in drawn], [size for size, _ in drawn]),
    )
)


def seeded(seed=0):
    return np.random.RandomState(seed)


@thorough
@given(units_and_strata, st.floats(0.01, 0.99), st.integers(0, 5), st.randoms())
def test_whole_units_and_their_share_of_each_stratum(drawn, fraction, seed, shuffler):
    units, strata = drawn
    order = list(range(len(units)))
    shuffler.shuffle(order)
    units, strata = units[order], strata[order]
    sizes = [len(np.unique(units[strata == stratum])) for stratum in np.unique(strata)]
    if max(sizes) == 1:
        with pytest.raises(HeadError):
            hold_out(units, strata, fraction, seeded(seed))
        return
    held = hold_out(units, strata, fraction, seeded(seed))
    assert not set(units[held]) & set(units[~held])
    assert held.any()
    for stratum in np.unique(strata):
        here = strata == stratum
        size = len(np.unique(units[here]))
        n_held = len(np.unique(units[here & held]))
        assert n_held < size
        assert abs(n_held - fraction * size) <= 1
    np.testing.assert_array_equal(held, hold_out(units, strata, fraction, seeded(seed)))


@thorough
@given(units_and_strata, st.integers(0, 5))
def test_the_names_of_the_strata_do_not_matter_nor_the_rows_per_unit(drawn, seed):
    units, strata = drawn
    if max(len(np.unique(units[strata == one])) for one in strata) == 1:
        return
    _, first = np.unique(units, return_index=True)
    once = hold_out(units[first], strata[first] + 7, 0.3, seeded(seed))
    np.testing.assert_array_equal(once[units], hold_out(units, strata, 0.3, seeded(seed)))


def test_another_seed_holds_out_others():
    units = np.arange(100)
    held = [hold_out(units, units * 0, 0.2, seeded(seed)) for seed in (0, 1)]
    assert held[0].sum() == held[1].sum() == 20
    assert (held[0] != held[1]).any()


def test_one_unit_at_least_of_the_largest_stratum():
    held = hold_out(np.arange(7), np.array([0, 0, 0, 0, 1, 1, 1]), 0.01, seeded())
    assert held.sum() == 1
    assert held[:4].any()


@pytest.mark.parametrize("fraction", [0.9, 0.5, 0.01])
def test_nothing_to_hold_out(fraction):
    with pytest.raises(HeadError, match=r"1 distinct row\(s\) or group\(s\) leaves none"):
        hold_out(np.zeros(5, dtype=int), np.zeros(5, dtype=int), fraction, seeded())
