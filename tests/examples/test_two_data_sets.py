"""One network learns two heads from two data sets that share neither labels nor columns."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "two_data_sets.py"


@pytest.mark.slow
def test_each_head_learns_from_its_own_rows():
    specification = importlib.util.spec_from_file_location("two_data_sets", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    areas = module.main(max_epochs=3)
    assert (areas > 0.8).all(axis=None)
