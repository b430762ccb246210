"""From raw columns to features in [0, 1]."""

from skdualcnn.preprocessing._filters import OutlierClipper
from skdualcnn.preprocessing._fusion import make_fusion_preprocessor

__all__ = ["OutlierClipper", "make_fusion_preprocessor"]
