"""How much memory long windows of several patients take on their way through the network.

Beside the data, that is: what is allocated in Python and NumPy while windows are made,
the network is fitted and asked. What torch allocates for one batch is not counted.
"""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._output import publish
from skdualcnn import DualPathCNNClassifier
from skdualcnn.preprocessing import SlidingWindow

N_FEATURES = 40
LENGTH = 60
MOST_GATHERED = 1024  # windows that are arrays at once: in batches, and while they are hashed


def run(out: Path, *, quick: bool) -> pd.DataFrame:
    """Print and write peak memory as multiples of the data, and of what copies would take."""
    table = pd.DataFrame(
        [
            measure(5_000 if quick else 100_000, dtype, by)
            for dtype in ("float64", "float32")
            for by in (None, 0)
        ]
    ).set_index(["dtype", "by"])
    publish(out, "windows", table.reset_index(), table)
    return table


def measure(n: int, dtype: str, by: int | None) -> dict[str, Any]:
    """Return peak bytes of transform, fit and predict_proba over the bytes of X."""
    X = np.random.default_rng(0).random((n, N_FEATURES + 1)).astype(dtype)
    X[:, 0] = np.arange(n) // 1000
    y = (X[:, 1] > 0.5).astype(int)
    network = DualPathCNNClassifier(
        conv_channels=(2,), dense_units=2, pool_size=8, max_epochs=1, batch_size=256, random_state=0
    )
    window = SlidingWindow(LENGTH, by=by).fit(X)
    few = window.transform(X[:300])
    network.fit(few, y[:300]).predict_proba(few)  # modules that are imported when first used
    del few
    peaks = {}
    tracemalloc.start()
    try:
        windows = window.transform(X)
        peaks["transform"] = _peak()
        network.fit(windows, y)
        peaks["fit"] = _peak()
        network.predict_proba(windows)
        peaks["predict_proba"] = _peak()
    finally:
        tracemalloc.stop()
    batch = MOST_GATHERED * LENGTH * windows.shape[2] * 4
    return {
        "dtype": dtype,
        "by": str(by),
        "megabytes": X.nbytes / 1e6,
        "batch": batch / X.nbytes,
        **{step: peak / X.nbytes for step, peak in peaks.items()},
        "all_windows": LENGTH * 4 / X.itemsize,
    }


def _peak() -> int:
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    return peak
