"""
The right size
==============

A chip pays for a network three times: flash for its parameters and tables, time for its
multiply-adds, and wrong answers if it is too small. One grid search measures all of them: the
scorer exports the fitted pipeline and returns its sizes beside the ROC-AUC. What is printed is
the Pareto front: every shape that no other shape beats, at the same or smaller costs. Only
training rows are used, in honest splits of them; the test rows stay unseen.

Here a few shapes are tried on a small simulated ward. More of them, on a larger ward or on real
data::

    python examples/right_size.py ward
    python examples/right_size.py {wustl_ehms,physionet2012,nsl_kdd} FOLDER
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from firmware_export import export_firmware
from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import load_nsl_kdd, load_physionet2012, load_wustl_ehms, make_ward
from skdualcnn.inspection import ParetoFrontDisplay
from skdualcnn.metrics import make_head_scorer
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow

# %%
# Data and shapes
# ---------------

LOADERS = {
    "wustl_ehms": load_wustl_ehms,
    "physionet2012": load_physionet2012,
    "nsl_kdd": load_nsl_kdd,
}
quick = len(sys.argv) == 1
name = "ward" if quick else sys.argv[1]
if name == "ward":
    dataset = make_ward(n_patients=8 if quick else 20, hours=4 if quick else 12, random_state=0)
else:
    dataset = LOADERS[name](Path(sys.argv[2]))
dataset.target = dataset.target.dropna(axis="columns", how="all")
train, _ = honest_split(dataset, random_state=0)

shapes = [
    {"architecture": ["paper", "compact"]},
    {"architecture": ["compact"], "conv_channels": [(4,)] if quick else [(4,), (8,), (16, 8)]},
    {"architecture": ["compact"], "dense_units": [12] if quick else [12, 48]},
]

# %%
# Score and costs of one shape
# ----------------------------


def measure(pipeline, X, y):
    """Return the ROC-AUC, the mean of the heads', and what the firmware costs."""
    areas = [
        make_head_scorer("roc_auc", head=head, normal="normal")(pipeline, X, y[head]) for head in y
    ]
    with TemporaryDirectory() as folder:
        report = export_firmware(pipeline, folder, calibration_data=X.iloc[:1000])
    return {
        "roc_auc": float(np.mean(areas)),
        "parameters": report.parameters,
        "multiply_adds": report.multiply_adds,
        "flash": sum(report.flash_bytes.values()),
    }


# %%
# The search
# ----------
# The authors' two files of NSL-KDD and PhysioNet hold no third: within the first, whole groups
# are held out.

inside = Bunch(
    split_by="groups" if dataset.split_by == "file" else dataset.split_by,
    groups=dataset.groups.iloc[train],
)
pipeline = make_pipeline(
    make_fusion_preprocessor(
        **dataset.modalities,
        noise_filter=QuantileScaler() if name in {"wustl_ehms", "nsl_kdd"} else None,
    ),
    *([SlidingWindow(8)] if name == "wustl_ehms" else []),
    DualPathCNNClassifier(
        lr=1e-3,
        batch_size=128,
        max_epochs=10 if quick else 20,
        early_stopping=True,
        random_state=0,
    ),
)
search = GridSearchCV(
    pipeline,
    [{f"dualpathcnnclassifier__{key}": v for key, v in part.items()} for part in shapes],
    scoring=measure,
    refit=False,
    cv=[
        honest_split(inside, test_size=size, random_state=seed)
        for seed, size in enumerate([0.25, 0.3] if quick else [0.2, 0.25, 0.3])
    ],
).fit(
    dataset.data.iloc[train],
    dataset.target.iloc[train],
    dualpathcnnclassifier__groups=dataset.groups.iloc[train],
)

# %%
# The front
# ---------

found = pd.DataFrame(search.cv_results_)
names = [", ".join(str(value) for value in one.values()) for one in found["params"]]
display = ParetoFrontDisplay.from_estimator(
    search, score="roc_auc", costs=["flash", "multiply_adds"], names=names
)
display.ax_[0].set_xlabel("flash (bytes)")
display.ax_[1].set_xlabel("multiply-adds a row")
display.ax_[0].set_ylabel("ROC-AUC, mean of the heads")

# %%
# The whole table; the spread is that over the splits.

print(f"{name}: {len(train):,} training rows, honest splits of them; flash in bytes")
table = pd.DataFrame({"shape": names, "on the front": display.on_front_})
table["roc_auc"], table["spread"] = found["mean_test_roc_auc"], found["std_test_roc_auc"]
for cost in ("parameters", "multiply_adds", "flash"):
    table[cost] = found[f"mean_test_{cost}"].round().astype(int)
table.sort_values("parameters", ignore_index=True).round(4)
