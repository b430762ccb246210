import numpy as np
import pandas as pd
import pytest

from skdualcnn.model_selection._leakage_duplicates import find_copies, find_near_copies
from skdualcnn.model_selection._leakage_folds import Folds
from skdualcnn.model_selection._leakage_table import read_columns

N = 2000
FOLDS = Folds([(np.arange(1000), np.arange(1000, N))], "")


def near(frame):
    findings, _ = find_near_copies(read_columns(frame), FOLDS, np.random.RandomState(0))
    return sum(one.evidence["test rows"] for one in findings)


def test_common_rows_are_no_copies():
    rng = np.random.default_rng(0)
    few = pd.DataFrame(rng.integers(0, 3, (N, 4)))
    assert find_copies(read_columns(few), FOLDS)[0] == []
    many = pd.DataFrame(rng.integers(0, 30, (N, 10)))
    assert find_copies(read_columns(many), FOLDS)[0] == []
    many.iloc[1000:1005] = many.iloc[:5].to_numpy()
    (finding,) = find_copies(read_columns(many), FOLDS)[0]
    assert finding.evidence == {"test rows": 5, "share": 0.005}
    assert finding.severity == "low"


def test_nearly_all_rows_are_not_all():
    n = 20_000
    once = np.arange(n, dtype=float)
    X = pd.DataFrame({"a": np.append(once, once), "b": np.append(once, once)})
    X.iloc[-1] = -1.0
    folds = Folds([(np.arange(n), np.arange(n, 2 * n))], "")
    (finding,) = find_copies(read_columns(X), folds)[0]
    assert finding.finding.startswith("Of the test rows, over 99.99% have an exact copy")


def test_nothing_to_compare():
    findings, checked = find_copies([], FOLDS)
    assert findings == []
    assert "not checked" in checked
    assert (
        "not checked, 2 column(s)"
        in find_near_copies(
            read_columns(np.random.default_rng(0).random((N, 2))), FOLDS, np.random.RandomState(0)
        )[1]
    )


@pytest.mark.parametrize("n_features", [3, 10, 50])
@pytest.mark.parametrize("seed", range(3))
def test_near_copies(n_features, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(N, n_features)))
    assert near(X) == 0
    # Dependent columns lie close together, and that is no leak.
    loading = rng.normal(size=(2, n_features))
    assert near(pd.DataFrame(rng.normal(size=(N, 2)) @ loading)) == 0
    X.iloc[1000:1100] = X.iloc[:100].to_numpy() + 1e-4 * rng.normal(size=(100, n_features))
    assert near(X) >= 90


def test_near_copies_agree_in_their_other_columns():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N, 5)))
    X.iloc[1000:1100] = X.iloc[:100].to_numpy() + 1e-5
    X["protocol"] = np.where(np.arange(N) < 1000, "mqtt", "http")
    assert near(X) == 0
    X["protocol"] = "mqtt"
    assert near(X) >= 90
    X.iloc[1000:1100, 0] = np.nan
    assert near(X) == 0
