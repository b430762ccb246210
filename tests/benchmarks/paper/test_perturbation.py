import numpy as np
import pandas as pd
import pytest

from benchmarks.paper.perturbation import perturb


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


def test_noise_is_a_share_of_the_training_spread(table):
    training = table.assign(pulse=2 * table["pulse"])
    noisy = perturb(table, training, kind="noise", level=0.3, rng=np.random.default_rng(1))
    added = noisy["pulse"] - table["pulse"]
    assert added.std() == pytest.approx(0.3 * 20, rel=0.05)
    assert abs(added.mean()) < 0.4
    assert (noisy["flat"] == 1).all()
    # Drawn anew in 30 % of the rows, half of which get what they had.
    assert (noisy["protocol"] != table["protocol"]).mean() == pytest.approx(0.15, abs=0.02)
    assert noisy["protocol"].dtype == table["protocol"].dtype
    assert not noisy.isna().any(axis=None)


def test_missing_values_leave_the_others_alone(table):
    rng = np.random.default_rng(1)
    missing = perturb(table, table, kind="missing values", level=0.2, rng=rng)
    for name in table:
        gone = missing[name].isna()
        assert gone.mean() == pytest.approx(0.2, abs=0.03)
        assert (missing[name][~gone] == table[name][~gone]).all()


def test_both(table):
    both = perturb(table, table, kind="both", level=0.1, rng=np.random.default_rng(1))
    assert both["pulse"].isna().mean() == pytest.approx(0.1, abs=0.02)
    assert (both["pulse"].dropna() != table["pulse"][both["pulse"].notna()]).all()


def test_arrays_have_their_columns_last():
    X = np.random.default_rng(0).normal(size=(500, 6, 2)) * [1, 100]
    X[0, 0, 0] = np.nan
    noisy = perturb(X, X, kind="noise", level=0.2, rng=np.random.default_rng(1))
    added = (noisy - X)[1:].std(axis=(0, 1))
    np.testing.assert_allclose(added, [0.2, 20], rtol=0.1)
    assert np.isnan(noisy[0, 0, 0])


def test_the_same_seed_changes_the_same(table):
    first, second = (
        perturb(table, table, kind="both", level=0.2, rng=np.random.default_rng(3))
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)
