"""Contestants that take turns, so that a busy machine slows all of them."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def take_turns(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> pd.DataFrame:
    """Return medians of wall and CPU seconds, and of the ratio to the first in each round."""
    wall = {name: [] for name in contestants}
    cpu = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            before, start = time.process_time(), time.perf_counter()
            work()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - before)
    reference = next(iter(contestants))
    return pd.DataFrame(
        [
            {
                "who": name,
                "seconds": float(np.median(wall[name])),
                "cpu_seconds": float(np.median(cpu[name])),
                "ratio": float(np.median(np.divide(wall[name], wall[reference]))),
                "cpu_ratio": float(np.median(np.divide(cpu[name], cpu[reference]))),
            }
            for name in contestants
        ]
    )


def peak_mb() -> float:
    """Return the peak resident size of this process in MB, as Linux counts it.

    `resource.getrusage` would give a child at least the size its parent had.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return float(found[1]) / 1024 if found else float("nan")
