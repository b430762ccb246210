import pytest


@pytest.mark.slow
def test_it_chooses_by_cost(run_example):
    names = run_example("decisions_with_costs")
    tuned, held = names["tuned"], names["held"]
    assert tuned.best_params_["thresholds"][0] < 0.5
    assert held.operating_point_["medical_sensitivity"]["value"] >= 0.9
    assert tuned.best_cost_ <= held.best_cost_
