"""Convolutional blocks that the trunk is stacked from, and what pools their output."""

from typing import Literal

from torch import Tensor, cat, nn

from skdualcnn.network._compiled_block import train_compiled
from skdualcnn.network._dropout import WordDropout

Activation = Literal["leaky_relu", "relu"]

NEGATIVE_SLOPE = 0.01


def make_activation(name: Activation) -> nn.Module:
    """Return a new activation module, ReLU or LeakyReLU with slope 0.01."""
    return nn.ReLU() if name == "relu" else nn.LeakyReLU(NEGATIVE_SLOPE)


class ConvBlock(nn.Module):
    """Convolution, activation, batch norm, max-pool, dropout: one block of the paper.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the signal before and after the convolution.
    kernel_size : int
        Odd number of steps the kernel sees; the signal is padded with zeros so that
        its length stays the same.
    activation : {"leaky_relu", "relu"}
        What follows the convolution.
    pool_size : int
        Steps that one maximum is taken over; 1 leaves the length as it is.
    dropout : float
        Share of values set to zero while training.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        activation: Activation,
        pool_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.activation = make_activation(activation)
        self.norm = nn.BatchNorm1d(out_channels)
        self.pool = nn.MaxPool1d(pool_size) if pool_size > 1 else nn.Identity()
        self.dropout = WordDropout(dropout)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the features of a signal.

        Parameters
        ----------
        signal : Tensor of shape (n, in_channels, length) and dtype float32
            Input of the block.

        Returns
        -------
        Tensor of shape (n, out_channels, length // pool_size) and dtype float32
            Output of the block.
        """
        output = train_compiled(self, signal) if self.training else None
        if output is not None:
            return output
        return self.dropout(self.pool(self.norm(self.activation(self.conv(signal)))))


class ResidualBlock(nn.Module):
    """Two convolution units whose output is added to their input.

    Parameters
    ----------
    channels : int
        Channels of the signal, the same before and after.
    kernel_size : int
        Odd number of steps each kernel sees.
    activation : {"leaky_relu", "relu"}
        What follows each convolution.
    dropout : float
        Share of values set to zero while training.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int,
        activation: Activation,
        dropout: float,
    ) -> None:
        super().__init__()
        self.units = nn.Sequential(
            *(
                ConvBlock(
                    channels,
                    channels,
                    kernel_size=kernel_size,
                    activation=activation,
                    pool_size=1,
                    dropout=0.0,
                )
                for _ in range(2)
            )
        )
        self.dropout = WordDropout(dropout)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the signal with the units' output added.

        Parameters
        ----------
        signal : Tensor of shape (n, channels, length) and dtype float32
            Input of the block.

        Returns
        -------
        Tensor of shape (n, channels, length) and dtype float32
            Output of the block.
        """
        return self.dropout(signal + self.units(signal))


class GlobalPooling(nn.Module):
    """Mean and maximum of each channel over all steps."""

    def forward(self, signal: Tensor) -> Tensor:
        """Return the means of all channels, then their maxima.

        Parameters
        ----------
        signal : Tensor of shape (n, channels, length) and dtype float32
            Output of the last block.

        Returns
        -------
        Tensor of shape (n, 2 * channels) and dtype float32
            Inputs of the dense layer.
        """
        return cat([signal.mean(2), signal.amax(2)], dim=1)
