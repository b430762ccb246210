"""Readings of a thousand devices, pushed one by one: latency and throughput on one core.

Run: python -m benchmarks streaming [--quick]. Devices report as the simulated ward does:
four readings a minute of the patient, one of the room, two of the network; one row a
minute is decided. CPU time is what the process itself took; wall time on a machine that
is shared says more about the others.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from firmware_export import compile_predictor
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.preprocessing import SlidingWindow
from skdualcnn.streaming import OnlineDetector

FREQ = 60.0
PERIODS = {"patient": 15.0, "environment": 60.0, "network": 30.0}  # seconds
WINDOW = 8


def run(out: Path, *, quick: bool) -> pd.DataFrame:
    """Print, write and return the figures of each engine, with a row a reading and with windows."""
    readings, devices = (10_000, 100) if quick else (100_000, 1000)
    ward = make_ward(n_patients=4, hours=2.0, random_state=0)
    arrivals = list(simulate(ward, readings, devices))
    results = []
    for window in (1, WINDOW):
        decider = fit(ward, window)
        models = {"torch": decider, "compiled": compile_predictor(decider, ward.data)}
        for name, model in models.items():
            results.append({"engine": name, "window": window, **measure(model, ward, arrivals)})
    table = pd.DataFrame(
        results, index=[f"{one['engine']}, window {one['window']}" for one in results]
    )
    table = table.drop(columns=["engine", "window"])
    environment = describe_run()
    write_results(out, "streaming", pd.DataFrame(results), table.T, environment)
    print(say_run(environment))
    print(f"{readings:,} readings of {devices:,} devices, in microseconds a push")
    print(to_markdown(table.T))
    return table


def fit(ward: Any, window: int) -> FusionDecider:
    """Return a decider with a small network."""
    network = DualPathCNNClassifier(architecture="compact", max_epochs=2, lr=3e-3, random_state=0)
    steps = [SlidingWindow(window)] if window > 1 else []
    preprocessor = make_fusion_preprocessor(**ward.modalities)
    return FusionDecider(make_pipeline(preprocessor, *steps, network)).fit(ward.data, ward.target)


def simulate(ward: Any, readings: int, devices: int) -> Any:
    """Yield (stream, device, time, values) in the order of time, each device at its own phase."""
    rng = np.random.default_rng(0)
    values = {
        name: frame[ward.modalities[name]].astype(object).to_dict("records")
        for name, frame in ward.streams.items()
    }
    duration = readings / devices / sum(1 / period for period in PERIODS.values())
    events = [
        (start + period * i, name, f"device-{device}")
        for device in range(devices)
        for name, period in PERIODS.items()
        for start in [rng.uniform(0, period)]
        for i in range(int(duration // period) + 2)
    ]
    events.sort()
    for i, (moment, name, device) in enumerate(events[:readings]):
        yield name, device, moment, values[name][i % len(values[name])]


def measure(model: Any, ward: Any, arrivals: list[Any]) -> dict[str, float]:
    """Push every reading and return what it took."""
    detector = OnlineDetector(model, ward.modalities, freq=FREQ, max_devices=10_000)
    wall, cpu = np.empty(len(arrivals)), np.empty(len(arrivals))
    ticked = np.zeros(len(arrivals), dtype=bool)
    for i, reading in enumerate(arrivals):
        began, began_cpu = time.perf_counter(), time.thread_time()
        decisions = detector.push(*reading)
        cpu[i], wall[i] = time.thread_time() - began_cpu, time.perf_counter() - began
        ticked[i] = bool(decisions)
    figures: dict[str, float] = {"decisions": detector.counters["ticks"]}
    for clock, seconds in (("cpu", cpu), ("wall", wall)):
        figures[f"readings/s ({clock})"] = round(len(arrivals) / seconds.sum())
        for name, some in (("", seconds), (" deciding", seconds[ticked])):
            p50, p99 = np.quantile(1e6 * some, [0.5, 0.99]).round(1).tolist()
            figures |= {f"p50{name} ({clock})": p50, f"p99{name} ({clock})": p99}
    return figures
