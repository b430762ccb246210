"""Medical emergencies and cyberattacks from one multimodal stream."""

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn.preprocessing import make_fusion_preprocessor

__all__ = ["DualPathCNNClassifier", "FusionDecider", "make_fusion_preprocessor"]
__version__ = "0.1.0"
