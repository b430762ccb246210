"""From raw columns to features in [0, 1]."""

from skdualcnn.preprocessing._align import align_streams
from skdualcnn.preprocessing._alignment_report import AlignedStreams, AlignmentReport
from skdualcnn.preprocessing._clock import StreamClock, estimate_clock
from skdualcnn.preprocessing._disturb import disturb
from skdualcnn.preprocessing._filters import OutlierClipper
from skdualcnn.preprocessing._fusion import make_fusion_preprocessor
from skdualcnn.preprocessing._gaps import GapImputer
from skdualcnn.preprocessing._gathered import GatheredWindows
from skdualcnn.preprocessing._hampel import HampelFilter
from skdualcnn.preprocessing._plausibility import (
    PHYSIOLOGICAL_LIMITS,
    PlausibilityLimiter,
    PlausibleRange,
)
from skdualcnn.preprocessing._quantiles import QuantileScaler
from skdualcnn.preprocessing._series import SeriesScaler
from skdualcnn.preprocessing._series_statistics import SeriesStatistics
from skdualcnn.preprocessing._windows import SlidingWindow, flatten_windows

__all__ = [
    "PHYSIOLOGICAL_LIMITS",
    "AlignedStreams",
    "AlignmentReport",
    "GapImputer",
    "GatheredWindows",
    "HampelFilter",
    "OutlierClipper",
    "PlausibilityLimiter",
    "PlausibleRange",
    "QuantileScaler",
    "SeriesScaler",
    "SeriesStatistics",
    "SlidingWindow",
    "StreamClock",
    "align_streams",
    "disturb",
    "estimate_clock",
    "flatten_windows",
    "make_fusion_preprocessor",
]
