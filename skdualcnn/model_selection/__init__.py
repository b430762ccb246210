"""Splits that keep on one side what belongs together, and what a split lets through."""

from skdualcnn.model_selection._honest_split import honest_split
from skdualcnn.model_selection._leakage import leakage_report
from skdualcnn.model_selection._leakage_findings import LeakageFinding, LeakageReport
from skdualcnn.model_selection._splitters import PurgedGroupKFold, PurgedGroupTimeSeriesSplit

__all__ = [
    "LeakageFinding",
    "LeakageReport",
    "PurgedGroupKFold",
    "PurgedGroupTimeSeriesSplit",
    "honest_split",
    "leakage_report",
]
