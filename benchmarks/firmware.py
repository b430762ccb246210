"""What the exported C costs on each chip, beside what its peers cost.

Two networks with random weights: "paper-net", the paper's network on 68 features, and
"tiny-net", two convolutions over a window of 16 rows.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from benchmarks.firmware_peers import PEERS, Peer
from firmware_export._arena import arena_bytes, state_bytes
from firmware_export._emit import GoldenVectors, render_firmware
from firmware_export._graph import (
    Convolution,
    Dense,
    FrontEnd,
    Graph,
    Head,
    NumericColumn,
)
from firmware_export._graph import (
    Path as NetworkPath,
)
from firmware_export._integer_graph import IntegerGraph
from firmware_export._quantize import quantise
from firmware_export._rows import stack_windows
from firmware_export._target_cost import LEVELS, measure_targets
from firmware_export._twin import answer

ROWS = 64
MEASURED_ROWS = 8
CLASSES = (4, 5)
THOUSAND = 1000
SIZES = ("code_bytes", "ram_bytes", "stack_bytes")
MEASURED_ELSEWHERE = (
    "measured elsewhere with the same compiler, GCC 12.2 at -O2; sizes on an LX6, ours on an LX106"
)


def run(out: Path, *, quick: bool) -> pd.DataFrame:
    """Measure both networks; print and write the tables."""
    levels = LEVELS[:1] if quick else LEVELS
    networks = {"paper-net": make_paper_net(), "tiny-net": make_tiny_net()}
    rows = [
        {"network": name, **cost}
        for name, graph in networks.items()
        for cost in measure(graph, levels)
    ]
    results = pd.DataFrame(rows, dtype=object)  # None stays None
    keys = ["network", "target", "level"]
    ours = results.drop(columns=["layers"]).set_index(keys)
    peers = beside_peers(results)
    environment = {**describe_run(), "peers": MEASURED_ELSEWHERE}
    write_results(out, "firmware", results, ours, environment)
    write_results(out, "firmware_peers", peers, peers.set_index(["network", "peer"]), environment)
    print(say_run(environment))
    print(to_markdown(ours), to_markdown(peers.set_index(["network", "peer"])), sep="\n\n")
    return results


def measure(graph: Graph, levels: tuple[str, ...]) -> list[dict[str, Any]]:
    """Export a network into a temporary folder and return its cost by target and level."""
    rng = np.random.default_rng(0)
    readings = rng.random((ROWS, len(graph.front_end.readings))).astype(np.float32)
    quantised = quantise(graph, stack_windows(readings, graph.front_end.window))
    with tempfile.TemporaryDirectory(prefix="skdualcnn_firmware_") as folder:
        _write(quantised, readings[:MEASURED_ROWS], Path(folder))
        targets = measure_targets(
            quantised, Path(folder), "model", levels=levels, readings=readings[:MEASURED_ROWS]
        )
    return [
        {
            "target": target,
            "level": level,
            "network_instructions": count.network if count else None,
            "call_instructions": count.call if count else None,
            "code_bytes": cost.code_bytes,
            "constant_bytes": cost.constant_bytes,
            "ram_bytes": arena_bytes(quantised) + state_bytes(quantised),
            "stack_bytes": cost.stack_bytes,
            "layers": count.layers if count else None,
        }
        for target, costs in targets.items()
        for level, cost in costs.items()
        for count in [cost.instructions]
    ]


def beside_peers(results: pd.DataFrame) -> pd.DataFrame:
    """Return the peers' instructions at -O2, and how many times ours they are."""
    counts = results[results["level"] == "O2"].set_index(["network", "target"])
    ours = counts["network_instructions"].dropna().astype(float) / THOUSAND
    rows = []
    for network, peers in PEERS.items():
        targets = ours.loc[network]
        sizes = counts.loc[network].reindex(["lx106"])[list(SIZES)].iloc[0]
        own_row = Peer("skdualcnn, this run", targets.to_dict(), *sizes)
        for peer in (own_row, *peers):
            row: dict[str, Any] = {"network": network, "peer": peer.name}
            for target, own in targets.items():
                quoted = peer.instructions.get(target)
                row[f"{target} k"] = "" if quoted is None else f"{quoted:.0f}"
                row[f"{target} ratio"] = "" if quoted is None else f"{quoted / own:.2f}"
            for size in SIZES:
                value = getattr(peer, size)
                row[f"LX {size}"] = "" if pd.isna(value) else int(value)
            rows.append(row)
    return pd.DataFrame(rows)


def _write(graph: IntegerGraph, readings: NDArray[np.float32], folder: Path) -> None:
    answers = answer(graph, readings)
    vectors = GoldenVectors(readings, answers.logits, answers.probabilities, answers.decisions)
    for name, text in render_firmware(graph, "model", vectors).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def make_paper_net() -> Graph:
    """Make [68 x 1] -> 64 filters of 3, LeakyReLU, pool 2 -> dense 128 -> heads of 4 and 5."""
    rng = np.random.default_rng(0)
    layers = (_convolution(rng, 64, 1, negative_slope=0.01, pool=2),)
    return Graph(_front_end(68, 1, window=1), (_path(rng, layers, 34 * 64, 128),), None)


def make_tiny_net() -> Graph:
    """Make [16 x 24] -> twice 32 filters of 3, a pool of 2 between -> dense 32 -> heads."""
    rng = np.random.default_rng(0)
    layers = (
        _convolution(rng, 32, 24, negative_slope=0.0, pool=2),
        _convolution(rng, 32, 32, negative_slope=0.0, pool=1),
    )
    return Graph(_front_end(16, 24, window=16), (_path(rng, layers, 8 * 32, 32),), None)


def _front_end(steps: int, channels: int, *, window: int) -> FrontEnd:
    names = tuple(f"x{i}" for i in range(steps * channels // window))
    columns = tuple(NumericColumn(name, i, i) for i, name in enumerate(names))
    return FrontEnd(names, tuple(range(len(names))), columns, steps, channels, window)


def _convolution(
    rng: np.random.Generator, rows: int, channels: int, *, negative_slope: float, pool: int
) -> Convolution:
    weight = rng.normal(size=(rows, channels, 3)) / np.sqrt(3 * channels)
    scale, shift = np.ones(rows), np.zeros(rows)  # batch norm, folded
    return Convolution(weight, rng.normal(size=rows) / 10, negative_slope, scale, shift, pool)


def _path(
    rng: np.random.Generator, layers: tuple[Convolution, ...], inputs: int, units: int
) -> NetworkPath:
    heads = tuple(
        Head(f"head_{count}", tuple(range(count)), _dense(rng, count, units, 1.0))
        for count in CLASSES
    )
    return NetworkPath(layers, _dense(rng, units, inputs, 0.0), heads)


def _dense(rng: np.random.Generator, rows: int, inputs: int, negative_slope: float) -> Dense:
    weight = rng.normal(size=(rows, inputs)) / np.sqrt(inputs)
    return Dense(weight, rng.normal(size=rows) / 10, negative_slope)
