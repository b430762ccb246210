"""Decisions that abstain where a stated confidence is not reached: split conformal prediction."""

from skdualcnn.conformal._coverage import coverage_table
from skdualcnn.conformal._decider import ConformalFusionDecider

__all__ = ["ConformalFusionDecider", "coverage_table"]
