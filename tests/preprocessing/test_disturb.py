import numpy as np
import pandas as pd
import pytest

from skdualcnn.preprocessing import disturb


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "pulse": rng.normal(80, 10, 4000),
            "count": rng.integers(0, 5, 4000),
            "flat": np.ones(4000),
            "protocol": pd.Categorical(rng.choice(["tcp", "udp"], 4000)),
        }
    )


def test_noise_is_a_share_of_the_reference_spread(table):
    reference = table.assign(pulse=2 * table["pulse"])
    noisy = disturb(table, noise=0.3, reference=reference, random_state=1)
    added = noisy["pulse"] - table["pulse"]
    assert added.std() == pytest.approx(0.3 * 20, rel=0.05)
    assert abs(added.mean()) < 0.4
    assert (noisy["flat"] == 1).all()
    # Drawn anew in 30 % of the rows, half of which get what they had.
    assert (noisy["protocol"] != table["protocol"]).mean() == pytest.approx(0.15, abs=0.02)
    assert noisy["protocol"].dtype == table["protocol"].dtype
    assert not noisy.isna().any(axis=None)


def test_missing_values_leave_the_others_alone(table):
    missing = disturb(table, missing=0.2, random_state=1)
    for name in table:
        gone = missing[name].isna()
        assert gone.mean() == pytest.approx(0.2, abs=0.03)
        assert (missing[name][~gone] == table[name][~gone]).all()
    assert table.notna().all(axis=None)


def test_both(table):
    both = disturb(table, noise=0.1, missing=0.1, random_state=1)
    assert both["pulse"].isna().mean() == pytest.approx(0.1, abs=0.02)
    assert (both["pulse"].dropna() != table["pulse"][both["pulse"].notna()]).all()


def test_nothing_asked_for_changes_nothing(table):
    pd.testing.assert_frame_equal(disturb(table), table.astype({"count": float}))


def test_arrays_have_their_columns_last():
    X = np.random.default_rng(0).normal(size=(500, 6, 2)) * [1, 100]
    X[0, 0, 0] = np.nan
    noisy = disturb(X, noise=0.2, random_state=1)
    added = (noisy - X)[1:].std(axis=(0, 1))
    np.testing.assert_allclose(added, [0.2, 20], rtol=0.1)
    assert np.isnan(noisy[0, 0, 0])


def test_the_same_seed_changes_the_same(table):
    first, again, other = (
        disturb(table, noise=0.2, missing=0.2, random_state=seed) for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    "asked", [{"noise": -0.1}, {"noise": np.nan}, {"missing": 1.5}, {"missing": -0.5}]
)
def test_what_cannot_be_is_refused(table, asked):
    with pytest.raises(ValueError, match="expected noise of 0 or more"):
        disturb(table, **asked)
