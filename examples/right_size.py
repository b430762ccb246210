"""The right size: search the network's shape, and keep what no other shape beats.

A chip pays for a network three times: flash for its parameters and tables, time for its
multiply-adds, and wrong answers if it is too small. One grid search measures all of them:
the scorer exports the fitted pipeline and returns its sizes beside the ROC-AUC. What is
printed is the Pareto front: every shape that no other shape beats, at the same or smaller
costs. Only training rows are used, in three honest splits of them; the test rows stay
unseen. The architecture "compact" was compared with others on training rows too: on
later stretches of WUSTL-EHMS, on a kind of attack held out of NSL-KDD, and on stays held
out of PhysioNet 2012.

Run: python examples/right_size.py [--quick] [--data NAME --data-dir FOLDER]. Without a
data set it searches on a simulated ward.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from firmware_export import export_firmware
from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import load_nsl_kdd, load_physionet2012, load_wustl_ehms, make_ward
from skdualcnn.metrics import make_head_scorer
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow

LOADERS = {
    "wustl_ehms": load_wustl_ehms,
    "physionet2012": load_physionet2012,
    "nsl_kdd": load_nsl_kdd,
}
GRID: list[dict[str, list[Any]]] = [
    {"architecture": ["paper", "compact"]},
    {"architecture": ["compact"], "dense_units": [12, 48]},
    {"architecture": ["compact"], "conv_channels": [(4,), (8,), (16, 8), (32, 16, 16)]},
]
QUICK_GRID = [*GRID[:1], {"architecture": ["compact"], "conv_channels": [(4,)]}]
COSTS = ["parameters", "multiply_adds", "flash"]
CALIBRATION_ROWS = 1000


def load(name: str, folder: Path, *, quick: bool) -> Bunch:
    """Return a data set with the labels of its labelled heads."""
    if name == "ward":
        dataset = make_ward(n_patients=8 if quick else 20, hours=4 if quick else 12, random_state=0)
    else:
        dataset = LOADERS[name](folder)
    dataset.target = dataset.target.dropna(axis="columns", how="all")
    return dataset


def make_network(name: str, dataset: Bunch, max_epochs: int) -> Pipeline:
    """Return the pipeline whose last step is searched."""
    by_rank = QuantileScaler() if name in {"wustl_ehms", "nsl_kdd"} else None
    return make_pipeline(
        make_fusion_preprocessor(**dataset.modalities, noise_filter=by_rank),
        *([SlidingWindow(8)] if name == "wustl_ehms" else []),
        DualPathCNNClassifier(
            lr=1e-3, batch_size=128, max_epochs=max_epochs, early_stopping=True, random_state=0
        ),
    )


def split_inside(dataset: Bunch, rows: Any) -> list[Any]:
    """Return three honest splits of the training rows, as positions among them."""
    # The authors' two files hold no third: what is drawn from the first are whole groups.
    split_by = "groups" if dataset.split_by == "file" else dataset.split_by
    inside = Bunch(split_by=split_by, groups=dataset.groups.iloc[rows])
    return [
        honest_split(inside, test_size=size, random_state=seed)
        for seed, size in enumerate([0.2, 0.25, 0.3])
    ]


def score(pipeline: Pipeline, X: pd.DataFrame, y: pd.DataFrame) -> dict[str, float]:
    """Return the ROC-AUC, the mean of the heads', and what the firmware costs."""
    areas = [
        make_head_scorer("roc_auc", head=head, normal="normal")(pipeline, X, y[head]) for head in y
    ]
    with TemporaryDirectory() as folder:
        report = export_firmware(pipeline, folder, calibration_data=X.iloc[:CALIBRATION_ROWS])
    return {
        "roc_auc": float(np.mean(areas)),
        "parameters": report.parameters,
        "multiply_adds": report.multiply_adds,
        "flash": sum(report.flash_bytes.values()),
    }


def search(
    pipeline: Pipeline, dataset: Bunch, rows: Any, grid: list[dict[str, list[Any]]]
) -> pd.DataFrame:
    """Return ROC-AUC and costs of every shape, cross-validated on the given rows."""
    step = pipeline.steps[-1][0]
    results = GridSearchCV(
        pipeline,
        [{f"{step}__{name}": values for name, values in part.items()} for part in grid],
        scoring=score,
        refit=False,
        cv=split_inside(dataset, rows),
        n_jobs=2,
    ).fit(
        dataset.data.iloc[rows],
        dataset.target.iloc[rows],
        **{f"{step}__groups": dataset.groups.iloc[rows]},
    )
    found = pd.DataFrame(results.cv_results_)
    table = pd.DataFrame({"shape": [describe(one) for one in found["params"]]})
    table["roc_auc"], table["std"] = found["mean_test_roc_auc"], found["std_test_roc_auc"]
    for cost in COSTS:
        table[cost] = found[f"mean_test_{cost}"].round().astype(int)
    return table


def describe(parameters: dict[str, Any]) -> str:
    """Return a shape as text: the architecture, and what is other than in it."""
    shape = {name.rpartition("__")[2]: value for name, value in parameters.items()}
    name = shape.pop("architecture")
    return ", ".join([name, *(f"{key} {value}" for key, value in shape.items())])


def pareto_front(table: pd.DataFrame) -> pd.DataFrame:
    """Return the shapes that no other beats: as good in all, and better in one."""
    figures = table[COSTS].assign(error=1 - table["roc_auc"]).to_numpy()
    beaten = [
        bool(((figures <= one).all(axis=1) & (figures < one).any(axis=1)).any()) for one in figures
    ]
    return table[~np.array(beaten)].sort_values("parameters", ignore_index=True)


def main(name: str = "ward", folder: Path = Path(), *, quick: bool = False) -> pd.DataFrame:
    """Search, print the whole table and the front, and return the front."""
    dataset = load(name, folder, quick=quick)
    train, _ = honest_split(dataset, random_state=0)
    pipeline = make_network(name, dataset, max_epochs=10 if quick else 20)
    table = search(pipeline, dataset, train, QUICK_GRID if quick else GRID)
    front = pareto_front(table)
    print(f"{name}: {len(train):,} training rows, three honest splits of them; flash in bytes")
    print(table.sort_values("parameters").round(4).to_string(index=False))
    print("the Pareto front over parameters, multiply-adds, flash and ROC-AUC:")
    print(front.round(4).to_string(index=False))
    return front


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Search the shape of the network.")
    parser.add_argument("--data", choices=["ward", *LOADERS], default="ward")
    parser.add_argument("--data-dir", type=Path, default=Path())
    parser.add_argument("--quick", action="store_true", help="fewer shapes, rows and epochs")
    options = parser.parse_args()
    main(options.data, options.data_dir, quick=options.quick)
