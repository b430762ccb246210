"""Contestants that take turns, so that a busy machine slows all of them."""

import time
from collections.abc import Callable, Mapping
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
