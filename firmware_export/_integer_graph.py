"""The quantised network as integers: what the twin runs and the C generator prints.

A tensor holds integers of `activation_bits`, logits of 16; the real value is
``integer * scale`` (symmetric, zero point 0). Operations are listed in the order they run.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import Rule
from firmware_export._layers import Kind

INT32_MAX = 2**31 - 1
ROWS_AT_A_TIME: dict[Kind, int] = {"convolution": 4, "dense": 8, "logits": 8}
INPUTS_AT_A_TIME: dict[Kind, int] = {"convolution": 3, "dense": 4, "logits": 4}
"""What the kernels of the C take; see `templates/kernels.c.j2`."""


@dataclass(frozen=True)
class Tensor:
    """A signal between two operations.

    Attributes
    ----------
    name : str
    steps, channels : int
        Stored steps first.
    padding : int
        Steps of zeros kept before and after the signal for the convolution that reads it.
    spare : int
        Zeros kept after that, which kernels read where they take several inputs at a time.
    limit : int
        Every value is within [-limit, limit].
    scale : float
        Real value of one integer step.
    """

    name: str
    steps: int
    channels: int
    padding: int
    limit: int
    scale: float
    spare: int = 0

    @property
    def size(self) -> int:
        """Values of the signal itself."""
        return self.steps * self.channels

    @property
    def storage(self) -> int:
        """Values with all zeros that are kept around them."""
        return (self.steps + 2 * self.padding) * self.channels + self.spare


@dataclass(frozen=True)
class ChannelScaling:
    """How an accumulator of each output channel becomes an output value.

    Arrays have one entry per channel, the activation's slope below zero is the layer's;
    :func:`firmware_export._integer.requantise` says what they mean.
    """

    bias: NDArray[np.int32]
    offset: NDArray[np.int32]
    multiplier: NDArray[np.int16]
    preshift: NDArray[np.uint8]
    shift: NDArray[np.uint8]
    slope: int
    slope_shift: int


@dataclass(frozen=True)
class Linear:
    """Weighted sums over a window that slides along a signal: convolution or dense layer.

    Attributes
    ----------
    name : str
    summary : str
        What the layer computes, in words.
    kind : {"convolution", "dense", "logits"}
        The last two have one window, which is the whole signal, and no batch norm.
    source, target : int
        Tensors it reads and writes.
    weight : ndarray of shape (rows, kernel * channels) and dtype int8
        One row per output channel; the window is laid out steps first.
    kernel : int
        Steps in a window.
    padding : int
        Steps of zeros before the first window, at most the source's padding.
    pool : int
        Windows that each output is the maximum of.
    scaling : ChannelScaling
    weight_scale : ndarray of shape (rows,) and dtype float64
        Real value of one step of a row's weights.
    bound : int
        No accumulator can exceed this magnitude, whatever the input; below 2**31.
    """

    name: str
    summary: str
    kind: Kind
    source: int
    target: int
    weight: NDArray[np.int8]
    kernel: int
    padding: int
    pool: int
    scaling: ChannelScaling
    weight_scale: NDArray[np.float64]
    bound: int

    @property
    def reach(self) -> int:
        """Inputs that the C reads for a sum, the last perhaps with weight 0."""
        step = INPUTS_AT_A_TIME[self.kind]
        return -(-self.weight.shape[1] // step) * step


@dataclass(frozen=True)
class Add:
    """Sum of two signals of the same shape, each brought to the scale of the result."""

    name: str
    summary: str
    left: int
    right: int
    target: int
    multiplier_left: int
    multiplier_right: int
    shift: int


@dataclass(frozen=True)
class GlobalPool:
    """Mean of each channel over all steps, then the maximum of each, on the source's scale.

    Attributes
    ----------
    name : str
    summary : str
    source, target : int
        Tensors it reads and writes, of the same scale and limit.
    multiplier, preshift, shift : int
        From a sum to a mean; :func:`firmware_export._integer.global_pool` says how.
    bound : int
        No sum can exceed this magnitude, whatever the input; below 2**31.
    """

    name: str
    summary: str
    source: int
    target: int
    multiplier: int
    preshift: int
    shift: int
    bound: int


Operation = Linear | Add | GlobalPool


@dataclass(frozen=True)
class HeadOutput:
    """Logits of one head.

    Attributes
    ----------
    name : str
    classes : tuple
        Labels, in the order of the outputs.
    tensor : int
        Tensor that holds the logits.
    fraction_bits : int
        One integer step of a logit is 2**-fraction_bits.
    """

    name: str
    classes: tuple[Any, ...]
    tensor: int
    fraction_bits: int


@dataclass(frozen=True)
class IntegerNumeric:
    """One numeric reading; see :func:`firmware_export._integer_readings.quantise_numeric`.

    Attributes
    ----------
    name : str
    reading : int
    output : int or None
        Position among the row's inputs; None if only the indicator is left.
    span : tuple of float
        Where the column's curve begins and ends; readings beyond are limited to it.
    starts : ndarray of shape (n_segments,) and dtype int32
        Where each segment of the curve begins, increasing in value.
    fractions : ndarray of shape (n_segments,) and dtype int8
        Fractional bits of each start; within +-127.
    upshifts : ndarray of shape (n_segments,) and dtype uint8
        By how many bits a distance from the start is shifted up, so that a segment's
        whole length takes 32 bits.
    slopes : ndarray of shape (n_segments,) and dtype uint32
        Rise of the input over 2**32 of those, in steps of 1/256; below 2**25.
    bases : ndarray of shape (n_segments,) and dtype int32
        Input at the start of each segment in steps of 1/256, and the half that rounds it.
    highest : int
        Input at the end of the last segment.
    missing : int or None
        Input for a missing reading, None if that is an error.
    indicator : int or None
    indicator_values : tuple of int
        Inputs for a present and a missing reading.
    """

    name: str
    reading: int
    output: int | None
    span: tuple[float, float]
    starts: NDArray[np.int32]
    fractions: NDArray[np.int8]
    upshifts: NDArray[np.uint8]
    slopes: NDArray[np.uint32]
    bases: NDArray[np.int32]
    highest: int
    missing: int | None
    indicator: int | None
    indicator_values: tuple[int, int]


@dataclass(frozen=True)
class IntegerCategorical:
    """One categorical reading: input `output` + category is `one`, the others are 0."""

    name: str
    reading: int
    output: int
    categories: tuple[Any, ...]
    missing: int | None
    one: int


@dataclass(frozen=True)
class IntegerLimits:
    """Between what bounds a reading is accepted.

    Attributes
    ----------
    name : str
    reading : int
    bounds : tuple of float
        Lowest and highest value, as they were given.
    low, high : int
        The bounds in fixed point.
    low_fraction, high_fraction : int
        Fractional bits of either.
    """

    name: str
    reading: int
    bounds: tuple[float, float]
    low: int
    low_fraction: int
    high: int
    high_fraction: int


@dataclass(frozen=True)
class IntegerDecision:
    """A fused decision on Q30 probabilities; pairs are (health, cyber).

    The fields are those of :class:`firmware_export._graph.Decision`, the numbers in Q30.
    """

    rule: Rule
    delta: int
    thresholds: tuple[int, int]
    abstention: int
    heads: tuple[int | None, int | None]
    normal: tuple[int, int]
    distrust: tuple[int, int] | None = None


@dataclass(frozen=True)
class IntegerGraph:
    """A quantised estimator.

    Attributes
    ----------
    readings : tuple of str
        Raw readings in the order C takes them.
    fraction_bits : tuple of int
        Fractional bits of each reading where it is delivered in fixed point.
    limits : tuple of IntegerLimits
        Readings outside are refused.
    window : int
        Rows of readings that an input signal is made of; with more than one, each row
        is a step.
    stride : int
        Distance between neighbouring rows of a window.
    mark : int or None
        Input in the second half of the channels of a step before a device's first row,
        0 in the first half; None where the first row stands in for such a step.
    changes : tuple of int
        Channels that hold what changed since the step before, 0 in the first step.
    ages : tuple of int
        Of a series, each step of which is a row: the input for each age of a value, and at
        last for a channel that was not read so far; empty where no series is read.
    numeric : tuple of IntegerNumeric
    categorical : tuple of IntegerCategorical
    tensors : tuple of Tensor
        The first is the network's input.
    operations : tuple of Linear, Add or GlobalPool
        In the order they run; each writes the tensor after the previous one's.
    heads : tuple of HeadOutput
    decision : IntegerDecision or None
    single_output : bool
        Whether the estimator was fitted on a one-column y.
    activation_bits : {8, 16}
        Bits of the values of every tensor but the logits.
    calibration : str
    digest : str
        Hash of the float graph this came from.
    """

    readings: tuple[str, ...]
    fraction_bits: tuple[int, ...]
    limits: tuple[IntegerLimits, ...]
    window: int
    stride: int
    mark: int | None
    changes: tuple[int, ...]
    ages: tuple[int, ...]
    numeric: tuple[IntegerNumeric, ...]
    categorical: tuple[IntegerCategorical, ...]
    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    heads: tuple[HeadOutput, ...]
    decision: IntegerDecision | None
    single_output: bool
    activation_bits: int
    calibration: str
    digest: str

    @property
    def signal_bytes(self) -> int:
        """Bytes of a value of every tensor but the logits."""
        return self.activation_bits // 8

    @property
    def row_readings(self) -> int:
        """Readings of one row."""
        return len(self.readings) // self.tensors[0].steps if self.ages else len(self.readings)

    @property
    def row_inputs(self) -> int:
        """Values of the input signal that one row of readings gives."""
        return self.tensors[0].channels if self.ages else self.tensors[0].size // self.window

    @property
    def is_input_kept(self) -> bool:
        """Whether the rows that the C keeps of a device are the network's input as they are.

        A dense layer reads them where they are aligned for a chip's own units, in the buffer.
        """
        feeds_dense = any(
            isinstance(one, Linear) and one.kind == "dense" and one.source == 0
            for one in self.operations
        )
        return self.window > 1 and self.stride == 1 and not self.changes and not feeds_dense

    @property
    def history(self) -> int:
        """Rows of a device that are kept: those from the oldest of a window to the newest."""
        return (self.window - 1) * self.stride + 1

    @property
    def parameters(self) -> int:
        """Weights and biases, batch norm folded away."""
        return sum(
            operation.weight.size + len(operation.weight)
            for operation in self.operations
            if isinstance(operation, Linear)
        )

    @property
    def multiply_adds(self) -> int:
        """Multiply-accumulate operations of one inference."""
        return sum(
            operation.weight.size * self.tensors[operation.target].steps * operation.pool
            for operation in self.operations
            if isinstance(operation, Linear)
        )
