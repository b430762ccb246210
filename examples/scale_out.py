"""
Scaling out with Dask
=====================

A search on the processes of a cluster, and a table scored a partition at a time. Both give
what one process gives.

Run: ``python examples/scale_out.py``. It needs ``pip install 'skdualcnn[dask]'``.
"""

import logging
import tempfile
from pathlib import Path

import dask.dataframe as dd
import joblib
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.partitions import score_partitions, score_table


def main() -> None:
    """Search on two workers, then score a folder of Parquet files with the winner."""
    ward = make_ward(n_patients=6, hours=4, random_state=0)  # simulated
    network = DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=3, random_state=0
    )
    decider = FusionDecider(make_pipeline(make_fusion_preprocessor(**ward.modalities), network))
    grid = {"delta": [0.0, 0.2], "estimator__dualpathcnnclassifier__lr": [1e-3, 3e-3]}
    search = GridSearchCV(decider, grid, cv=GroupKFold(2), n_jobs=-1)

    # One thread for each worker: a network trains on one.
    with tempfile.TemporaryDirectory() as folder:
        with (
            LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=folder,
                silence_logs=logging.ERROR,
            ) as cluster,
            Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            search.fit(ward.data, ward.target, groups=ward.groups)
        print(f"best of {len(search.cv_results_['params'])}: {search.best_params_}")

        # Only a few partitions are in memory at a time, however many there are.
        readings, decisions = Path(folder, "readings"), Path(folder, "decisions")
        dd.from_pandas(ward.data, npartitions=8).to_parquet(readings)
        score_partitions(search.best_estimator_, dd.read_parquet(readings)).to_parquet(decisions)
        scored = dd.read_parquet(decisions).compute()

    whole = score_table(search.best_estimator_, ward.data)
    same = (scored["decision"].to_numpy() == whole["decision"].to_numpy()).sum()
    print(f"{same} of {len(whole)} decisions as in one process")
    print(scored["decision"].value_counts().to_string())


if __name__ == "__main__":  # the workers import this file
    main()
