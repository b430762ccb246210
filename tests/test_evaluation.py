import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from skdualcnn import FusionDecider
from skdualcnn._evaluation import (
    HeadResult,
    ModelResult,
    decision_table,
    evaluate,
    head_tables,
    say_unknown,
)
from skdualcnn.exceptions import HeadError


def head_result(y_true, y_pred, score):
    as_objects = [np.array(labels, dtype=object) for labels in (y_true, y_pred)]
    return HeadResult(*as_objects, np.array(score), np.array(["a", "b", "normal"]), "normal")


def test_figures_of_a_head():
    figures = head_result(
        ["normal", "normal", "a", "b"], ["normal", "a", "b", "b"], [0.1, 0.6, 0.7, 0.9]
    ).metrics()
    assert figures["accuracy"] == 2 / 4
    assert figures["balanced_accuracy"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert figures["detection_accuracy"] == 3 / 4
    assert figures["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1))
    assert figures["roc_auc"] == 1
    assert figures["average_precision"] == 1
    assert figures["brier"] == pytest.approx((0.1**2 + 0.6**2 + 0.3**2 + 0.1**2) / 4)


@pytest.mark.parametrize("label", ["normal", "a"])
def test_a_test_set_of_one_kind_has_no_ranking(label):
    figures = head_result([label] * 3, ["normal"] * 3, [0.1, 0.2, 0.3]).metrics()
    assert np.isnan(figures["roc_auc"])
    assert np.isnan(figures["average_precision"])
    assert figures["f1"] == 0
    assert figures["accuracy"] == (label == "normal")


def model_result(decisions, states):
    decisions, states = np.array(decisions), np.array(states, dtype=object)
    return ModelResult({}, np.zeros((len(states), 2)), decisions, states, 1.5)


def test_figures_of_the_decisions():
    result = model_result(
        ["normal", "uncertain", "medical", "cyber", "cyber"],
        ["normal", "normal", "medical", "both", None],
    )
    assert result.decision_metrics() == {
        "accuracy": 2 / 4,
        "uncertain": 1 / 5,
        "recall": {"normal": 1 / 2, "medical": 1.0, "both": 0.0},
    }


def test_the_confusion_counts_rows_with_a_known_state():
    result = model_result(
        ["normal", "uncertain", "medical", "cyber", "cyber"],
        ["normal", "normal", "medical", "both", None],
    )
    table = decision_table({"ours": result, "other": result}, "ours")
    assert [(row["name"], row["ours"]) for row in table["models"]] == [
        ("ours", True),
        ("other", False),
    ]
    confusion = table["confusion"]
    assert confusion["states"] == ["normal", "medical", "both"]
    assert confusion["decisions"] == ["normal", "medical", "cyber", "both", "uncertain"]
    assert confusion["counts"] == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]]


@pytest.fixture(scope="module")
def ward():
    X = pd.DataFrame(np.random.default_rng(0).random((90, 3)), columns=["a", "b", "c"])
    y = pd.DataFrame(
        {
            "health": np.where(X["a"] > 0.6, "hypoxia", "normal"),
            "cyber": np.select([X["b"] > 0.8, X["b"] > 0.6], ["dos", "spoofing"], "normal"),
        }
    )
    return X, y


def test_what_a_decider_says_about_test_rows(ward):
    X, y = ward
    decider = FusionDecider(RandomForestClassifier(n_estimators=5, random_state=0))
    decider.fit(X[:60], y[:60])
    test = y[60:].astype(object)
    test.iloc[:4, 1] = None
    result = evaluate(decider, X[60:], test, fit_seconds=2.5)
    assert list(result.heads) == ["health", "cyber"]
    assert (len(result.heads["health"].y_true), len(result.heads["cyber"].y_true)) == (30, 26)
    np.testing.assert_array_equal(result.decisions, decider.predict(X[60:]))
    np.testing.assert_array_equal(result.scores, decider.decision_function(X[60:]))
    np.testing.assert_allclose(result.heads["health"].score, result.scores[:, 0])
    np.testing.assert_allclose(result.heads["cyber"].score, result.scores[4:, 1])
    np.testing.assert_array_equal(
        result.heads["health"].y_pred, decider.estimator_.predict(X[60:])[:, 0]
    )
    assert result.decision_metrics()["accuracy"] == decider.score(X[60:], test)
    tables = head_tables({"forest": result}, "forest")
    assert [table["name"] for table in tables] == ["health", "cyber"]
    assert tables[1]["classes"] == ["dos", "normal", "spoofing"]
    assert sum(tables[1]["test_counts"].values()) == 26
    assert tables[0]["models"][0]["fit_seconds"] == 2.5


def test_classes_that_were_not_trained_on_are_counted_and_said(ward):
    X, y = ward
    decider = FusionDecider(RandomForestClassifier(n_estimators=5, random_state=0))
    decider.fit(X[:60], y[:60])
    new = y[60:].assign(cyber=y["cyber"][60:].replace("dos", "worm"))
    result = evaluate(decider, X[60:], new)
    counts = head_tables({"forest": result}, "forest")[1]["test_counts"]
    assert counts["worm"] == (new["cyber"] == "worm").sum() > 0
    assert sum(counts.values()) == 30
    (sentence,) = say_unknown(result)
    assert f"{counts['worm']} test rows are of classes that the cyber head was not" in sentence
    with pytest.raises(HeadError, match=r"labels of the health head are \[1, 0\], expected its"):
        evaluate(decider, X[60:], new.assign(health=[1, 0] * 15))


def test_a_decider_of_one_head(ward):
    X, y = ward
    decider = FusionDecider(RandomForestClassifier(n_estimators=5, random_state=0))
    decider.fit(X[:60], y["cyber"][:60])
    result = evaluate(decider, X[60:], y[["cyber"]][60:])
    assert list(result.heads) == ["cyber"]
    assert set(result.states) <= {"normal", "cyber"}


def test_the_interval_of_an_area_is_wider_where_rows_depend_on_each_other():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    label = np.where(rng.random(200) < 0.4, "a", "normal").astype(object)
    shift = rng.normal(size=20)[groups]  # rows of a group err together
    score = (label != "normal") + shift + 0.3 * rng.normal(size=200)
    alone = HeadResult(label, label, score, np.array(["a", "normal"]), "normal")
    grouped = HeadResult(label, label, score, np.array(["a", "normal"]), "normal", groups)
    area = alone.metrics()["roc_auc"]
    narrow, wide = alone.intervals()["roc_auc"], grouped.intervals()["roc_auc"]
    assert np.ptp(wide) > 1.5 * np.ptp(narrow)
    assert wide[0] < narrow[0] < area < narrow[1]


def test_an_area_that_many_resamples_do_not_have_has_no_interval():
    one = head_result(["normal", "normal", "a"], ["normal"] * 3, [0.1, 0.2, 0.9])
    found = one.intervals()
    assert found["roc_auc"] is None
    assert found["accuracy"] is not None


def test_intervals_are_those_of_the_figures(monkeypatch):
    """Every row drawn once: the ends are the figures themselves."""

    def once(statistic, groups, *, n_figures, **given):
        found = statistic(np.ones((1, len(groups)), dtype=np.intp))[0]
        assert found.shape == (n_figures,)
        return np.column_stack([found, found])

    monkeypatch.setattr("skdualcnn._evaluation.group_intervals", once)
    rng = np.random.default_rng(0)
    truth, said = (rng.choice(["a", "b", "normal"], 80).astype(object) for _ in range(2))
    head = HeadResult(truth, said, rng.random(80), np.array(["a", "b", "normal"]), "normal")
    for name, (low, _) in head.intervals().items():
        assert low == pytest.approx(head.metrics()[name]), name
    states = rng.choice(["normal", "medical", None], 80)
    model = ModelResult({}, np.zeros((80, 2)), rng.choice(["normal", "uncertain"], 80), states, 0.0)
    figures, ends = model.decision_metrics(), model.decision_intervals()
    assert ends["accuracy"][0] == pytest.approx(figures["accuracy"])
    assert ends["uncertain"][0] == pytest.approx(figures["uncertain"])
    assert {k: v[0] for k, v in ends["recall"].items()} == pytest.approx(figures["recall"])


def test_intervals_are_the_same_again():
    one = head_result(["normal", "a"] * 20, ["normal"] * 40, np.linspace(0, 1, 40))
    assert one.intervals(3) == one.intervals(3)


def test_labels_that_are_numbers():
    truth, said = (np.array(labels, dtype=object) for labels in ([0, 1, 1], [0, 1, 0]))
    figures = HeadResult(truth, said, np.array([0.1, 0.9, 0.4]), np.array([0, 1]), 0).metrics()
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["balanced_accuracy"] == 0.75
