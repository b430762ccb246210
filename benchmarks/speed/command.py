"""All tables of one run, printed and written."""

import importlib.util
import json
from pathlib import Path

import pandas as pd

from benchmarks._output import describe_run, to_markdown
from benchmarks.speed.growth import measure_growth, measure_windows
from benchmarks.speed.inference import measure_inference
from benchmarks.speed.search import measure_preprocessing, measure_search
from benchmarks.speed.training import measure_memory, measure_training


def run(out: Path, *, share: float = 1.0, quick: bool = False) -> dict[str, pd.DataFrame]:
    """Measure, print and write every table.

    `share` is that of the rows that training, searching and predicting take, and scoring
    10^7 rows is left out below 1; memory and preprocessing take all rows unless the run is
    a quick one.
    """
    if quick:
        share = 0.002
    rounds = 1 if quick else 5 if share == 1 else 3
    peers = ("onnxruntime", "keras", "tsai", "aeon")
    missing = [name for name in peers if importlib.util.find_spec(name) is None]
    environment = {
        **describe_run(),
        "share of rows": str(share),
        "rounds": str(rounds),
        "not installed, left out": ", ".join(missing) or "none",
    }
    bulk, single = measure_inference(
        rows=max(2_000, int(188_694 * share)), rounds=rounds, calls=100 if quick else 3_000
    )
    tables = {
        "training": measure_training(share=share, rounds=rounds),
        "memory": measure_memory(share=0.01 if quick else 1.0),
        "bulk": bulk,
        "single_row": single,
        "search": measure_search(rows=max(2_000, int(20_000 * share)), rounds=rounds),
        "preprocessing": measure_preprocessing(rows=1_886 if quick else 188_694, rounds=rounds),
        "growth": measure_growth(most_rows=10**4 if quick else 10**7 if share == 1 else 10**6),
        "windows": measure_windows(rows=200 if quick else 2_000),
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
