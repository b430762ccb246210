"""Heads and subgroups, read and checked."""

from copy import copy

import numpy as np
import pandas as pd
import pytest

from skdualcnn._labels import Labels
from skdualcnn.model_card._reading import read_heads, read_subgroups


def test_heads_are_the_rows_with_a_label(decider, held_out):
    y = held_out.y.copy()
    y.iloc[:5, 0] = None
    explained = decider.explain_decisions(held_out.X)
    health, cyber = read_heads(decider, Labels.read(y), explained, held_out.groups.to_numpy())
    assert (health.name, cyber.name) == ("health", "cyber")
    assert health.rows.tolist() == list(range(5, len(y)))
    assert len(cyber.rows) == len(y)
    np.testing.assert_array_equal(health.classes[health.true], y["health"][5:])
    np.testing.assert_allclose(cyber.score, decider.decision_function(held_out.X)[:, 1])
    np.testing.assert_array_equal(cyber.alert, cyber.score >= 0.5)


def test_the_papers_rule_has_no_threshold(decider, held_out):
    decider = type(decider)(decider.estimator, rule="confidence").fit(held_out.X, held_out.y)
    explained = decider.explain_decisions(held_out.X)
    health, _ = read_heads(decider, Labels.read(held_out.y), explained, held_out.groups.to_numpy())
    np.testing.assert_array_equal(health.alert, explained["health_class"] != "normal")


def test_vitals_that_are_not_trusted_raise_no_alert(decider, held_out):
    decider = copy(decider).set_params(distrust=(0.1, 1.0))
    explained = decider.explain_decisions(held_out.X)
    health, _ = read_heads(decider, Labels.read(held_out.y), explained, held_out.groups.to_numpy())
    trusted = explained["cyber_score"].to_numpy()[health.rows] < 0.1
    high = health.score >= decider.thresholds
    assert (high & ~trusted).any()
    np.testing.assert_array_equal(health.alert, high & trusted)


def test_missing_values_are_a_subgroup():
    sex = pd.Series(["male", None, "female", "male"], index=[9, 8, 7, 6])
    found = read_subgroups({"sex": sex}, 4)["sex"]
    assert {name: mask.tolist() for name, mask in found.items()} == {
        "female": [False, False, True, False],
        "male": [True, False, False, True],
        "not recorded": [False, True, False, False],
    }


def test_bands_keep_their_order():
    age = pd.cut([70, 30, 50], [0, 40, 60, 200], labels=["young", "middle", "old"])
    assert list(read_subgroups({"age": age}, 3)["age"]) == ["young", "middle", "old"]


def test_no_subgroups():
    assert read_subgroups(None, 3) == {}


def test_numbers_must_be_cut_into_bands():
    with pytest.raises(ValueError, match=r"'age'\] has 90 values.*pandas\.cut"):
        read_subgroups({"age": np.arange(90)}, 90)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"'age'\] has 2 rows, expected 3"):
        read_subgroups(pd.DataFrame({"age": ["a", "b"]}), 3)


@pytest.mark.parametrize("values", [[1, "1", 2], ["not recorded", None, "a"]])
def test_values_that_read_the_same_are_refused(values):
    with pytest.raises(ValueError, match="some of which read the same"):
        read_subgroups({"unit": np.array(values, dtype=object)}, 3)


@pytest.mark.parametrize("values", [["a", "b"], np.zeros(2), pd.Series([0, 1], name="sex")])
def test_subgroups_without_a_name(values):
    with pytest.raises(TypeError, match="expected a pandas DataFrame or a mapping of names"):
        read_subgroups(values, 2)
