"""The example searches and compares on the whole pipeline."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "grid_search.py"


@pytest.mark.slow
def test_it_compares_the_network_with_a_forest():
    specification = importlib.util.spec_from_file_location("grid_search", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    scores = module.main(n_patients=6, hours=3.0, max_epochs=10)
    assert scores.shape == (3, 2)
    assert ((scores > 0.4) & (scores <= 1)).all(axis=None)
