"""
Two data sets, one network
==========================

Attacks are recorded in one place (WUSTL-EHMS-2020: network flows and a few vitals, no health
label), deaths in another (PhysioNet Challenge 2012: vitals and laboratory values, no network).
Put one below the other, every row lacks one label and the other's columns. A head learns from
the rows that carry its label; a column that a row does not have is imputed. The network is then
compared, per head, with one trained on that data set alone.

Here two simulated wards, of which each has one label and one kind of columns, stand in for the
two. With a folder that holds the files of the real ones::

    python examples/two_data_sets.py FOLDER
"""

import sys
from pathlib import Path

import pandas as pd
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import load_physionet2012, load_wustl_ehms, make_ward
from skdualcnn.metrics import make_head_scorer
from skdualcnn.model_selection import honest_split

# %%
# The data set of each head
# -------------------------

if len(sys.argv) > 1:
    folder = Path(sys.argv[1])
    datasets = {"health": load_physionet2012(folder), "cyber": load_wustl_ehms(folder)}
else:
    datasets = {}
    for seed, (head, modality) in enumerate({"health": "patient", "cyber": "network"}.items()):
        ward = make_ward(n_patients=10, hours=6, random_state=seed)
        ward.data = ward.data[ward.modalities[modality]]
        ward.modalities = {modality: ward.modalities[modality]}
        datasets[head] = ward

splits = {head: honest_split(dataset, random_state=0) for head, dataset in datasets.items()}

# %%
# One table
# ---------
# ``pd.concat`` leaves missing what a row does not have, columns and labels alike.


def stack(side):
    """Return the rows of one side of both splits, and their labels."""
    rows, labels = [], []
    for head, dataset in datasets.items():
        chosen = splits[head][side]
        rows.append(dataset.data.iloc[chosen])
        labels.append(dataset.target[[head]].iloc[chosen])
    X = pd.concat(rows, ignore_index=True)
    return X, pd.concat(labels, ignore_index=True)[list(datasets)]


X, y = stack(0)
print(f"{len(X):,} training rows; missing labels: {y.isna().sum().to_dict()}")

# %%
# One network for both, and one for each
# --------------------------------------


def make_network(modalities):
    """Return the pipeline that the joint and the single networks share."""
    return make_pipeline(
        make_fusion_preprocessor(**modalities),
        DualPathCNNClassifier(
            conv_channels=(16,),
            pool_size=4,
            lr=1e-3,
            batch_size=128,
            max_epochs=10,
            random_state=0,
        ),
    )


modalities = {}
for dataset in datasets.values():
    for name, columns in dataset.modalities.items():
        modalities[name] = [*modalities.get(name, []), *columns]
joint = make_network(modalities).fit(X, y)

X_test, y_test = stack(1)
areas = {}
for head, dataset in datasets.items():
    scorer = make_head_scorer("roc_auc", head=head, normal="normal")
    train, test = splits[head]
    alone = make_network(dataset.modalities)
    alone.fit(dataset.data.iloc[train], dataset.target[[head]].iloc[train])
    areas[head] = {
        "both data sets": scorer(joint, X_test, y_test),
        "its own alone": scorer(alone, dataset.data.iloc[test], dataset.target[[head]].iloc[test]),
    }

# %%
# What sharing costs, or brings
# -----------------------------

areas = pd.DataFrame(areas).T
areas.round(3)

# %%

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
for name, marker in zip(areas, ("o", "D"), strict=True):
    ax.plot(areas[name], areas.index, marker=marker, markersize=9, linestyle="none", label=name)
ax.set(xlabel="ROC-AUC on its own test rows, honest splits", ylim=(-0.6, 1.6))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
