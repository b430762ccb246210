"""How time and memory grow with the rows that are scored, and with the length of windows."""

import multiprocessing
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.speed.foreign.simulated import make_rows, peak_mb
from skdualcnn import DualPathCNNClassifier

STEPS = (8, 16, 32, 64, 128)
CHANNELS = 24


def measure_growth(*, most_rows: int) -> pd.DataFrame:
    """Return time and peak memory of scoring 10^4 rows and ten times as many up to the most.

    Each number of rows has a process of its own; `table_mb` is what the rows themselves take.
    """
    context = multiprocessing.get_context("spawn")
    sizes = [10**power for power in range(4, 8) if 10**power <= most_rows] or [most_rows]
    rows = []
    for size in sizes:
        with context.Pool(1) as pool:
            rows.append(pool.apply(_score, (size,)))
    return pd.DataFrame(rows)


def measure_windows(*, rows: int) -> pd.DataFrame:
    """Return CPU microseconds a window of training for an epoch and of predicting."""
    table = []
    for steps in STEPS:
        X, codes = make_rows(rows, (steps, CHANNELS))
        network = DualPathCNNClassifier(max_epochs=1, batch_size=256, random_state=0)
        start = time.process_time()
        network.fit(X, codes)
        middle = time.process_time()
        network.predict_proba(X)
        end = time.process_time()
        table.append(
            {
                "steps": steps,
                "fit_cpu_us": (middle - start) / rows * 1e6,
                "predict_cpu_us": (end - middle) / rows * 1e6,
            }
        )
    return pd.DataFrame(table)


def _score(size: int) -> dict[str, Any]:
    few, codes = make_rows(1_000)
    network = DualPathCNNClassifier(max_epochs=1, random_state=0).fit(few, codes)
    X = np.random.default_rng(0).random((size, few.shape[1]), dtype=np.float32)
    before, start = time.process_time(), time.perf_counter()
    network.predict_proba(X)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - before
    return {
        "rows": size,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "cpu_us_a_row": cpu_seconds / size * 1e6,
        "table_mb": X.nbytes / 2**20,
        "peak_mb": peak_mb(),
    }
