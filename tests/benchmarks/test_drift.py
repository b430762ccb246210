"""The drift benchmark on fewer patients, and on real data where there is any."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import drift


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("SKDUALCNN_DATA"), reason="SKDUALCNN_DATA is not set")
def test_changes_raise_more_alarms_than_nothing(tmp_path):
    drift.run(tmp_path, quick=True, data_dir=Path(os.environ["SKDUALCNN_DATA"]))
    document = json.loads((tmp_path / "drift.json").read_text())
    table = pd.DataFrame(document["results"])
    alarms = table.set_index("change")
    nothing = alarms.loc["ward (simulated): nothing", "patient"]
    assert alarms.loc["ward (simulated): SpO2 sensor stuck", "patient"] > nothing + 0.5
    assert alarms.index.str.startswith("WUSTL").sum() == 4
