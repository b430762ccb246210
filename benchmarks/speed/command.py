"""All tables of one run, printed and written."""

import importlib.util
import json
from pathlib import Path

import pandas as pd

from benchmarks._output import describe_run, to_markdown
from benchmarks.speed.inference import measure_inference
from benchmarks.speed.search import measure_preprocessing, measure_search
from benchmarks.speed.training import measure_memory, measure_training


def run(out: Path, *, quick: bool) -> dict[str, pd.DataFrame]:
    """Measure, print and write every table; quick runs take a small share of the rows."""
    share, rounds = (0.01, 3) if quick else (1.0, 5)
    peers = ("onnxruntime", "keras", "tsai", "aeon")
    missing = [name for name in peers if importlib.util.find_spec(name) is None]
    environment = {
        **describe_run(),
        "share of rows": str(share),
        "rounds": str(rounds),
        "not installed, left out": ", ".join(missing) or "none",
    }
    bulk, single = measure_inference(
        rows=int(188_694 * share), rounds=rounds, calls=100 if quick else 3_000
    )
    tables = {
        "training": measure_training(share=share, rounds=rounds),
        "memory": measure_memory(share=share),
        "bulk": bulk,
        "single_row": single,
        "search": measure_search(rows=max(600, int(20_000 * share)), rounds=rounds),
        "preprocessing": measure_preprocessing(rows=int(188_694 * share), rounds=rounds),
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
