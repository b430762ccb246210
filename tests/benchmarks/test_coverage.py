"""The coverage benchmark on fewer patients, and on real data where there is any."""

import pandas as pd
import pytest

from benchmarks import coverage


@pytest.fixture(scope="module")
def on_wards():
    rows = coverage.on_wards(n_patients=12, epochs=2, repeats=3)
    return pd.DataFrame(rows).set_index(["data", "sets", "head"])


@pytest.mark.slow
def test_each_case_of_the_ward_has_a_row_for_each_kind_of_set_and_head(on_wards):
    cases = {case for case, _, _ in on_wards.index}
    assert len(cases) == 1 + len(coverage.SENSORS) + len(coverage.MIXES)
    assert len(on_wards) == 2 * len(coverage.KINDS) * len(cases)
    shares = on_wards.drop(columns=["set size", "spread"])
    assert ((shares >= 0) & (shares <= 1)).all(axis=None)


@pytest.mark.slow
def test_the_sets_of_classes_hold_where_the_mix_of_classes_changes(on_wards):
    case = "ward (simulated), changed: four times the emergencies"
    by_class = on_wards.loc[(case, "each class by itself", "health")]
    marginal = on_wards.loc[(case, "all classes together", "health")]
    assert by_class["coverage"] > marginal["coverage"] + 0.1


@pytest.mark.slow
def test_attacks_never_seen_are_not_covered(real_data):
    table = pd.DataFrame(coverage.official_test(real_data, epochs=1, repeats=2))
    random, official = (table[table["data"].str.contains(name)] for name in ("random", "test file"))
    assert random["coverage"].between(0.87, 0.93).all()
    assert (official["coverage"] < 0.85).all()
