"""Each figure of a head against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from skdualcnn.metrics import expected_calibration_error
from skdualcnn.model_card._figures import FIGURES, HeadRows


def make_head(n=300, seed=0, true=None):
    rng = np.random.default_rng(seed)
    true = rng.integers(3, size=n) if true is None else np.asarray(true, dtype=int)
    score = np.round(rng.random(len(true)), 1)  # ties
    return HeadRows(
        name="health",
        classes=np.array(["normal", "hypoxia", "sepsis"]),
        rows=np.arange(len(true)),
        true=true,
        predicted=rng.integers(3, size=len(true)),
        normal=0,
        score=score,
        alert=score >= 0.5,
        groups=np.arange(len(true)) // 3,
    )


def test_figures_are_those_of_scikit_learn():
    head = make_head()
    event = head.true != 0
    expected = {
        "ROC-AUC": metrics.roc_auc_score(event, head.score),
        "average precision": metrics.average_precision_score(event, head.score),
        "sensitivity": metrics.recall_score(event, head.alert),
        "specificity": metrics.recall_score(event, head.alert, pos_label=False),
        "accuracy": metrics.accuracy_score(head.true, head.predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(head.true, head.predicted),
        "Brier score": metrics.brier_score_loss(event, head.score),
        "ECE": expected_calibration_error(event, head.score),
    }
    assert [*expected, "ECE floor"] == list(FIGURES)
    np.testing.assert_allclose(head.compute(list(expected)), list(expected.values()))


def test_the_ece_has_its_floor_and_no_interval():
    head = make_head(n=3000)
    drawn = np.random.default_rng(1).random((200, 3000)) < head.score
    perfect = [replace(head, true=one.astype(int)).compute(["ECE"])[0] for one in drawn]
    given = {"n_resamples": 10, "confidence_level": 0.95, "random_state": 0}
    table = head.figures(["ECE", "Brier score", "ECE floor"], **given)
    assert table.loc["ECE floor", "value"] == pytest.approx(np.mean(perfect), rel=0.1)
    assert table[["low", "high"]].isna().all(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize("true", [[0, 0, 0], [1, 2, 1], []])
def test_what_is_not_defined_is_not_a_number(true):
    found = dict(zip(FIGURES, make_head(true=true).compute(list(FIGURES)), strict=True))
    assert np.isnan(found["ROC-AUC"])
    assert np.isnan(found["specificity"]) == (0 not in true)
    assert np.isnan(found["sensitivity"]) == (not any(true))
    assert np.isnan(found["Brier score"]) == (len(true) == 0)


def test_intervals_hold_the_value_and_repeat():
    given = {"n_resamples": 200, "confidence_level": 0.95, "random_state": 3}
    table = make_head().figures(["ROC-AUC", "sensitivity"], **given)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert table.equals(make_head().figures(["ROC-AUC", "sensitivity"], **given))


def test_rows_are_taken_by_mask_and_by_position():
    head = make_head()
    mask = head.true == 1
    assert head.take(mask).class_counts() == {"normal": 0, "hypoxia": mask.sum(), "sepsis": 0}
    assert head.take(np.array([4, 4])).rows.tolist() == [4, 4]


def test_a_class_unknown_to_the_model_is_counted_and_wrong():
    head = make_head(true=[0, 1, 3, 3])
    assert head.class_counts()["a class unknown to the model"] == 2
    assert head.right.tolist()[2:] == [False, False]
    assert head.event.tolist() == [False, True, True, True]
