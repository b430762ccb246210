"""Live streams: readings in, one by one; decisions, alerts and actions out."""

from skdualcnn.streaming._detector import Decision, OnlineDetector

__all__ = ["Decision", "OnlineDetector"]
