from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.paper.classes import _bars, _confusion, _detection_table
from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome


@pytest.fixture
def outcome():
    return Outcome(
        Job("ward", "honest", "test", "network", 0, ("patient",)),
        {"classes": {"cyber": ["dos", "normal"]}, "normal": {"cyber": "normal"}},
        {"cyber": np.array(["normal", "dos", "probe", "normal"])},
        {"cyber": np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0], [0.1, 0.9]])},
        {},
    )


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_pictures_say_how_many_rows_they_leave_out(outcome):
    bars = _bars([outcome, outcome], "cyber")
    assert "classes that training did not have, without a bar: 2. The paper" in bars.message
    (ax, _) = _confusion([outcome], "cyber").figure.axes
    assert ax.get_title() == "cyber head, one seed\nrows of other classes, not shown: 1"


def test_pictures_of_all_rows_say_nothing_of_it(outcome):
    known = replace(outcome, truth={"cyber": np.array(["normal", "dos", "dos", "normal"])})
    assert "did not have" not in _bars([known], "cyber").message
    (ax, _) = _confusion([known], "cyber").figure.axes
    assert ax.get_title() == "cyber head, one seed"


def test_normal_or_not_with_both_averages_beside_the_papers(outcome):
    missed = replace(outcome, truth={"cyber": np.array(["normal", "dos", "dos", "dos"])})
    rows = {row[0]: row[1:] for row in _detection_table([missed], "cyber").rows}
    assert rows["not normal"][:4] == ["1.000", "0.667", "0.800", 3]
    assert rows["macro average"][:4] == ["0.750", "0.833", "0.733", 4]
    assert rows["macro average"][4:] == ["0.987", "0.988", "0.988", "37,739"]
    assert rows["weighted average"][4:] == ["0.988", "0.988", "0.988", "37,739"]
