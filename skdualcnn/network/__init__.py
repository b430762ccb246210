"""The torch side: the dual-path network, its shapes, its loss, its batches and its training."""

from skdualcnn.network._architectures import ARCHITECTURES, Architecture
from skdualcnn.network._blocks import ConvBlock, ResidualBlock
from skdualcnn.network._dual_path import DualPathNetwork
from skdualcnn.network._loss import MISSING, MultiHeadCrossEntropy

__all__ = [
    "ARCHITECTURES",
    "MISSING",
    "Architecture",
    "ConvBlock",
    "DualPathNetwork",
    "MultiHeadCrossEntropy",
    "ResidualBlock",
]
