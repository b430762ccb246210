"""Splits that keep on one side what belongs together, what they let through, paired tests."""

from skdualcnn.model_selection._honest_split import honest_split
from skdualcnn.model_selection._leakage import leakage_report
from skdualcnn.model_selection._leakage_findings import LeakageFinding, LeakageReport
from skdualcnn.model_selection._paired_tests import (
    McNemarResult,
    combine_dependent_p_values,
    holm_adjust,
    mcnemar_test,
)
from skdualcnn.model_selection._splitters import PurgedGroupKFold, PurgedGroupTimeSeriesSplit

__all__ = [
    "LeakageFinding",
    "LeakageReport",
    "McNemarResult",
    "PurgedGroupKFold",
    "PurgedGroupTimeSeriesSplit",
    "combine_dependent_p_values",
    "holm_adjust",
    "honest_split",
    "leakage_report",
    "mcnemar_test",
]
