import pytest


@pytest.mark.slow
def test_it_decides_on_patients_it_never_saw(run_example):
    names = run_example("first_pipeline")
    ward = names["ward"]
    seen, unseen = (set(ward.groups.iloc[names[part]]) for part in ("train", "test"))
    assert not seen & unseen
    normal = (names["decider"].true_state(names["y_test"]) == "normal").mean()
    assert names["decider"].score(names["X_test"], names["y_test"]) > normal
