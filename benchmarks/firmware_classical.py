"""Classical models of the same pipeline, as C++ by micromlgen, on the same chips."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from benchmarks._output import describe_run, to_markdown, write_results
from firmware_export._classical import generate_classical, measure_classical
from firmware_export._targets import TARGETS, can_compile
from skdualcnn import make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split

HEAD = "cyber"
MEASURED_ROWS = 8
QUICK = ("logistic regression", "decision tree")


def run(out: Path, *, quick: bool) -> pd.DataFrame:
    """Fit, generate and measure each model on each target; print and write the table."""
    results = pd.DataFrame(_measure(quick=quick), dtype=object)  # None stays None
    table = results.set_index(["model", "target"])
    environment = describe_run()
    write_results(out, "firmware_classical", results, table, environment)
    print(to_markdown(table))
    return results


def _measure(*, quick: bool) -> Iterator[dict[str, Any]]:
    ward = make_ward(n_patients=6, hours=6.0, random_state=0)
    train, test = honest_split(ward, random_state=0)
    preprocessor = make_fusion_preprocessor(**ward.modalities)
    X = preprocessor.fit_transform(ward.data.iloc[train])
    y = ward.target[HEAD].iloc[train]
    few = test[np.linspace(0, len(test) - 1, MEASURED_ROWS).astype(int)]
    features = preprocessor.transform(ward.data.iloc[few]).astype(np.float32)
    for name, model in _models().items():
        if quick and name not in QUICK:
            continue
        source = generate_classical(model.fit(X, y))
        expected = model.predict(features)
        for target in filter(can_compile, TARGETS.values()):
            cost = measure_classical(source, features, target)
            same = "not run"
            if cost.answers is not None:
                agree = int((model.classes_[cost.answers] == expected).sum())
                same = f"{agree} of {len(few)}"
            yield {
                "model": name,
                "target": target.name,
                "features": features.shape[1],
                "instructions": cost.instructions,
                "code_bytes": cost.code_bytes + cost.constant_bytes,
                "stack_bytes": cost.stack_bytes,
                "as in Python": same,
            }


def _models() -> dict[str, Any]:
    """Near scikit-learn's defaults; micromlgen wants to be told gamma, and a depth that links."""
    return {
        "logistic regression": LogisticRegression(max_iter=1000),
        "decision tree": DecisionTreeClassifier(random_state=0),
        "random forest, 100 trees of depth 8": RandomForestClassifier(max_depth=8, random_state=0),
        "SVM (RBF)": SVC(gamma=0.05),
    }
