"""From what the sites say of their columns to the model that all of them start from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import FederationError
from skdualcnn.federated._summary import Summary, check_alike, join_classes, join_columns
from skdualcnn.preprocessing import make_fusion_preprocessor


def agree(
    summaries: Sequence[Summary], classifier: DualPathCNNClassifier, noise_filter: Any = None
) -> FusionDecider:
    """Return the decider that all sites start from: scales known, network not trained.

    Parameters
    ----------
    summaries : sequence of dict
        Of each site, as `summarise` returns them.
    classifier : DualPathCNNClassifier
        Unfitted; its `random_state` decides the first weights.
    noise_filter : transformer or None, default=None
        As for `make_fusion_preprocessor`.

    Returns
    -------
    FusionDecider
        Fitted, as one that was trained in one place.

    Raises
    ------
    FederationError
        If the sites do not fit together.
    """
    check_alike(summaries)
    table, classes = join_columns(summaries), join_classes(summaries)
    modalities = summaries[0]["modalities"]
    pipeline = make_pipeline(
        make_fusion_preprocessor(**modalities, noise_filter=noise_filter), clone(classifier)
    )
    Z = pipeline[0].fit_transform(table)
    # Without a label nothing is trained: the nets are made, and keep their first weights.
    nothing = pd.DataFrame({head: np.full(len(Z), None, dtype=object) for head in classes})
    pipeline[-1].partial_fit(Z, nothing, classes=[np.array(one) for one in classes.values()])
    return decide_with(pipeline, table, classes)


def decide_with(
    pipeline: Pipeline, table: pd.DataFrame, classes: Mapping[str, Sequence[Any]]
) -> FusionDecider:
    """Return a decider around a fitted pipeline, as if it had fitted it."""
    labels = pd.DataFrame(
        {
            head: np.resize(np.array(known, dtype=object), len(table))
            for head, known in classes.items()
        }
    )
    decider = FusionDecider(FrozenEstimator(pipeline))
    decider.fit(table, labels if labels.shape[1] > 1 else labels.squeeze(axis=1))
    decider.set_params(estimator=clone(pipeline))
    decider.estimator_ = pipeline
    return decider


def network_of(decider: FusionDecider) -> DualPathCNNClassifier:
    """Return the network at the end of a fitted decider.

    Raises
    ------
    FederationError
        If it has none.
    """
    pipeline = getattr(decider, "estimator_", None)
    last = pipeline[-1] if isinstance(pipeline, Pipeline) else None
    if not isinstance(last, DualPathCNNClassifier):
        raise FederationError(
            f"Got a {type(decider).__name__} to start from, expected a fitted FusionDecider of a "
            "pipeline that ends in a DualPathCNNClassifier."
        )
    return last
