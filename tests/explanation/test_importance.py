"""A modality that a model does not read has no importance; one that it reads has."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from skdualcnn.explanation import modality_importance


def test_only_the_modality_that_is_read_matters(known):
    X, y, decider = known
    modalities = {"patient": ["a", "b"], "network": ["g", "h"], "environment": ["c", "d", "e", "f"]}
    found = modality_importance(decider, X, y, modalities, random_state=0)
    means = found.importances_mean
    assert means["patient"] > 0.2
    assert means["network"] > 0.2
    assert abs(means["environment"]) < 0.1
    assert found.importances.shape == (5, 3)
    assert found.baseline_score == decider.score(X, y)


def test_the_same_seed_gives_the_same_figures(known):
    X, y, decider = known
    one, other = (
        modality_importance(decider, X, y, {"all": list(X)}, n_repeats=2, random_state=3)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.importances, other.importances)


def test_columns_may_be_named_by_numbers():
    X = pd.DataFrame(np.random.default_rng(0).random((100, 3)))
    y = X[2] > 0.5
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    found = modality_importance(tree, X, y, {"patient": [0, 1], "network": [2]}, random_state=0)
    assert found.importances_mean["network"] > 0.3
    assert found.importances_mean["patient"] == 0
    with pytest.raises(ValueError, match=r"column\(s\) \[3, 'a'\], which X does not have"):
        modality_importance(tree, X, y, {"patient": [3, "a", 3]})


def test_what_cannot_be_shuffled_is_an_error(known):
    X, y, decider = known
    with pytest.raises(ValueError, match=r"column\(s\) \['pulse'\], which X does not have"):
        modality_importance(decider, X, y, {"patient": ["pulse"]})
    with pytest.raises(TypeError, match=r"X is a ndarray, expected a pandas DataFrame"):
        modality_importance(decider, X.to_numpy(), y, {"patient": ["a"]})
    with pytest.raises(ValueError, match="n_repeats=0, expected 1 or more"):
        modality_importance(decider, X, y, {"patient": ["a"]}, n_repeats=0)
