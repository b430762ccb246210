"""Splits that keep on one side what belongs together, and what a split lets through."""

from skdualcnn.model_selection._honest_split import honest_split
from skdualcnn.model_selection._splitters import PurgedGroupKFold, PurgedGroupTimeSeriesSplit

__all__ = ["PurgedGroupKFold", "PurgedGroupTimeSeriesSplit", "honest_split"]
