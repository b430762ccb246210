"""What tests of several folders share; and one thread for numerical libraries.

The tests run in two processes on two cores.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# They are read when NumPy is imported.
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402

from skdualcnn.datasets import _icu_security  # noqa: E402


@pytest.fixture
def icu_folder(tmp_path):
    """Packets with hexadecimal, missing, repeated and mixed values, as tshark writes them."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "icu"
    folder.mkdir()
    for name, expected in _icu_security.FILES.items():
        n = 250
        table = pd.DataFrame({column: rng.random(n).round(4) for column in expected.columns})
        table = table.astype(object)
        table["tcp.flags"] = rng.choice(["0x00000018", "0x00000010"], n)
        table["mqtt.hdrflags"] = rng.choice(["0x00000030", None, "0x00000030,0x000000d0"], n)
        table["mqtt.msgtype"] = rng.choice(["3", "3,12", None], n)
        table["mqtt.conack.flags"] = rng.choice(["0x00000000", "0", None], n)
        table["mqtt.topic"] = rng.choice(["bed/1", None], n)
        table["ip.src"] = "10.0.0.1"
        table["class"] = name
        table["label"] = int(name == "attack")
        table.to_csv(folder / expected.name, index=False)
    return folder
