"""Contestants that take turns, so that a busy machine slows all of them."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Timed(NamedTuple):
    """What a contestant in a process of its own measured itself."""

    seconds: float
    cpu_seconds: float


class Withdrawn(Exception):  # noqa: N818 - it ends a contestant, not the run
    """A contestant failed; the others go on."""


def take_turns(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> pd.DataFrame:
    """Return medians of wall and CPU seconds, and of the ratio to the first in each round.

    A contestant that withdraws is not in the table.
    """
    wall = {name: [] for name in contestants}
    cpu = {name: [] for name in contestants}
    for _ in range(rounds):
        for name in list(wall):
            try:
                seconds, cpu_seconds = _time(contestants[name])
            except Withdrawn:
                del wall[name], cpu[name]
                continue
            wall[name].append(seconds)
            cpu[name].append(cpu_seconds)
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
            for name in wall
        ]
    )


def _time(work: Callable[[], Any]) -> Timed:
    before, start = time.process_time(), time.perf_counter()
    answer = work()
    if isinstance(answer, Timed):
        return answer
    return Timed(time.perf_counter() - start, time.process_time() - before)
