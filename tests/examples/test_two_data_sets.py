import pytest


@pytest.mark.slow
def test_each_head_learns_from_its_own_rows(run_example):
    areas = run_example("two_data_sets")["areas"]
    assert list(areas.index) == ["health", "cyber"]
    assert (areas > 0.8).all(axis=None)
