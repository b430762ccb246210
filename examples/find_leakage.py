"""
Finding leakage in a famous data set
====================================

WUSTL-EHMS-2020 is a recording of one patient monitor under attack, used in many papers with
splits of single rows. Here it is read with the columns that our loader leaves out for good
reason. A report under a random split, then one under the chronological split, then the score
of the same boosted trees under both.

The data set does not come with the package. Give its folder as an argument or in the variable
``SKDUALCNN_DATA``; without, the simulated ward is examined instead, and the program says so::

    python examples/find_leakage.py FOLDER
"""

import os
import sys

from sklearn.model_selection import ShuffleSplit

from skdualcnn.datasets import load_wustl_ehms, make_ward
from skdualcnn.model_selection import honest_split, leakage_report

folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SKDUALCNN_DATA")
if folder:
    dataset = load_wustl_ehms(folder, drop_leaky=False)
    series = None
    print(f"WUSTL-EHMS-2020, {len(dataset.data):,} rows, all columns of the file")
else:
    dataset = make_ward(n_patients=12, hours=8, random_state=0)
    series = dataset.groups
    print("No folder was given and SKDUALCNN_DATA is unset: this is the simulated ward.")

# %%
# Two splits
# ----------
# The random one is what most papers take. The honest one is the one that the data set asks for:
# the last fifth of the recording, or whole patients of the ward.

splits = {
    "random": next(ShuffleSplit(1, test_size=0.2, random_state=0).split(dataset.data)),
    "honest": honest_split(dataset, random_state=0),
}
print(dataset.protocol)

# %%
# What a random split lets through
# --------------------------------

reports = {
    name: leakage_report(
        dataset.data,
        dataset.target.dropna(axis="columns", how="all"),
        dataset.groups,
        [split],
        window=8,
        series=series,
        random_state=0,
    )
    for name, split in splits.items()
}
print(reports["random"])

# %%
# What the honest split lets through
# ----------------------------------

print(reports["honest"])

# %%
# What it is worth
# ----------------
# Boosted trees without the columns found, and on what tells nothing but the time: the
# difference between the two splits is what the random one makes up.

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score

attack = dataset.target["cyber"] != "normal"
traps = {
    one.column
    for report in reports.values()
    for one in report.findings
    if one.column is not None and one.severity == "high"
}
print(f"columns of severity high: {', '.join(sorted(traps)) or 'none'}")
clocks = [name for name in ("Packet_num",) if name in dataset.data]
scores = {}
for kept, columns in {
    "without those columns": [name for name in dataset.data if name not in traps],
    " and ".join(["vital signs", *clocks]): [*dataset.modalities["patient"], *clocks],
}.items():
    X = dataset.data[columns].select_dtypes("number")
    scores[kept] = {}
    for name, (train, test) in splits.items():
        model = HistGradientBoostingClassifier(random_state=0).fit(
            X.iloc[train], attack.iloc[train]
        )
        scores[kept][name] = f1_score(attack.iloc[test], model.predict(X.iloc[test]))
scores = pd.DataFrame(scores).T
scores.round(2)

# %%
# The line between two points is what the random split makes up.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7.5, 2.6), layout="constrained")
ax.hlines(scores.index, scores["honest"], scores["random"], color="#999999", linewidth=2)
for name, marker, colour in (("honest", "o", "#0072B2"), ("random", "X", "#D55E00")):
    ax.plot(
        scores[name],
        scores.index,
        marker=marker,
        color=colour,
        markersize=10,
        linestyle="none",
        label=f"{name} split",
    )
ax.set(xlabel="F1 of boosted trees, attack against normal", xlim=(0, 1.02), ylim=(-0.6, 1.6))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
