"""From raw columns to features in [0, 1]."""

from skdualcnn.preprocessing._filters import OutlierClipper
from skdualcnn.preprocessing._fusion import make_fusion_preprocessor
from skdualcnn.preprocessing._gathered import GatheredWindows
from skdualcnn.preprocessing._quantiles import QuantileScaler
from skdualcnn.preprocessing._windows import SlidingWindow, flatten_windows

__all__ = [
    "GatheredWindows",
    "OutlierClipper",
    "QuantileScaler",
    "SlidingWindow",
    "flatten_windows",
    "make_fusion_preprocessor",
]
