"""The benchmark of rows without a label: which lose theirs, and who is fitted on what."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from benchmarks import unlabelled
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._studies import OURS


@pytest.mark.parametrize("size", [1, 8])
def test_whole_groups_keep_their_labels(size):
    groups, rows = pd.Series(np.arange(800) // size), np.arange(96, 800)
    kept = unlabelled.choose_labelled(groups, rows, 0)
    assert 60 <= len(kept) <= 70
    assert np.isin(kept, rows).all()
    others = np.setdiff1d(rows, kept)
    assert not np.isin(groups.iloc[others], groups.iloc[kept]).any()
    assert set(unlabelled.choose_labelled(groups, rows, 1)) != set(kept)


def test_one_group_at_least_keeps_its_labels():
    groups = pd.Series(np.repeat([0, 1], 50))
    assert len(unlabelled.choose_labelled(groups, np.arange(100), 0)) == 50


def test_labels_are_taken_from_a_copy():
    dataset = Bunch(data=1, target=pd.DataFrame({"health": ["normal", "sepsis", "normal"]}))
    partly = unlabelled.without_labels(dataset, np.array([0, 2]))
    assert partly.target["health"].isna().tolist() == [True, False, True]
    assert dataset.target.notna().all(axis=None)


def test_as_many_steps_on_few_rows_take_more_epochs():
    network = DualPathCNNClassifier(max_epochs=10, recombined_rows=4)
    decider = FusionDecider(make_pipeline(StandardScaler(), network))
    longer = unlabelled.with_steps_of(decider, n_labelled=100, n_rows=1100)
    assert longer.estimator[-1].max_epochs == 30  # 500 rows an epoch, or 1,500
    assert network.max_epochs == 10


@pytest.mark.slow
@pytest.mark.usefixtures("small_ward")
def test_the_table_has_every_model(tmp_path, capsys):
    results = unlabelled.run(["ward"], tmp_path, tmp_path / "out", [0], quick=True)
    assert len(results) == 2 * (3 + 6)
    assert (results["labelled_rows"] < results["train_rows"].max()).all()
    written = json.loads((tmp_path / "out" / "unlabelled.json").read_text())
    assert len(written["results"]) == len(results)
    assert f"| ward | cyber | {OURS}, all rows |" in capsys.readouterr().out
