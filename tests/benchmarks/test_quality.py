"""The honest table: thresholds from rows held out, every figure, and who is ahead."""

import numpy as np
import pytest

from benchmarks import quality
from benchmarks._held_out import at_thresholds, recalls, thresholds
from skdualcnn._evaluation import HeadResult
from skdualcnn._studies import OURS


def result(y, score):
    y = np.array(y, dtype=object)
    score = np.array(score, dtype=float)
    said = np.where(score >= 0.5, "ill", "normal").astype(object)
    return HeadResult(y, said, score, np.array(["ill", "normal"]), "normal")


HELD = result(["normal"] * 6 + ["ill"] * 2, [0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.3, 0.4])


def test_thresholds_are_best_on_the_rows_they_were_chosen_on():
    cuts = thresholds(HELD)
    reached = at_thresholds(HELD, cuts)
    for figure in reached:
        others = [
            at_thresholds(HELD, dict.fromkeys(cuts, cut))[figure] for cut in np.unique(HELD.score)
        ]
        assert reached[figure] == max(others)
    assert cuts["f1"] == 0.3


def test_flagging_nothing_may_be_most_accurate():
    cuts = thresholds(result(["normal"] * 3 + ["ill"], [0.4, 0.3, 0.2, 0.1]))
    assert cuts["accuracy"] == np.inf


def test_the_challenge_score_is_the_smaller_of_sensitivity_and_predictivity():
    cuts = dict.fromkeys(("accuracy", "f1", "challenge"), 0.3)
    assert at_thresholds(HELD, cuts)["challenge_at"] == pytest.approx(2 / 3)


def test_unseen_types_are_apart():
    unseen = np.arange(8) == 7
    assert recalls(HELD, 0.35, unseen) == {
        "ill": 0.5,
        "normal": 0.0,
        "types unseen in training": 1.0,
        "types seen in training": 0.0,
    }


@pytest.mark.slow
def test_tables_hold_every_model(tmp_path, small_ward, capsys):
    results = quality.run(["ward"], tmp_path, tmp_path / "out", [0], quick=True)
    assert len(results) == 2 * 7
    ours = results["model"] == OURS
    assert results.loc[ours, "p_value"].isna().all()
    assert results.loc[~ours, "p_value"].between(0, 1).all()
    printed = capsys.readouterr().out
    assert "| ward | cyber | boosted trees | normal |" in printed
    assert (tmp_path / "out" / "quality.json").exists()
