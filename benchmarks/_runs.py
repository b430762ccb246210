"""One model, fitted on the training rows of a data set and scored on its test rows."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skdualcnn._decider import FusionDecider
from skdualcnn._evaluation import evaluate
from skdualcnn._studies import fit, labels_of


def fit_and_score(
    decider: FusionDecider, dataset: Bunch, train: NDArray[np.intp], test: NDArray[np.intp]
) -> list[dict[str, Any]]:
    """Return the figures of every head that has labels."""
    start = time.perf_counter()
    fit(decider, dataset, train)
    seconds = time.perf_counter() - start
    result = evaluate(decider, dataset.data.iloc[test], labels_of(dataset, test), seconds)
    return [
        {
            "head": head,
            "train_rows": len(train),
            "test_rows": len(test),
            "fit_seconds": seconds,
            **scores.metrics(),
        }
        for head, scores in result.heads.items()
    ]
