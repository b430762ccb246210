"""A grid search on the processes of a Dask cluster finds what one process finds."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward

distributed = pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of the cluster's sockets and loops, as it closes
def test_the_search_is_the_same(tmp_path):
    ward = make_ward(n_patients=4, hours=2, random_state=0)
    network = DualPathCNNClassifier(
        architecture="compact", batch_size=64, max_epochs=2, random_state=0
    )
    decider = FusionDecider(make_pipeline(make_fusion_preprocessor(**ward.modalities), network))
    grid = {"delta": [0.0, 0.3], "estimator__dualpathcnnclassifier__lr": [1e-3, 1e-2]}
    search = GridSearchCV(decider, grid, cv=GroupKFold(2))
    search.fit(ward.data, ward.target, groups=ward.groups)
    alone = search.cv_results_
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search.set_params(n_jobs=-1).fit(ward.data, ward.target, groups=ward.groups)
    for key in alone:
        if key.startswith(("split", "mean_test", "rank")):
            np.testing.assert_array_equal(search.cv_results_[key], alone[key])
    assert search.best_params_ == alone["params"][int(np.argmax(alone["mean_test_score"]))]
