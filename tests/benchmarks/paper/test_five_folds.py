from benchmarks.paper import five_folds
from benchmarks.paper.five_folds import MEASURES, describe_models
from benchmarks.paper.jobs import Settings


def test_a_quick_run_says_which_models_go_through_the_folds():
    (said,) = describe_models(Settings.choose(quick=True, n_seeds=1))
    assert "only dual-path CNN and random forest" in said
    assert describe_models(Settings.choose(quick=False, n_seeds=1)) == []


def test_folds_of_the_paper_keep_their_digits(monkeypatch):
    ours = {name: [0.5] * 5 for name in MEASURES}
    monkeypatch.setattr(five_folds, "fold_figures", lambda *given: ours)
    printed = [row[-1] for row in five_folds._folds_table(None, "paper", "cyber").rows]
    assert printed == ["0.9872", "0.9868", "0.9875", "0.9880", "0.9855", "0.9870 ± 0.0009"]
