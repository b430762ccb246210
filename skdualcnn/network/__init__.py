"""The torch side: the dual-path network, its loss, its batches and its training."""

from skdualcnn.network._blocks import ConvBlock, ResidualBlock
from skdualcnn.network._dual_path import DualPathNetwork
from skdualcnn.network._loss import MISSING, MultiHeadCrossEntropy

__all__ = ["MISSING", "ConvBlock", "DualPathNetwork", "MultiHeadCrossEntropy", "ResidualBlock"]
