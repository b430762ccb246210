"""Pooled training, federated training by a real server and its sites, and each site alone."""

import socket
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn._evaluation import evaluate
from skdualcnn.datasets import load_physionet2012, make_ward
from skdualcnn.federated import Federation, join_federation, serve_federation

Rows = tuple[pd.DataFrame, pd.DataFrame]
# Pooled training and sites use the same. That of the ward was chosen for pooled training.
WARD = {"architecture": "compact", "lr": 3e-3, "batch_size": 64}
# Neighbouring columns have nothing to do with each other; chosen on folds of set a.
STAYS = {
    "conv_channels": (8,),
    "kernel_size": 1,
    "pool_size": 1,
    "dense_units": 32,
    "lr": 1e-3,
    "batch_size": 128,
}


@dataclass(frozen=True)
class Split:
    """A data set as sites and test rows."""

    title: str
    sites: dict[str, Rows]
    test: Rows
    modalities: dict[str, list[str]]
    classifier: dict[str, Any]

    def pooled(self) -> Rows:
        """Return the rows of all sites in one place."""
        rows, labels = zip(*self.sites.values(), strict=True)
        return pd.concat(rows), pd.concat(labels)


def run(out: Path, *, quick: bool, data_dir: Path, seeds: int, rounds: int = 20) -> None:
    """Print and write the ROC-AUC of each way to train, and what went over the wire."""
    environment = describe_run()
    rounds, seeds = (2, 1) if quick else (rounds, seeds)
    results, wires = [], []
    for seed in range(seeds):
        splits = [_ward(seed, hours=3 if quick else 12)]
        if not quick:
            splits.append(_stays(data_dir))
        for split in splits:
            scores, federation = _compare(split, rounds, seed)
            results += scores
            wires.append(federation.wire.assign(data=split.title))
    table = pd.DataFrame(results)
    means = table.groupby(["data", "head", "training"], sort=False)["roc_auc"]
    summary = means.agg(["mean", "std", "count"])
    wire = pd.concat(wires).groupby(["data", "way", "what"], sort=False)["bytes"]
    sent = wire.agg(payloads="size", largest="max", all="sum")
    write_results(out, "federated", table, summary, environment)
    write_results(out, "federated_wire", sent.reset_index(), sent, environment)
    print(say_run(environment))
    print(to_markdown(summary))
    print(f"\nPayloads of {seeds} run(s) of {rounds} rounds:\n")
    print(to_markdown(sent))


def _ward(seed: int, hours: float) -> Split:
    """Return 15 patients at three sites, and five that nobody has trained on."""
    ward = make_ward(n_patients=20, hours=hours, random_state=seed)
    patient = ward.groups.to_numpy()
    sites = {f"site {k}": (patient < 15) & (patient % 3 == k) for k in range(3)}
    rows = {name: (ward.data[mine], ward.target[mine]) for name, mine in sites.items()}
    test = patient >= 15
    return Split(
        "ward (simulated), by patients",
        rows,
        (ward.data[test], ward.target[test]),
        ward.modalities,
        WARD,
    )


def _stays(folder: Path) -> Split:
    """Return set a of the challenge, a site per kind of unit; set b is the test."""
    stays = load_physionet2012(folder)
    y, train = stays.target[["health"]], stays.part == "train"
    unit = stays.data["ICUType"]
    sites = {str(one): train & (unit == one).to_numpy() for one in unit.cat.categories}
    return Split(
        "PhysioNet 2012, by ICU type",
        {name: (stays.data[mine], y[mine]) for name, mine in sites.items()},
        (stays.data[~train], y[~train]),
        stays.modalities,
        STAYS,
    )


def _compare(split: Split, rounds: int, seed: int) -> tuple[list[dict[str, Any]], Federation]:
    """Score the same network, trained as long in each way."""
    network = DualPathCNNClassifier(
        **split.classifier,
        lr_schedule="constant",  # as at the sites, which are trained an epoch at a time
        max_epochs=rounds,
        random_state=seed,
    )
    federation = _federate(split, network, rounds)
    deciders = {
        "pooled": _fit(split, network, *split.pooled()),
        "federated": federation.decider,
        **{f"{name} alone": _fit(split, network, *rows) for name, rows in split.sites.items()},
    }
    scores = [
        {
            "data": split.title,
            "head": head,
            "training": training,
            "seed": seed,
            "roc_auc": result.metrics()["roc_auc"],
        }
        for training, decider in deciders.items()
        for head, result in evaluate(decider, *split.test).heads.items()
    ]
    return scores, federation


def _fit(
    split: Split, network: DualPathCNNClassifier, X: pd.DataFrame, y: pd.DataFrame
) -> FusionDecider:
    pipeline = make_pipeline(make_fusion_preprocessor(**split.modalities), network)
    return FusionDecider(pipeline).fit(X, y if y.shape[1] > 1 else y.squeeze(axis=1))


def _federate(split: Split, network: DualPathCNNClassifier, rounds: int) -> Federation:
    """Run a server here and a process for each site, on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    n = len(split.sites)
    with ProcessPoolExecutor(n, mp_context=get_context("spawn")) as processes:
        joined = [
            processes.submit(_join, address, name, rows, split.modalities)
            for name, rows in split.sites.items()
        ]
        federation = serve_federation(address, n_sites=n, rounds=rounds, classifier=network)
        scores = [one.result(timeout=60).decision_function(split.test[0]) for one in joined]
    for score in scores:
        np.testing.assert_array_equal(score, federation.decider.decision_function(split.test[0]))
    return federation


def _join(address: str, name: str, rows: Rows, modalities: dict[str, list[str]]) -> FusionDecider:
    return join_federation(address, *rows, name=name, modalities=modalities, patience=300)
