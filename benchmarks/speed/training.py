"""Seconds of one epoch and peak memory, beside the peers."""

import multiprocessing
import os
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import pandas as pd
import torch

from benchmarks.speed.environments import Environments
from benchmarks.speed.foreign.simulated import make_rows, peak_mb
from benchmarks.speed.peers import train_plain_loop, train_skorch
from benchmarks.speed.rounds import take_turns
from skdualcnn import DualPathCNNClassifier
from skdualcnn.network._native import SWITCH

# Rows of the paper's data, and windows of 16 steps of 24 channels.
NETS = {"paper": (188_694, (68,)), "windowed": (60_000, (16, 24))}
MEMORY_BATCH = 1024


def train_ours(X: Any, codes: Any, batch_size: int) -> None:
    DualPathCNNClassifier(batch_size=batch_size, max_epochs=1, random_state=0).fit(X, codes)


def train_without_kernels(X: Any, codes: Any, batch_size: int) -> None:
    """Train as on a machine without a C compiler."""
    with mock.patch.dict(os.environ, {SWITCH: "0"}):
        train_ours(X, codes, batch_size)


def train_on_gpu(X: Any, codes: Any, batch_size: int) -> None:
    DualPathCNNClassifier(batch_size=batch_size, max_epochs=1, device="cuda", random_state=0).fit(
        X, codes
    )


TRAINERS: dict[str, Callable[..., None]] = {
    "plain loop": train_plain_loop,
    "skorch": train_skorch,
    "skdualcnn": train_ours,
    "skdualcnn, no compiler": train_without_kernels,
}
if torch.cuda.is_available():
    TRAINERS |= {
        "plain loop, GPU": partial(train_plain_loop, device="cuda"),
        "skdualcnn, GPU": train_on_gpu,
    }


def measure_training(peers: Environments, *, share: float, rounds: int) -> pd.DataFrame:
    """Return a row for each network, batch size, number of threads and contestant.

    Ours trains on one thread whatever torch is told.
    """
    tables = []
    before = torch.get_num_threads()
    for net, (n, shape) in NETS.items():
        X, codes = make_rows(int(n * share), shape)
        for batch_size in (32, 256, 1024):
            for train in TRAINERS.values():
                train(X[: 2 * batch_size], codes[: 2 * batch_size], batch_size)
            for threads in (1, 2):
                torch.set_num_threads(threads)
                ours = {
                    name: partial(train, X, codes, batch_size) for name, train in TRAINERS.items()
                }
                others = peers.contestants(
                    "train", shape=shape, rows=len(X), batch_size=batch_size, threads=threads
                )
                table = take_turns(ours | others, rounds)
                table.insert(0, "threads", threads)
                table.insert(0, "batch_size", batch_size)
                table.insert(0, "net", net)
                tables.append(table)
    torch.set_num_threads(before)
    return pd.concat(tables, ignore_index=True)


def measure_memory(peers: Environments, *, share: float) -> pd.DataFrame:
    """Return the peak resident size of a process that trains for one epoch, in MB."""
    context = multiprocessing.get_context("spawn")
    n, shape = int(NETS["paper"][0] * share), NETS["paper"][1]
    peaks = {}
    for name in TRAINERS:
        with context.Pool(1) as pool:
            peaks[name] = pool.apply(_peak, (name, n, MEMORY_BATCH))
    peaks |= peers.peaks(shape=shape, rows=n, batch_size=MEMORY_BATCH)
    return pd.DataFrame(
        [{"who": name, "batch_size": MEMORY_BATCH, "peak_mb": peak} for name, peak in peaks.items()]
    )


def _peak(name: str, n: int, batch_size: int) -> float:
    TRAINERS[name](*make_rows(n), batch_size)
    return peak_mb()
