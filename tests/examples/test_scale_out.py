"""The example of Dask, in a process of its own as its workers need."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.mark.slow
def test_partitions_and_workers_give_the_answers_of_one_process():
    script = Path(__file__).parents[2] / "examples" / "scale_out.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert "best of 4: " in done.stdout
    assert "1440 of 1440 decisions as in one process" in done.stdout
