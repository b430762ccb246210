import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from firmware_export._figures import calibration_error, read_head_labels
from skdualcnn.exceptions import HeadError


def _probabilities(n, classes, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=n)


def test_figures_of_a_head_with_a_normal_class(make_graph):
    graph = make_graph(classes=(3, 2))  # class 0 is normal
    rng = np.random.default_rng(1)
    y = pd.DataFrame({"head_1": rng.integers(0, 2, 90), "head_0": rng.integers(0, 3, 90)})
    y = y.astype(object).mask(rng.random(y.shape) < 0.2, None)
    first = read_head_labels(graph, y)[0]
    known = y["head_0"].notna().to_numpy()
    labels = y["head_0"][known].to_numpy(dtype=int)
    probabilities = _probabilities(90, 3)
    figures, score = first.figures(probabilities), 1 - probabilities[known, 0]
    assert figures.accuracy == np.mean(probabilities[known].argmax(axis=1) == labels)
    assert figures.roc_auc == pytest.approx(roc_auc_score(labels > 0, score))
    assert figures.average_precision == pytest.approx(average_precision_score(labels > 0, score))
    assert figures.brier == pytest.approx(brier_score_loss(labels > 0, score))
    assert figures.calibration_error == pytest.approx(calibration_error(labels > 0, score))


def test_the_decider_says_what_is_normal(make_graph):
    graph = make_graph(classes=(3, 2), rule="anomaly")  # (0, 1) are normal
    heads = read_head_labels(graph, np.zeros((4, 2)))
    assert [head.normal for head in heads] == [0, 1]


def test_without_a_normal_class_each_class_stands_against_the_rest(make_graph):
    graph = make_graph(classes=(3,))
    y = np.random.default_rng(0).integers(1, 3, 60)
    head = read_head_labels(graph, y)[0].__class__(
        np.array([1, 2, 3]), None, np.ones(60, dtype=bool), y
    )
    probabilities = _probabilities(60, 3)
    # The third class never occurs, so no curve can be drawn of it.
    expected = np.mean([roc_auc_score(y == label, probabilities[:, label - 1]) for label in (1, 2)])
    assert head.figures(probabilities).roc_auc == pytest.approx(expected)
    briers = [brier_score_loss(y == label, probabilities[:, label - 1]) for label in (1, 2, 3)]
    assert head.figures(probabilities).brier == pytest.approx(np.mean(briers))


def test_one_outcome_has_no_curve(make_graph):
    head = read_head_labels(make_graph(classes=(2,)), np.zeros(5))[0]
    figures = head.figures(_probabilities(5, 2))
    assert np.isnan(figures.roc_auc)
    assert np.isnan(figures.average_precision)
    assert np.isfinite(figures.brier)


def test_perfect_calibration_has_no_error():
    rng = np.random.default_rng(0)
    scores = rng.random(200_000)
    assert calibration_error(rng.random(200_000) < scores, scores) < 0.005
    assert calibration_error(np.ones(3, dtype=bool), np.ones(3)) == 0


def test_number_of_heads_must_fit(make_graph):
    with pytest.raises(HeadError, match=r"y has 1 column\(s\), expected 2, one per head"):
        read_head_labels(make_graph(classes=(3, 2)), np.zeros(4))
