"""The search measures costs and scores together, and keeps what nothing beats."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "right_size.py"


@pytest.fixture(scope="module")
def right_size():
    specification = importlib.util.spec_from_file_location("right_size", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_front_keeps_what_nothing_beats(right_size):
    table = pd.DataFrame(
        [
            ("large", 0.90, 100, 10, 1000),
            ("small", 0.80, 10, 10, 100),
            ("beaten", 0.79, 20, 10, 200),
            ("slow and small", 0.80, 9, 99, 90),
            ("twin of large", 0.90, 100, 10, 1000),
        ],
        columns=["shape", "roc_auc", *right_size.COSTS],
    )
    front = right_size.pareto_front(table)
    assert list(front["shape"]) == ["slow and small", "small", "large", "twin of large"]


@pytest.mark.slow
def test_a_quick_search_on_the_ward(right_size, capsys):
    front = right_size.main(quick=True)
    assert front["parameters"].is_monotonic_increasing
    assert list(right_size.pareto_front(front)["shape"]) == list(front["shape"])
    printed = capsys.readouterr().out
    assert "compact, conv_channels (4,)" in printed
    assert "the Pareto front" in printed
