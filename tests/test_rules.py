import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn._rules import DECISIONS, fuse_anomalies, fuse_confidences

share = st.floats(0, 1)
positive_share = st.floats(0, 1, exclude_min=True)
thorough = settings(derandomize=True, deadline=None, max_examples=300)
SWAPPED = {"medical": "cyber", "cyber": "medical"}


def anomaly(health, cyber, thresholds=(0.5, 0.5), abstention=0.0, delta=0.1, distrust=None):
    codes = fuse_anomalies(
        np.atleast_1d(health),
        np.atleast_1d(cyber),
        thresholds=thresholds,
        abstention=abstention,
        delta=delta,
        distrust=distrust,
    )
    return DECISIONS[codes].tolist()


def confidence(health, cyber, delta=0.1):
    codes = fuse_confidences(np.atleast_1d(health), np.atleast_1d(cyber), delta=delta)
    return DECISIONS[codes].tolist()


def anomaly_in_words(health, cyber, thresholds, abstention, delta, distrust):
    """Say the rule as the design page says it, one row at a time."""
    medical_alert, cyber_alert = health >= thresholds[0], cyber >= thresholds[1]
    if distrust is not None and cyber >= distrust[0]:
        medical_alert = health >= distrust[1]
    if not medical_alert and not cyber_alert:
        in_band = health >= thresholds[0] - abstention or cyber >= thresholds[1] - abstention
        return "uncertain" if in_band else "normal"
    if not cyber_alert:
        return "medical"
    if not medical_alert:
        return "cyber"
    if health > cyber + delta:
        return "medical"
    if cyber > health + delta:
        return "cyber"
    return "both"


@pytest.mark.parametrize("thresholds", [(0.5, 0.5), (0.3, 0.8), (1.0, 0.1)])
@pytest.mark.parametrize("abstention", [0.0, 0.125, 1.0])
@pytest.mark.parametrize("delta", [0.0, 0.125, 1.0])
@pytest.mark.parametrize("distrust", [None, (0.25, 1.0), (0.8, 0.9)])
def test_the_anomaly_rule_on_a_grid(thresholds, abstention, delta, distrust):
    grid = np.linspace(0, 1, 41)
    health, cyber = (axis.ravel() for axis in np.meshgrid(grid, grid))
    expected = [
        anomaly_in_words(h, c, thresholds, abstention, delta, distrust)
        for h, c in zip(health, cyber, strict=True)
    ]
    assert anomaly(health, cyber, thresholds, abstention, delta, distrust) == expected


@pytest.mark.parametrize("delta", [0.0, 0.125, 1.0])
def test_the_confidence_rule_on_a_grid(delta):
    grid = np.linspace(0, 1, 41)
    for health, cyber in itertools.product(grid, grid):
        expected = "uncertain"
        if health > cyber + delta:
            expected = "medical"
        elif cyber > health + delta:
            expected = "cyber"
        assert confidence(health, cyber, delta) == [expected]


@thorough
@given(share, share, positive_share, positive_share, share, share)
def test_every_point_has_one_decision_and_the_heads_are_alike(h, c, t_h, t_c, band, delta):
    decision = anomaly(h, c, (t_h, t_c), band, delta)[0]
    swapped = anomaly(c, h, (t_c, t_h), band, delta)[0]
    assert decision in DECISIONS
    assert swapped == SWAPPED.get(decision, decision)
    mirrored = confidence(c, h, delta)[0]
    assert mirrored == SWAPPED.get(confidence(h, c, delta)[0], confidence(h, c, delta)[0])


@thorough
@given(share, share, positive_share, positive_share, share, share)
def test_an_alert_means_a_score_above_its_threshold(h, c, t_h, t_c, band, delta):
    decision = anomaly(h, c, (t_h, t_c), band, delta)[0]
    above = {"medical": h >= t_h, "cyber": c >= t_c, "both": h >= t_h and c >= t_c}
    assert above.get(decision, h < t_h and c < t_c)


@thorough
@given(share, share, positive_share, share)
def test_no_band_no_uncertainty(h, c, threshold, delta):
    assert anomaly(h, c, (threshold, threshold), 0.0, delta) != ["uncertain"]


@pytest.mark.parametrize(
    ("health", "cyber", "decision"),
    [
        (0.5, 0.49, "medical"),  # at the threshold is an alert
        (0.25, 0.0, "uncertain"),  # at the lower edge of the band is within it
        (0.24, 0.24, "normal"),
        (0.5, 0.3, "medical"),  # the band of the other head does not matter
        (0.75, 0.5, "both"),  # a lead of exactly delta is no lead
        (0.76, 0.5, "medical"),
        (0.5, 0.76, "cyber"),
    ],
)
def test_edges(health, cyber, decision):
    assert anomaly(health, cyber, abstention=0.25, delta=0.25) == [decision]


def test_confidently_normal_heads_raise_alerts_under_the_papers_rule_alone():
    assert confidence(0.99, 0.6) == ["medical"]
    assert anomaly(1 - 0.99, 1 - 0.6) == ["normal"]


def test_no_rows():
    assert anomaly(np.empty(0), np.empty(0)) == []
    assert confidence(np.empty(0), np.empty(0)) == []


@pytest.mark.parametrize(
    ("health", "cyber", "decision"),
    [
        (0.8, 0.1, "medical"),  # nothing speaks against the vitals
        (0.8, 0.3, "uncertain"),  # an alert, but not one to trust
        (0.95, 0.3, "medical"),  # beyond doubt
        (0.8, 0.7, "cyber"),
        (0.4, 0.3, "normal"),
    ],
)
def test_suspicious_traffic_asks_more_of_a_medical_alert(health, cyber, decision):
    assert anomaly(health, cyber, distrust=(0.2, 0.9)) == [decision]


@thorough
@given(share, share, positive_share, positive_share, share, share, positive_share, positive_share)
def test_distrust_never_adds_a_medical_alert(h, c, t_h, t_c, band, delta, suspicion, evidence):
    trusting = anomaly(h, c, (t_h, t_c), band, delta)
    wary = anomaly(h, c, (t_h, t_c), band, delta, (suspicion, max(t_h, evidence)))
    if wary[0] in {"medical", "both"}:
        assert wary == trusting
