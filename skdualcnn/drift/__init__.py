"""Monitors that say when the world is no longer that of the training data."""

from skdualcnn.drift._monitor import DriftMonitor
from skdualcnn.drift._report import DriftReport
from skdualcnn.drift._watch import DriftWatch

__all__ = ["DriftMonitor", "DriftReport", "DriftWatch"]
