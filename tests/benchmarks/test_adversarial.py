"""The benchmark of readings moved within sensor accuracy, on fewer rows."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import adversarial


@pytest.mark.slow
def test_the_attack_does_more_harm_than_noise(tmp_path):
    adversarial.run(["ward"], Path(), tmp_path, range(1), quick=True)
    document = json.loads((tmp_path / "adversarial.json").read_text())
    table = pd.DataFrame(document["results"]).set_index(["training", "readings"])["roc_auc"]
    assert len(table) == 6
    plain = table.loc[adversarial.PLAIN]
    noise = plain["as measured"] - plain["random within accuracy"]
    assert plain["as measured"] - plain["attacked within accuracy"] > 3 * abs(noise)
    lost = {
        training: table.loc[training, "as measured"]
        - table.loc[training, "attacked within accuracy"]
        for training in (adversarial.PLAIN, adversarial.DEFENDED)
    }
    assert lost[adversarial.DEFENDED] < lost[adversarial.PLAIN]
