import pytest


@pytest.mark.slow
def test_bits_are_searched_like_any_parameter(run_example):
    names = run_example("quantisation")
    assert names["folds"].shape == (4, 3)
    assert (names["folds"] > 0.7).all()
    assert [one["activation_bits"] for one in names["results"]["params"]] == [16, 8, 8, 8]
