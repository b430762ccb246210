"""The example finds the traps of the real data."""

import importlib.util
import os
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "find_leakage.py"


@pytest.mark.slow
def test_it_finds_the_traps():
    folder = os.environ.get("SKDUALCNN_DATA")
    if not folder:
        pytest.skip("SKDUALCNN_DATA is unset: it names the folder with the public data sets")
    specification = importlib.util.spec_from_file_location("find_leakage", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    random, chronological = module.main(folder)
    high = [
        {one.column for one in report.findings if one.severity == "high"}
        for report in (random, chronological)
    ]
    assert high[0] >= {"SrcMac", "Flgs", "Sport", "Packet_num"}
    assert high[1] == {"SrcMac", "Flgs"}
