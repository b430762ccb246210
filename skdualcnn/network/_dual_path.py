"""The paper's network: one convolutional trunk, one linear head per label column."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from skdualcnn.exceptions import ArchitectureError
from skdualcnn.network._architectures import PAPER
from skdualcnn.network._blocks import (
    Activation,
    ConvBlock,
    GlobalPooling,
    ResidualBlock,
    make_activation,
)
from skdualcnn.network._dropout import ChannelDropout, WordDropout


class DualPathNetwork(nn.Module):
    """One-dimensional CNN with any number of classification heads.

    The trunk is one :class:`ConvBlock` per entry of `conv_channels`, then
    `residual_blocks` residual blocks, flatten (index = channel * length + step) or global
    pooling, a dense layer with activation and dropout. Each head is one linear layer on it.

    Parameters
    ----------
    in_channels : int
        Channels of the input signal.
    length : int
        Steps of the input signal.
    n_classes : sequence of int
        Number of classes of each head.
    conv_channels : sequence of int
        Output channels of each convolutional block.
    kernel_size : int
        Odd number of steps each kernel sees.
    residual_blocks : int
        Residual blocks after the last convolutional block.
    activation : {"leaky_relu", "relu"}
        Activation everywhere.
    pool_size : int
        Max-pooling after each convolutional block; 1 means none.
    global_pooling : bool
        Whether the dense layer reads the mean and the maximum of each channel over all
        steps, instead of every step.
    channel_dropout : float
        Share of the input's channels dropped whole while training.
    conv_dropout : float
        Dropout after each block.
    dense_units : int
        Units of the dense layer.
    dense_dropout : float
        Dropout after the dense layer.

    Raises
    ------
    ArchitectureError
        If the kernel is even or longer than the signal, nothing is left to pool, a number
        of channels is not a positive whole number, or the only channel would be dropped.
    """

    def __init__(
        self,
        in_channels: int,
        length: int,
        n_classes: Sequence[int],
        *,
        conv_channels: Sequence[Any] = PAPER.conv_channels,
        kernel_size: int = PAPER.kernel_size,
        residual_blocks: int = PAPER.residual_blocks,
        activation: Activation = PAPER.activation,
        pool_size: int = PAPER.pool_size,
        global_pooling: bool = PAPER.global_pooling,
        channel_dropout: float = PAPER.channel_dropout,
        conv_dropout: float = PAPER.conv_dropout,
        dense_units: int = PAPER.dense_units,
        dense_dropout: float = PAPER.dense_dropout,
    ) -> None:
        super().__init__()
        if not all(isinstance(one, Integral) and int(one) > 0 for one in conv_channels):
            raise ArchitectureError(
                f"conv_channels={tuple(conv_channels)}, expected whole numbers of 1 or more, one "
                "per convolutional block."
            )
        if channel_dropout and in_channels == 1:
            raise ArchitectureError(
                f"channel_dropout={channel_dropout} with a signal of one channel, expected "
                "several: it would drop the whole row. Use 0, or give windows of several channels."
            )
        self.channel_dropout = ChannelDropout(channel_dropout)
        blocks: list[nn.Module] = []
        for out_channels in conv_channels:
            check_fits(kernel_size, pool_size, length)
            blocks.append(
                ConvBlock(
                    in_channels,
                    out_channels,
                    kernel_size=kernel_size,
                    activation=activation,
                    pool_size=pool_size,
                    dropout=conv_dropout,
                )
            )
            in_channels, length = out_channels, length // pool_size
        for _ in range(residual_blocks):
            check_fits(kernel_size, 1, length)
            blocks.append(
                ResidualBlock(
                    in_channels,
                    kernel_size=kernel_size,
                    activation=activation,
                    dropout=conv_dropout,
                )
            )
        self.blocks = nn.Sequential(*blocks)
        self.pooling = GlobalPooling() if global_pooling else nn.Flatten()
        self.dense = nn.Linear(in_channels * (2 if global_pooling else length), dense_units)
        self.activation = make_activation(activation)
        self.dropout = WordDropout(dense_dropout)
        self.heads = nn.ModuleList(nn.Linear(dense_units, k) for k in n_classes)

    def forward(self, signal: Tensor) -> list[Tensor]:
        """Return the logits of each head.

        Parameters
        ----------
        signal : Tensor of shape (n, in_channels, length) and dtype float32
            Input signals.

        Returns
        -------
        list of Tensor of shape (n, n_classes) and dtype float32
            One entry per head.
        """
        features = self.dense(self.pooling(self.blocks(self.channel_dropout(signal))))
        features = self.dropout(self.activation(features))
        return [head(features) for head in self.heads]


def check_fits(kernel_size: int, pool_size: int, length: int) -> None:
    """Refuse a block that the signal of `length` steps is too short for."""
    if kernel_size % 2 == 0:
        raise ArchitectureError(
            f"kernel_size={kernel_size} is even; an odd kernel keeps the signal's length. "
            f"Use {kernel_size - 1} or {kernel_size + 1}."
        )
    # One step more than the signal is allowed: that step is padding.
    if kernel_size > length + 1:
        raise ArchitectureError(
            f"kernel_size={kernel_size} is longer than the signal of {length} step(s) "
            f"(n_features = {length} for 2-D X at the first block). Use a smaller kernel_size, "
            "fewer conv_channels, a smaller pool_size, or longer input."
        )
    if pool_size > length:
        raise ArchitectureError(
            f"pool_size={pool_size} is longer than the signal of {length} step(s) that reaches it. "
            "Use a smaller pool_size, fewer conv_channels, or longer input."
        )
