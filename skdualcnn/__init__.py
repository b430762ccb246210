"""Medical emergencies and cyberattacks from one multimodal stream."""

from skdualcnn._classifier import DualPathCNNClassifier

__all__ = ["DualPathCNNClassifier"]
__version__ = "0.1.0"
