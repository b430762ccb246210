from benchmarks.paper.five_folds import describe_models
from benchmarks.paper.jobs import Settings


def test_a_quick_run_says_which_models_go_through_the_folds():
    (said,) = describe_models(Settings.choose(quick=True, n_seeds=1))
    assert "only dual-path CNN and random forest" in said
    assert describe_models(Settings.choose(quick=False, n_seeds=1)) == []
