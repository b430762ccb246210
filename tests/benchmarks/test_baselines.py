"""The benchmark fits every model under both protocols and writes what it printed."""

import json

import pytest

from benchmarks import baselines
from skdualcnn.datasets import make_ward


@pytest.mark.slow
@pytest.mark.usefixtures("small_ward")
def test_tables_hold_every_model_and_both_protocols(tmp_path, capsys):
    results = baselines.run(["ward"], tmp_path, tmp_path / "out", [0], quick=True)
    assert set(results["protocol"]) == {"paper", "honest"}
    assert results["model"].nunique() == 7
    written = json.loads((tmp_path / "out" / "baselines.json").read_text())
    assert len(written["results"]) == len(results) == 28
    assert "commit" in written["environment"]
    assert "| ward | health | honest | boosted trees |" in capsys.readouterr().out
    assert "boosted trees" in (tmp_path / "out" / "baselines.md").read_text()


def test_a_head_without_labels_does_not_stratify():
    ward = make_ward(n_patients=4, hours=2.0, random_state=0)
    ward.target["health"] = None
    train, test = baselines.split(ward, "paper", 0)
    assert sorted([*train, *test]) == list(range(len(ward.data)))
    share = (ward.target["cyber"] == "normal").mean()
    assert abs((ward.target["cyber"].iloc[test] == "normal").mean() - share) < 0.02


def test_a_row_that_is_the_only_one_of_its_classes_does_not_stop_the_split():
    ward = make_ward(n_patients=4, hours=2.0, random_state=0)
    ward.target.loc[0, "cyber"] = "probe"
    train, test = baselines.split(ward, "paper", 0)
    assert sorted([*train, *test]) == list(range(len(ward.data)))
