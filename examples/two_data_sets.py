"""One network from two data sets, neither of which has both labels.

Attacks are recorded in one place (WUSTL-EHMS-2020: network flows and a few vitals, no
health label), deaths in another (PhysioNet Challenge 2012: vitals and laboratory values,
no network). Put one below the other, every row lacks one label and the other's columns. A
head learns from the rows that carry its label; a column that a row does not have is
imputed. The network is then compared, per head, with one trained on that data set alone.

Run: python examples/two_data_sets.py FOLDER, where FOLDER holds the files of the two data
sets. Without a folder, two simulated wards of which each has one label stand in for them.
"""

import sys
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import load_physionet2012, load_wustl_ehms, make_ward
from skdualcnn.metrics import make_head_scorer
from skdualcnn.model_selection import honest_split


def load_real(folder: Path) -> dict[str, Bunch]:
    """Return the data set of each head."""
    return {"health": load_physionet2012(folder), "cyber": load_wustl_ehms(folder)}


def load_simulated() -> dict[str, Bunch]:
    """Return two wards: one without network columns, one without patient columns."""
    wards = {}
    for seed, (head, modality) in enumerate({"health": "patient", "cyber": "network"}.items()):
        ward = make_ward(n_patients=10, hours=6, random_state=seed)
        ward.data = ward.data[ward.modalities[modality]]
        ward.modalities = {modality: ward.modalities[modality]}
        wards[head] = ward
    return wards


def make_network(modalities: dict[str, list[str]], max_epochs: int) -> Pipeline:
    """Return the pipeline that both the joint and the single networks use."""
    return make_pipeline(
        make_fusion_preprocessor(**modalities),
        DualPathCNNClassifier(
            conv_channels=(16,),
            pool_size=4,
            lr=1e-3,
            batch_size=128,
            max_epochs=max_epochs,
            random_state=0,
        ),
    )


def main(folder: Path | None = None, max_epochs: int = 10) -> pd.DataFrame:
    """Train on both, compare with each alone, and return the ROC-AUC of every head."""
    datasets = load_simulated() if folder is None else load_real(folder)
    splits = {head: honest_split(dataset, random_state=0) for head, dataset in datasets.items()}

    modalities: dict[str, list[str]] = {}
    for dataset in datasets.values():
        for name, columns in dataset.modalities.items():
            modalities[name] = [*modalities.get(name, []), *columns]

    def part(side: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows, labels = [], []
        for head, dataset in datasets.items():
            chosen = splits[head][side]
            rows.append(dataset.data.iloc[chosen])
            labels.append(dataset.target[[head]].iloc[chosen])
        X = pd.concat(rows, ignore_index=True)
        return X, pd.concat(labels, ignore_index=True)[list(datasets)]

    X, y = part(0)
    print(f"{len(X):,} training rows; missing labels: {y.isna().sum().to_dict()}")
    joint = make_network(modalities, max_epochs).fit(X, y)

    X_test, y_test = part(1)
    scores = {}
    for head, dataset in datasets.items():
        scorer = make_head_scorer("roc_auc", head=head, normal="normal")
        train, test = splits[head]
        alone = make_network(dataset.modalities, max_epochs)
        alone.fit(dataset.data.iloc[train], dataset.target[[head]].iloc[train])
        scores[head] = {
            "both data sets": scorer(joint, X_test, y_test),
            "its own alone": scorer(
                alone, dataset.data.iloc[test], dataset.target[[head]].iloc[test]
            ),
        }
    table = pd.DataFrame(scores).T
    print("ROC-AUC of each head on its own test rows, honest splits:")
    print(table.round(3))
    return table


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
