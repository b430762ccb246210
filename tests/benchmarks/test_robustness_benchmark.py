"""What bad readings cost, and what training on them saves."""

import numpy as np
import pytest

from benchmarks import robustness
from benchmarks.quality import BOOSTED
from skdualcnn._studies import OURS
from skdualcnn.datasets import make_ward


def test_copies_come_behind_with_the_labels_and_groups_of_their_rows():
    ward = make_ward(n_patients=3, hours=1.0, random_state=0)
    rows = np.array([5, 7, 11])
    longer, both = robustness.with_disturbed_copies(ward, rows, seed=0)
    n = len(ward.data)
    assert both.tolist() == [5, 7, 11, n, n + 1, n + 2]
    assert longer.data.iloc[:n].equals(ward.data.reset_index(drop=True))
    for part in ("target", "groups"):
        whole = longer[part]
        assert whole.iloc[n:].reset_index(drop=True).equals(whole.iloc[rows].reset_index(drop=True))
    assert longer.data.iloc[n:].isna().sum().sum() > 0


@pytest.mark.slow
def test_a_table_of_every_model(tmp_path, small_ward, capsys):
    results = robustness.run(["ward"], tmp_path, tmp_path / "out", [0], quick=True)
    assert len(results) == 2 * 9
    twice = results.loc[results["training"] == robustness.DISTURBED, "model"]
    assert sorted(twice.unique()) == sorted([OURS, BOOSTED])
    np.testing.assert_allclose(results["lost"], results["roc_auc"] - results["disturbed"])
    trees = results[(results["model"] == BOOSTED) & (results["head"] == "health")]
    assert trees.set_index("training")["lost"][robustness.PLAIN] > 0
    assert "| ward | health | boosted trees | plain |" in capsys.readouterr().out
