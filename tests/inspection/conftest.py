"""Figures without a window, closed after each test; a report with everything in it."""

from copy import deepcopy
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def _model(name: str, ours: bool, scores: list[float | None]) -> dict[str, Any]:
    keys = ["accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "brier"]
    return {"name": name, "ours": ours, **dict(zip(keys, scores, strict=True)), "fit_seconds": 12.5}


@pytest.fixture
def report(whole_report) -> dict[str, Any]:
    return deepcopy(whole_report)


@pytest.fixture(scope="session")
def whole_report() -> dict[str, Any]:
    return {
        "title": "Dual-path CNN on a ward",
        "summary": ["A network was trained on twelve patients.", "It was tested on three others."],
        "data": {
            "name": "Ward",
            "simulated": True,
            "rows": np.int64(5760),
            "columns": 26,
            "modalities": {"patient": 7, "environment": 4, "network": 15},
            "description": "A ward.\n\nCited from\nhttps://example.org/ward.",
        },
        "protocol": {
            "sentence": "Whole patients are held out.",
            "train_rows": 4320,
            "test_rows": 1440,
            "held_out": "patients",
        },
        "heads": [
            {
                "name": "health",
                "classes": ["normal", "sepsis"],
                "test_counts": {"normal": 1200, "sepsis": 240},
                "models": [
                    _model("Logistic regression", False, [0.9, 0.7, 0.7, 0.9, 0.8, 0.07]),
                    _model("Network", True, [0.95, 0.8, 0.8, np.float32(0.96), 0.9, 0.05]),
                    _model("Never fitted", False, [None, float("nan"), None, None, None, None]),
                ],
            },
            {
                "name": "cyber",
                "classes": ["normal", "dos"],
                "test_counts": {"normal": 1400, "dos": 40},
                "models": [
                    _model("Network", True, [0.94, 0.6, 0.6, 0.9, 0.7, 0.08]),
                    _model("Logistic regression", False, [0.96, 0.9, 0.8, 0.95, 0.8, 0.04]),
                ],
            },
        ],
        "decisions": {
            "explained": "A score of 0.5 raises an alert.",
            "models": [
                {
                    "name": "Network",
                    "ours": True,
                    "accuracy": 0.91,
                    "uncertain": 0.02,
                    "recall": {"normal": 0.97, "medical": 0.8, "cyber": 0.7, "both": None},
                }
            ],
            "confusion": {
                "states": ["normal", "medical"],
                "decisions": ["normal", "medical", "uncertain"],
                "counts": [[1100, 70, 30], [40, 190, 10]],
            },
        },
        "firmware": {
            "checked": "2880 of 2880 rows identical",
            "rows": [
                {"name": "Flash", "value": 298412, "unit": "bytes", "note": "weights, program"},
                {"name": "Energy", "value": None, "unit": "mJ", "note": "not measured"},
            ],
            "layers": [{"layer": "conv1d", "weights": 256}, {"layer": "dense", "macs": 126976}],
        },
        "environment": {"python": "3.11", "skdualcnn": "0.1.0"},
        "seed": 0,
        "command": "skdualcnn demo --seed 0",
    }
