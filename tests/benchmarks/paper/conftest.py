import matplotlib.pyplot as plt
import pytest

from benchmarks.paper.results import Results


@pytest.fixture
def results_of():
    """Return a function that puts outcomes together as those of a data set."""
    said = dict.fromkeys(("title", "description"), "")
    numbers = {"simulated": True, "n_rows": 0, "n_columns": 0, "settings": None}
    tables = ("modalities", "splits", "held_out", "folds", "left_out")
    yield lambda *outcomes: Results(
        **said, **numbers, **{name: {} for name in tables}, outcomes=outcomes
    )
    plt.close("all")
