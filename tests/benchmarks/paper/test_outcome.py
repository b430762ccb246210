import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.store import Store

JOB = Job("ward", "honest", "test", "forest", 0, ("patient",))


@pytest.fixture
def outcome():
    return Outcome(
        JOB,
        {
            "fingerprint": "f",
            "classes": {"cyber": ["dos", "normal"]},
            "normal": {"cyber": "normal"},
            "history": {"epoch": [1], "valid_loss": [np.nan]},
        },
        {"cyber": np.array(["normal", "dos", ""])},
        {"cyber": np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])},
        {"group": np.array([4, 4, 5])},
    )


def test_rows_without_a_label_do_not_count(outcome):
    result = outcome.result("cyber")
    assert result.y_true.tolist() == ["normal", "dos"]
    assert result.y_pred.tolist() == ["normal", "dos"]
    assert result.score.tolist() == [0.25, 0.5]
    assert result.metrics()["roc_auc"] == 1
    assert outcome.score("cyber").tolist() == [0.25, 0.5, 1.0]


def test_through_a_file(outcome, tmp_path):
    store = Store(tmp_path)
    store.save(outcome)
    again = store.load(JOB, "f")
    assert again.job == JOB
    assert again.facts == {**outcome.facts, "history": {"epoch": [1], "valid_loss": [None]}}
    np.testing.assert_array_equal(again.truth["cyber"], outcome.truth["cyber"])
    np.testing.assert_array_equal(again.probability["cyber"], outcome.probability["cyber"])
    np.testing.assert_array_equal(again.columns["group"], [4, 4, 5])


def test_another_fingerprint_is_another_job(outcome, tmp_path):
    store = Store(tmp_path)
    assert store.load(JOB, "f") is None
    store.save(outcome)
    assert store.load(JOB, "other") is None


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"PK no"])
def test_a_damaged_file_is_as_none(outcome, tmp_path, damage):
    store = Store(tmp_path)
    path = store.save(outcome)
    path.write_bytes(damage(path.read_bytes()))
    assert store.load(JOB, "f") is None
