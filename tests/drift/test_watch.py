"""Rows that come a few at a time are checked as the batches that they fill."""

import pandas as pd
import pytest

from skdualcnn.datasets import make_ward
from skdualcnn.drift import DriftWatch


def test_batches_are_those_of_each_device(monitor):
    ward = make_ward(n_patients=2, hours=5, random_state=6)
    watch, reports = DriftWatch(monitor), {0: [], 1: []}
    for start in range(0, 300, 7):
        for patient, rows in ward.data.groupby(ward.groups):
            piece = rows[start : start + 7]
            found = watch.push(piece, ward.target.loc[piece.index], device=patient)
            reports[patient] += found
    for patient, rows in ward.data.groupby(ward.groups):
        y = ward.target.loc[rows.index]
        expected = [monitor.check(rows[i : i + 120], y[i : i + 120]) for i in (0, 120)]
        assert len(reports[patient]) == 2
        for one, other in zip(reports[patient], expected, strict=True):
            pd.testing.assert_frame_equal(one.parts, other.parts)


def test_many_rows_fill_several_batches(monitor):
    ward = make_ward(n_patients=1, hours=5, random_state=6)
    assert len(DriftWatch(monitor).push(ward.data)) == 2


def test_devices_beyond_the_limit_are_forgotten(monitor):
    rows = make_ward(n_patients=1, hours=1, random_state=6).data
    watch = DriftWatch(monitor, max_devices=2)
    for device in ("a", "b", "a", "c"):
        assert watch.push(rows[:40], device=device) == []
    assert len(watch.push(rows[:40], device="a")) == 1
    assert watch.push(rows[:40], device="c") == []
    assert watch.push(rows[:40], device="b") == []
    assert watch.push(rows[:40], device="b") == []  # its first rows are forgotten


@pytest.mark.parametrize("most", [0, 1.5, None])
def test_a_limit_of_devices_out_of_range(monitor, most):
    with pytest.raises(ValueError, match=r"max_devices is .*, expected a number of 1 or more"):
        DriftWatch(monitor, max_devices=most)


def test_labels_of_another_length_are_an_error(monitor):
    ward = make_ward(n_patients=1, hours=1, random_state=6)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DriftWatch(monitor).push(ward.data, ward.target[:3])


def test_tables_may_be_used_again(monitor):
    ward = make_ward(n_patients=1, hours=2, random_state=6)
    watch, rows = DriftWatch(monitor), ward.data[:60].copy()
    labels, scores = ward.target[:60].copy(), monitor.decider.decision_function(rows)
    assert watch.push(rows, labels, scores=scores) == []
    rows["spo2"], labels["health"], scores[:] = 0.0, "sepsis", 1.0
    rest = ward.data[60:120]
    [report] = watch.push(rest, ward.target[60:], scores=monitor.decider.decision_function(rest))
    pd.testing.assert_frame_equal(report.parts, monitor.check(ward.data, ward.target).parts)


def test_rows_that_cannot_be_checked_are_forgotten(monitor):
    ward = make_ward(n_patients=1, hours=2, random_state=6)
    watch = DriftWatch(monitor)
    assert watch.push(ward.data[:60].assign(spo2="error")) == []
    with pytest.raises(ValueError, match="could not convert string to float"):
        watch.push(ward.data[60:120])
    assert len(watch.push(ward.data)) == 1
