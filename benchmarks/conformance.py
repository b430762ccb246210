"""scikit-learn's common checks on every public estimator, counted.

Run: python -m benchmarks conformance. It prints how many checks each estimator passed,
how many failed as expected, each with its reason, and exits with 1 if any other failed. A
second table counts the same checks on the estimators of peers that are installed.
"""

import warnings
from collections import Counter
from typing import Any

import pandas as pd
import sklearn
import skorch
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator
from skorch import NeuralNetClassifier
from torch import Tensor, nn

from benchmarks._output import to_markdown
from firmware_export import FixedPointClassifier
from skdualcnn import DualPathCNNClassifier, FusionDecider, HeadClassifier, TunedFusionDecider
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.preprocessing import (
    GapImputer,
    HampelFilter,
    OutlierClipper,
    PlausibilityLimiter,
    QuantileScaler,
    SeriesScaler,
    SlidingWindow,
)

CAUSAL = "a causal window of a row holds the rows before it, so it changes with their order"
WORDS = "the check compares predictions as numbers, and decisions are words"
DECISIONS_ARE_WORDS = {
    "check_estimators_dtypes": (
        "the labels are 1 and 2, neither of which a decider may take to mean normal"
    ),
    "check_estimators_pickle": WORDS,
    "check_methods_sample_order_invariance": WORDS,
    "check_methods_subset_invariance": WORDS,
    "check_fit_idempotent": WORDS,
}
EXPECTED = {
    "HampelFilter": {
        "check_methods_sample_order_invariance": CAUSAL,
        "check_methods_subset_invariance": CAUSAL,
    },
    "SlidingWindow": {
        "check_methods_sample_order_invariance": CAUSAL,
        "check_methods_subset_invariance": CAUSAL,
    },
    "FusionDecider": DECISIONS_ARE_WORDS,
    "ConformalFusionDecider": DECISIONS_ARE_WORDS,
    "TunedFusionDecider": DECISIONS_ARE_WORDS,
}
STATUSES = ["passed", "xfail", "failed", "skipped"]


def estimators() -> dict[str, Any]:
    """Return one instance of every public estimator, by the name to print.

    All but `SeriesStatistics`: the checks give rows, and it reads series alone.
    """
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
        "TunedFusionDecider": TunedFusionDecider(
            FusionDecider(DualPathCNNClassifier(max_epochs=3, random_state=0)),
            cv=2,
            thresholds=4,
            n_resamples=50,
            random_state=0,
        ),
        # Few rows set the limits of a class at this level, which the checks' data have.
        "ConformalFusionDecider": ConformalFusionDecider(
            FusionDecider(network), confidence_level=0.5, random_state=0
        ),
        "FixedPointClassifier": FixedPointClassifier(network),
        "FixedPointClassifier, quantisation-aware": FixedPointClassifier(
            network, activation_bits=8, calibration="mse", qat_epochs=1
        ),
        "GapImputer": GapImputer(3),
        "GapImputer with ages": GapImputer(add_age=True),
        "HampelFilter": HampelFilter(),
        "OutlierClipper": OutlierClipper(),
        "PlausibilityLimiter": PlausibilityLimiter({0: (-1e6, 1e6)}),
        "QuantileScaler": QuantileScaler(),
        "SeriesScaler": SeriesScaler(),
        "SlidingWindow": SlidingWindow(),
    }


class PeerNet(nn.Module):
    """A network for any number of features that takes doubles, so that these do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.LazyLinear(5), nn.Softmax(-1))

    def forward(self, X: Tensor) -> Tensor:
        return self.layers(X.float())


def peers() -> dict[str, Any]:
    """Return one instance of every peer's classifier, as it is, by the name to print."""
    torch.manual_seed(0)  # a check or two depend on the weights that it draws
    return {f"skorch {skorch.__version__}": NeuralNetClassifier(PeerNet, verbose=0)}


def expected_failures(estimator: Any) -> dict[str, str]:
    """Return the checks that no correct estimator of this kind could pass, with the reason."""
    return EXPECTED.get(type(estimator).__name__, {})


def count_checks(listed: dict[str, Any]) -> pd.DataFrame:
    """Run the checks and return their counts by estimator and status; say which failed."""
    rows = {}
    for name, estimator in listed.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_estimator(
                estimator,
                expected_failed_checks=expected_failures(estimator),
                on_fail=None,
                on_skip=None,
            )
        counts = Counter(result["status"] for result in results)
        rows[name] = {status: counts[status] for status in STATUSES}
        for result in results:
            if result["status"] == "failed":
                print(f"{name}: {result['check_name']}: {str(result['exception'])[:300]}")
            if result["status"] == "xfail":
                print(f"{name}: {result['check_name']}: {result['expected_to_fail_reason']}")
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "estimator"
    return table


def run() -> int:
    """Print the counts; return the exit code."""
    table = count_checks(estimators())
    print(f"scikit-learn {sklearn.__version__}, common checks:")
    print(to_markdown(table))
    beside = count_checks(peers())
    print("The same checks on a peer, none of them expected to fail:")
    print(to_markdown(beside))
    for name, row in beside.iterrows():
        print(f"{name}: {row['failed']} of {row.sum() - row['skipped']} failed")
    return int(table["failed"].sum() > 0)
