"""Dropout whose random numbers are cheap, of values or of whole channels."""

import torch
from torch import Tensor, nn

_PIECES = 4  # of 16 bits, in a random word
_LEVELS = 2**16


class WordDropout(nn.Dropout):
    """Dropout by comparing 16-bit pieces of random words with a threshold.

    A quarter of the random numbers that `torch.nn.Dropout` draws, and integers instead
    of floats. The share of dropped values is rounded to a multiple of 2**-16, and what is
    kept is scaled by the rounded share.
    """

    @property
    def threshold(self) -> int:
        """What a piece must reach for its value to be kept, in [-2**15, 2**15)."""
        return min(round(self.p * _LEVELS), _LEVELS - 1) - _LEVELS // 2

    @property
    def scale(self) -> float:
        """Factor of the values that are kept."""
        return _LEVELS / (_LEVELS // 2 - self.threshold)

    def draw_pieces(self, count: int, device: torch.device) -> Tensor | None:
        """Return one random piece for each of `count` values, int16; None if none is dropped."""
        if self.threshold == -_LEVELS // 2:
            return None
        words = torch.empty(-(-count // _PIECES), dtype=torch.int64, device=device)
        return words.random_(-(2**63), None).view(torch.int16)[:count]

    def forward(self, signal: Tensor) -> Tensor:
        """Return the signal, with values dropped while training.

        Parameters
        ----------
        signal : Tensor of any shape and dtype float32

        Returns
        -------
        Tensor of the same shape and dtype
        """
        pieces = self.draw_pieces(signal.numel(), signal.device) if self.training else None
        if pieces is None:
            return signal
        kept = (pieces >= self.threshold).view(signal.shape)
        return signal * kept.to(signal.dtype).mul_(self.scale)


class ChannelDropout(WordDropout):
    """Dropout of whole channels of a signal, other ones for each row."""

    def forward(self, signal: Tensor) -> Tensor:
        """Return the signal, with channels dropped while training.

        Parameters
        ----------
        signal : Tensor of shape (n, channels, length) and dtype float32

        Returns
        -------
        Tensor of the same shape and dtype
        """
        if not self.training or self.p == 0:
            return signal
        return signal * super().forward(torch.ones_like(signal[:, :, :1]))
