"""Examples are run as programs, without a window, and the names that they leave are looked at."""

import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_example(monkeypatch):
    """Return a function that runs an example with arguments, and returns its names."""
    mpl.use("Agg")
    monkeypatch.delenv("SKDUALCNN_DATA", raising=False)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")

    yield run
    plt.close("all")
