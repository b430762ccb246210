"""The drift benchmark on fewer patients, and on real data where there is any."""

import json

import pandas as pd
import pytest

from benchmarks import drift


@pytest.mark.slow
def test_changes_raise_more_alarms_than_nothing(real_data, tmp_path):
    drift.run(tmp_path, quick=True, data_dir=real_data)
    document = json.loads((tmp_path / "drift.json").read_text())
    table = pd.DataFrame(document["results"])
    alarms = table.set_index("change")
    nothing = alarms.loc["ward (simulated): nothing", "patient"]
    assert alarms.loc["ward (simulated): SpO2 sensor stuck", "patient"] > nothing + 0.5
    assert alarms.index.str.startswith("WUSTL").sum() == 4
