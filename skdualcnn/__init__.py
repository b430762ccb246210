"""Medical emergencies and cyberattacks from one multimodal stream.

The public names are loaded when they are first used, so that importing the package, or
asking its command line for help, does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdualcnn._classifier import DualPathCNNClassifier
    from skdualcnn._decider import FusionDecider
    from skdualcnn._fusion_pipeline import make_fusion_decider
    from skdualcnn._head import HeadClassifier
    from skdualcnn._persistence import load, save
    from skdualcnn._tuned_decider import TunedFusionDecider
    from skdualcnn.preprocessing import make_fusion_preprocessor

__version__ = "0.1.0"

__all__ = [
    "DualPathCNNClassifier",
    "FusionDecider",
    "HeadClassifier",
    "TunedFusionDecider",
    "load",
    "make_fusion_decider",
    "make_fusion_preprocessor",
    "save",
]

_HOMES = {
    "DualPathCNNClassifier": "skdualcnn._classifier",
    "FusionDecider": "skdualcnn._decider",
    "TunedFusionDecider": "skdualcnn._tuned_decider",
    "HeadClassifier": "skdualcnn._head",
    "load": "skdualcnn._persistence",
    "make_fusion_decider": "skdualcnn._fusion_pipeline",
    "make_fusion_preprocessor": "skdualcnn.preprocessing",
    "save": "skdualcnn._persistence",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skdualcnn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
