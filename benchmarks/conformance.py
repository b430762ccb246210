"""scikit-learn's common checks on every public estimator, counted.

Run: python -m benchmarks conformance. Exits with 1 if a check fails.
"""

import warnings
from collections import Counter
from typing import Any

import pandas as pd
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from benchmarks._output import to_markdown
from firmware_export import FixedPointClassifier
from skdualcnn import DualPathCNNClassifier, FusionDecider, HeadClassifier
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler, SlidingWindow

STATUSES = ["passed", "xfail", "failed", "skipped"]


def estimators() -> dict[str, Any]:
    """Return one instance of every public estimator, by the name to print."""
    network = DualPathCNNClassifier(random_state=0)
    return {
        "DualPathCNNClassifier": network,
        "DualPathCNNClassifier, early stopping": DualPathCNNClassifier(
            early_stopping=True, random_state=0
        ),
        "DualPathCNNClassifier, separate paths": DualPathCNNClassifier(
            sharing="none", random_state=0
        ),
        "HeadClassifier": HeadClassifier(network, head=0),
        "HeadClassifier of a linear model": HeadClassifier(LogisticRegression(), head=0),
        "FusionDecider": FusionDecider(network),
        "FixedPointClassifier": FixedPointClassifier(network),
        "OutlierClipper": OutlierClipper(),
        "QuantileScaler": QuantileScaler(),
        "SlidingWindow": SlidingWindow(),
    }


def count_checks() -> pd.DataFrame:
    """Run the checks and return their counts by estimator and status."""
    rows = {}
    for name, estimator in estimators().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_estimator(estimator, on_fail=None, on_skip=None)
        counts = Counter(result["status"] for result in results)
        rows[name] = {status: counts[status] for status in STATUSES}
        for result in results:
            if result["status"] == "failed":
                print(f"{name}: {result['check_name']}: {str(result['exception'])[:300]}")
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "estimator"
    return table


def run() -> int:
    """Print the counts; return the exit code."""
    table = count_checks()
    print(f"scikit-learn {sklearn.__version__}, common checks:")
    print(to_markdown(table))
    return int(table["failed"].sum() > 0)
