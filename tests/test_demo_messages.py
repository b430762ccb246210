import numpy as np
import pandas as pd

from skdualcnn._demo_messages import (
    say_calibration,
    say_confusion,
    say_decisions,
    say_ranking,
    say_training,
)
from skdualcnn._evaluation import HeadResult, ModelResult


def head(y_true, y_pred, score):
    as_objects = [np.array(labels, dtype=object) for labels in (y_true, y_pred)]
    return HeadResult(*as_objects, np.array(score), np.array(["a", "normal"]), "normal")


def result(states, decisions, **heads):
    states = np.array(states, dtype=object)
    return ModelResult(heads, np.zeros((len(states), 2)), np.array(decisions), states, 1.0)


def models(**scores):
    truth = ["normal", "normal", "a", "a"]
    return {name: result([], [], cyber=head(truth, truth, one)) for name, one in scores.items()}


def test_training_says_when_it_was_best():
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [3.0, 2.0, 1.0], "valid_loss": [2.0, 1.5, 1.6]}
    )
    assert say_training(history) == (
        "The loss on held-out groups was lowest, 1.500, in epoch 2 of 3."
    )
    assert say_training(history[["epoch", "train_loss"]]) == (
        "The training loss fell from 3.000 to 1.000."
    )
    rising = history[["epoch", "train_loss"]].iloc[::-1]
    assert say_training(rising) == "The training loss rose from 1.000 to 3.000."
    assert say_training(rising.head(1)) == "The training loss was 1.000."


def test_confusion_names_the_most_frequent_mistake():
    one = head(["a", "a", "a", "normal"], ["a", "normal", "normal", "a"], [0, 0, 0, 0])
    assert say_confusion(one) == (
        "25.0 % of the rows got the right class. The most frequent mistake: a was taken for "
        "normal in 2 of 3 rows."
    )
    assert say_confusion(head(["a"], ["a"], [1])) == "100.0 % of the rows got the right class."


def test_ranking_says_who_is_ahead():
    found = models(ours=[0.1, 0.6, 0.5, 0.9], forest=[0.1, 0.2, 0.5, 0.9])
    assert say_ranking(found, "ours", "cyber") == (
        "ROC-AUC of our network: 0.750, place 2 of 2; best: forest, 1.000."
    )
    assert say_ranking(found, "forest", "cyber") == (
        "ROC-AUC of our network: 1.000, place 1 of 2; next: ours, 0.750."
    )
    assert say_ranking(models(ours=[0, 0, 1, 1]), "ours", "cyber").endswith("place 1 of 1.")


def test_a_low_brier_score_is_a_good_one():
    found = models(ours=[0.5, 0.5, 0.5, 0.5], forest=[0.1, 0.1, 0.9, 0.9])
    assert say_calibration(found, "ours", "cyber") == (
        "Brier score of our network: 0.250, place 2 of 2; best: forest, 0.010."
    )


def test_test_rows_of_one_kind_have_no_ranking():
    found = {"ours": result([], [], cyber=head(["a", "a"], ["a", "a"], [0.1, 0.2]))}
    assert "not defined" in say_ranking(found, "ours", "cyber")


def test_decisions_leave_out_rows_without_a_label():
    one = result(["normal", "medical", "medical", None], ["normal", "normal", "normal", "cyber"])
    assert say_decisions(one) == (
        "33.3 % of the rows were decided right. The most frequent mistake: medical decided as "
        "normal, 2 rows."
    )
    assert say_decisions(result(["normal"], ["normal"])).endswith("decided right.")
