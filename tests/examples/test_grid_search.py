import pytest


@pytest.mark.slow
def test_it_compares_the_network_with_a_forest(run_example):
    names = run_example("grid_search")
    scores = names["scores"]
    assert scores.shape == (3, 2)
    assert ((scores > 0.4) & (scores <= 1)).all(axis=None)
    assert set(names["search"].best_params_) == {
        "delta",
        "estimator__dualpathcnnclassifier__lr",
    }
