"""Rows a second in bulk, and microseconds of one row."""

import importlib.util
import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from benchmarks.speed.environments import Environments
from benchmarks.speed.foreign.simulated import make_rows
from benchmarks.speed.peers import as_signals
from benchmarks.speed.rounds import take_turns
from firmware_export import compile_predictor
from skdualcnn import DualPathCNNClassifier, FusionDecider
from skdualcnn._compiler import find_compiler

ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


def measure_inference(
    peers: Environments, *, rows: int, rounds: int, calls: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of bulk and of single rows."""
    X, codes = make_rows(rows)
    few = slice(0, 2_000)
    network = DualPathCNNClassifier(max_epochs=1, random_state=0).fit(X[few], codes[few])
    module, signals = network.net_.module_.eval(), as_signals(X)

    def torch_chunks() -> None:
        with torch.inference_mode():
            for chunk in signals.split(512):
                module(chunk)

    bulk: dict[str, Callable[[], Any]] = {"torch, chunks of 512": torch_chunks}
    linear = LogisticRegression().fit(X[few], codes[few, 0])
    one, first = X[:1], signals[:1]
    single: dict[str, Callable[[], Any]] = {
        "LogisticRegression.predict_proba": lambda: linear.predict_proba(one),
        "DualPathCNNClassifier.predict_proba": lambda: network.predict_proba(one),
    }
    if ONNX:
        session = _onnx(module, first)
        chunks = [chunk.numpy() for chunk in signals.split(512)]
        bulk["ONNX Runtime, chunks of 512"] = lambda: [
            session.run(None, {"signal": chunk}) for chunk in chunks
        ]
        row = first.numpy()
        single["ONNX Runtime"] = lambda: session.run(None, {"signal": row})
    bulk["skdualcnn predict_proba"] = lambda: network.predict_proba(X)
    if torch.cuda.is_available():
        there = clone(network).set_params(device="cuda").fit(X[few], codes[few])
        bulk["skdualcnn predict_proba, GPU"] = lambda: there.predict_proba(X)
    if find_compiler() is not None:
        decider = FusionDecider(network, normal=(0, 0)).fit(X[few], codes[few])
        predictor = compile_predictor(decider, X[few])
        state, values = predictor.new_state(), X[0].tolist()
        single["compile_predictor, decision"] = lambda: predictor.push(values, state)
    for work in bulk.values():
        work()
    bulk |= peers.contestants(
        "predict", shape=X.shape[1:], rows=rows, batch_size=512, threads=torch.get_num_threads()
    )
    table = take_turns(bulk, rounds)
    table["rows_per_second"] = rows / table["seconds"]
    return table, pd.DataFrame([_latency(name, work, calls) for name, work in single.items()])


def _latency(name: str, work: Callable[[], Any], calls: int) -> dict[str, Any]:
    seconds = np.empty(calls)
    for i in range(-calls // 10, calls):
        start = time.perf_counter()
        work()
        seconds[i] = time.perf_counter() - start
    median, late = np.quantile(seconds, [0.5, 0.99]) * 1e6
    return {"who": name, "median_us": float(median), "p99_us": float(late)}


def _onnx(module: torch.nn.Module, signal: torch.Tensor) -> Any:
    import onnxruntime  # noqa: PLC0415 - optional

    file = io.BytesIO()
    torch.onnx.export(
        module,
        (signal,),
        file,
        input_names=["signal"],
        dynamic_axes={"signal": {0: "rows"}},
        dynamo=False,
    )
    return onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
