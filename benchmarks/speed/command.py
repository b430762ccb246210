"""All tables of one run, printed and written."""

import json
from pathlib import Path

import pandas as pd

from benchmarks._output import describe_run, to_markdown
from benchmarks.speed.environments import Environments
from benchmarks.speed.growth import measure_growth, measure_windows
from benchmarks.speed.inference import ONNX, measure_inference
from benchmarks.speed.search import measure_preprocessing, measure_search
from benchmarks.speed.training import measure_memory, measure_training


def run(
    out: Path, *, share: float = 1.0, quick: bool = False, peers: Path | None = None
) -> dict[str, pd.DataFrame]:
    """Measure, print and write every table.

    `share` is that of the rows that training and searching take, and scoring 10^7 rows is
    left out below 1; predicting, memory and preprocessing take all rows unless the run is a
    quick one. `peers` is a folder of environments, of which `PEERS` has the names.
    """
    if quick:
        share = 0.002
    rounds = 1 if quick else 5 if share == 1 else 3
    with Environments(peers) as others:
        bulk, single = measure_inference(
            others,
            rows=2_000 if quick else 188_694,
            rounds=rounds,
            calls=100 if quick else 3_000,
        )
        training = measure_training(others, share=share, rounds=rounds)
        memory = measure_memory(others, share=0.01 if quick else 1.0)
    tables = {
        "training": training,
        "memory": memory,
        "bulk": bulk,
        "single_row": single,
        "search": measure_search(rows=max(2_000, int(20_000 * share)), rounds=rounds),
        "preprocessing": measure_preprocessing(rows=1_886 if quick else 188_694, rounds=rounds),
        "growth": measure_growth(most_rows=10**4 if quick else 10**7 if share == 1 else 10**6),
        "windows": measure_windows(rows=200 if quick else 2_000),
    }
    left_out = others.left_out | ({} if ONNX else {"onnxruntime": "not installed"})
    environment = {
        **describe_run(),
        **others.versions,
        "share of rows": str(share),
        "rounds": str(rounds),
        "left out": "; ".join(f"{name}: {why}" for name, why in left_out.items()) or "none",
    }
    out.mkdir(parents=True, exist_ok=True)
    records = {name: table.to_dict(orient="records") for name, table in tables.items()}
    document = json.dumps({"environment": environment, "tables": records}, indent=1)
    (out / "speed.json").write_text(document, encoding="utf-8")
    lines = [f"- {key}: {value}" for key, value in environment.items()]
    for name, table in tables.items():
        lines += ["", f"## {name}", "", to_markdown(table.set_index(table.columns[0]))]
    text = "\n".join(["# speed", "", *lines, ""])
    (out / "speed.md").write_text(text, encoding="utf-8")
    print(text)
    return tables
