"""Alignment: how long a million readings take, and what models get out of it.

Three tables: seconds for three streams of a million readings in all, on one core; the
ward, aligned by its simulator and from its raw streams; and PhysioNet 2012, its irregular
measurements on a grid beside the loader's summary, if its files are there.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from skdualcnn.datasets import load_physionet2012, make_ward
from skdualcnn.exceptions import DataFileError
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import align_streams

# Seconds between readings and number of columns of each stream, as in the ward.
RATES = {"patient": (15.0, 7), "network": (30.0, 15), "environment": (60.0, 4)}
EVERYTHING = ["last", "mean", "min", "max", "count"]
SPEEDS: dict[str, Any] = {
    "last": "last",
    "last, mean, min, max, count": EVERYTHING,
    "last_valid, age": ["last_valid", "age"],
}
WARD_TOLERANCE = {"patient": 60, "environment": 240, "network": 120}


def run(data_dir: Path, out: Path, *, quick: bool) -> None:
    """Print and write the three tables."""
    environment = describe_run()
    print(say_run(environment))
    tables = {
        "alignment_speed": time_alignment(100_000 if quick else 1_000_000),
        "alignment_ward": score_ward(quick=quick),
    }
    try:
        tables["alignment_physionet2012"] = score_physionet(data_dir, quick=quick)
    except DataFileError as error:
        print(f"PhysioNet 2012 left out: {str(error).splitlines()[0]}")
    for name, table in tables.items():
        print(f"\n{name}\n{to_markdown(table)}")
        write_results(out, name, table.reset_index(), table, environment)


def make_streams(n_readings: int, n_groups: int = 100) -> dict[str, pd.DataFrame]:
    """Return three streams of `n_readings` in all, irregular, with gaps and in disorder."""
    rng = np.random.default_rng(0)
    total = sum(1 / period for period, _ in RATES.values())
    streams = {}
    for name, (period, n_columns) in RATES.items():
        each = round(n_readings / period / total / n_groups)
        seconds = np.tile(period * np.arange(each), n_groups) + rng.normal(0, 0.2, each * n_groups)
        stream = pd.DataFrame(
            rng.normal(size=(each * n_groups, n_columns)),
            columns=[f"{name}_{column}" for column in range(n_columns)],
        )
        stream = stream.mask(rng.random(stream.shape) < 0.05)
        stream["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds.round(3), unit="s")
        stream["group"] = np.repeat(np.arange(n_groups), each)
        streams[name] = stream.sample(frac=1.0, random_state=0, ignore_index=True)
    return streams


def time_alignment(n_readings: int) -> pd.DataFrame:
    """Return seconds of the processor and of the clock for each choice of statistics."""
    streams = make_streams(n_readings)
    rows = []
    for name, aggregate in SPEEDS.items():
        wall, cpu = time.perf_counter(), time.process_time()
        aligned = align_streams(
            streams, on="time", by="group", freq="1min", aggregate=aggregate, age=True
        )
        rows.append(
            {
                "statistics": name,
                "readings": sum(len(stream) for stream in streams.values()),
                "rows": len(aligned.data),
                "columns": aligned.data.shape[1],
                "cpu_seconds": time.process_time() - cpu,
                "wall_seconds": time.perf_counter() - wall,
            }
        )
    return pd.DataFrame(rows).set_index("statistics")


def score_ward(*, quick: bool) -> pd.DataFrame:
    """Return test scores on held-out patients, from the ward's table and from its streams."""
    ward = make_ward(n_patients=6 if quick else 20, random_state=0)
    numbers = {
        name: stream.drop(columns=stream.select_dtypes("category").columns)
        for name, stream in ward.streams.items()
    }
    options: dict[str, Any] = {
        "on": "timestamp",
        "by": "patient",
        "freq": "1min",
        "start": ward.timestamps.min(),
        "end": ward.timestamps.max(),
        "tolerance": WARD_TOLERANCE,
    }
    same = align_streams(ward.streams, **options)
    print(same.report)
    more = align_streams(numbers, aggregate=EVERYTHING, age=True, **options)
    features = {
        "the ward's own table": ward.data,
        "align_streams, last": same.data[ward.feature_names],
        "align_streams, last, mean, min, max, count, age": more.data.iloc[:, 2:],
    }
    train, test = honest_split(ward, random_state=0)
    rows = []
    for name, X in features.items():
        row: dict[str, Any] = {"features": name, "columns": X.shape[1]}
        row["equal_to_the_table"] = X.equals(ward.data)
        for head, y in ward.target.items():
            model = _trees(quick=quick).fit(X.iloc[train], y.iloc[train])
            row[f"{head}_macro_f1"] = f1_score(
                y.iloc[test], model.predict(X.iloc[test]), average="macro", zero_division=0
            )
        rows.append(row)
    return pd.DataFrame(rows).set_index("features")


def score_physionet(data_dir: Path, *, quick: bool) -> pd.DataFrame:
    """Return the area under the curve for death, trained on set a and tested on set b."""
    summary = load_physionet2012(data_dir)
    irregular = load_physionet2012(data_dir, representation="irregular")
    measurements = irregular.data.assign(seconds=irregular.timestamps, stay=irregular.groups)
    aligned = align_streams(
        {"patient": measurements},
        on="seconds",
        by="stay",
        freq="12h",
        start=12 * 3600,
        end=48 * 3600,
        aggregate=["last_valid", "age", "mean", "min", "max", "count"],
    )
    print(aligned.report)
    # One row a stay: four half-days side by side.
    wide = aligned.data.pivot_table(index="stay", columns="seconds", dropna=False)
    wide = wide.reindex(summary.groups).set_axis(range(wide.shape[1]), axis=1)
    static = pd.get_dummies(summary.static, dtype=float)
    features = {
        "the loader's summary": summary.data.drop(columns=summary.static.columns),
        "align_streams, every 12 h": wide.reset_index(drop=True),
    }
    death = summary.target["health"] == "death"
    train, test = summary.part == "train", summary.part == "test"
    rows = []
    for name, table in features.items():
        X = np.hstack([table.to_numpy(dtype=np.float64), static.to_numpy()])
        model = _trees(quick=quick).fit(X[train], death[train])
        auc = roc_auc_score(death[test], model.predict_proba(X[test])[:, 1])
        rows.append({"features": name, "columns": X.shape[1], "roc_auc": auc})
    return pd.DataFrame(rows).set_index("features")


def _trees(*, quick: bool) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        categorical_features="from_dtype", max_iter=20 if quick else 100, random_state=0
    )
