"""Typed layers of a fitted estimator: the one description everything else reads.

A :class:`Graph` holds plain numbers only, no reference to the estimator it came
from: the columns of the front end, one :class:`Path` per network, and the fused
decision. Signals are laid out (steps, channels), steps first, throughout this package.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import numpy as np

from firmware_export._curve import IDENTITY, Curve, Floats

Rule = Literal["anomaly", "confidence"]


@dataclass(frozen=True)
class NumericColumn:
    """One numeric reading on its way to the network.

    Attributes
    ----------
    name : str
        Column name of the raw data.
    reading : int
        Position among the raw readings.
    output : int or None
        Position among the row's inputs to the network; None for a column that was
        dropped because it never held a value, of which only the indicator is left.
    curve : Curve
        From the raw value to the network's input.
    missing : float or None
        Input for a missing reading; None if a missing reading is an error.
    indicator : int or None
        Input that says whether the reading is missing.
    indicator_values : tuple of float
        What the indicator shows for a reading that is present and for a missing one.
    """

    name: str
    reading: int
    output: int | None
    curve: Curve = IDENTITY
    missing: float | None = None
    indicator: int | None = None
    indicator_values: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class CategoricalColumn:
    """One reading that is a category: each category has an input of its own.

    Attributes
    ----------
    name : str
        Column name of the raw data.
    reading : int
        Position among the raw readings.
    output : int
        Among the row's inputs, that of the first category; the others follow.
    categories : tuple
        Known categories; the reading in C is the position in this list.
    missing : int or None
        Category that a missing reading counts as; None sets no input at all.
    """

    name: str
    reading: int
    output: int
    categories: tuple[Any, ...]
    missing: int | None = None


Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True)
class FrontEnd:
    """From rows of raw readings to the first signal of the network.

    A row gives the whole signal or, in a window, its last step; the steps before are
    those of the rows before of the same device. Before a device's first row, that row
    stands in, or the steps are blank.

    Attributes
    ----------
    readings : tuple of str
        Name of each raw reading, in the order C takes them.
    positions : tuple of int
        Column of each reading in the raw data.
    columns : tuple of NumericColumn or CategoricalColumn
    steps, channels : int
        Shape of the signal. Without a window, input number i is step ``i // channels``,
        channel ``i % channels``; with one, input number i is channel i.
    window : int
        Rows that a signal is made of: 1, or as many as it has steps.
    stride : int
        Distance between neighbouring rows of a window.
    has_blank_steps : bool
        Whether steps before a device's first row are blank: 0 in the first half of the
        channels, and 1, which marks what is missing, in the second half.
    changes : tuple of int
        Channels that hold what changed since the step before instead of a row's input.
    device : (str, int) or None
        Name and position of the raw column that says which device a row belongs to, not
        a reading itself; None for rows of one device.
    """

    readings: tuple[str, ...]
    positions: tuple[int, ...]
    columns: tuple[Column, ...]
    steps: int
    channels: int
    window: int = 1
    stride: int = 1
    has_blank_steps: bool = False
    changes: tuple[int, ...] = ()
    device: tuple[str, int] | None = None

    @property
    def row_readings(self) -> int:
        """Readings of one row."""
        return len(self.readings)

    @property
    def row_inputs(self) -> int:
        """Inputs that one row of readings gives."""
        return self.steps * self.channels // self.window


@dataclass(frozen=True)
class SeriesFrontEnd(FrontEnd):
    """From a whole series of readings with gaps, given at once, to the first signal.

    Each step is a row, and the columns are those of a row: first the values, one to a
    reading, then as many indicators of gaps. As many ages follow. A value stands until the
    next reading of its column; what columns give for a missing reading stands before the
    first one. With n readings to a row, reading number i is step ``i // n``, column ``i % n``.

    Attributes
    ----------
    ages : tuple of float
        Input that says how many steps ago a value was read, from 0 on; the last one stands
        before the first reading.
    """

    ages: tuple[float, ...] = ()

    @property
    def row_readings(self) -> int:
        """Readings of one step."""
        return len(self.readings) // self.steps

    @property
    def row_inputs(self) -> int:
        """Inputs of one step."""
        return self.channels


@dataclass(frozen=True)
class Convolution:
    """Convolution, activation, affine map per channel (batch norm), max-pool.

    Attributes
    ----------
    weight : ndarray of shape (out_channels, in_channels, kernel)
        Odd kernel, stride 1, zero padding that keeps the length.
    bias : ndarray of shape (out_channels,)
    negative_slope : float
        Slope of the activation below zero: 0 for ReLU, 1 for none.
    post_scale, post_shift : ndarray of shape (out_channels,)
        Batch norm, applied after the activation.
    pool_size : int
        Length and stride of the maximum; an incomplete last one is dropped.
    """

    weight: Floats
    bias: Floats
    negative_slope: float
    post_scale: Floats
    post_shift: Floats
    pool_size: int = 1


@dataclass(frozen=True)
class Residual:
    """Two convolutions whose output is added to their input."""

    first: Convolution
    second: Convolution


@dataclass(frozen=True)
class GlobalPooling:
    """Mean and maximum of each channel over all steps: one step of twice the channels.

    The means come first. A path has it as its last layer, or not at all.
    """


@dataclass(frozen=True)
class Dense:
    """Fully connected layer with activation.

    Attributes
    ----------
    weight : ndarray of shape (units, inputs)
        A signal comes in steps first: input i is step ``i // channels``, channel
        ``i % channels``.
    bias : ndarray of shape (units,)
    negative_slope : float
        Slope of the activation below zero: 0 for ReLU, 1 for none.
    """

    weight: Floats
    bias: Floats
    negative_slope: float = 1.0


@dataclass(frozen=True)
class Head:
    """Softmax output of one label column.

    Attributes
    ----------
    name : str
    classes : tuple
        Labels, in the order of the outputs.
    dense : Dense
        Its outputs are the logits.
    """

    name: str
    classes: tuple[Any, ...]
    dense: Dense


@dataclass(frozen=True)
class Path:
    """One network: convolutional layers and what pools them, a dense layer, the heads on it."""

    layers: tuple[Convolution | Residual | GlobalPooling, ...]
    dense: Dense
    heads: tuple[Head, ...]


@dataclass(frozen=True)
class Decision:
    """How the two heads are fused; :mod:`skdualcnn._rules` holds the rules.

    Attributes
    ----------
    rule : {"anomaly", "confidence"}
    delta : float
        Lead that one head needs over the other.
    thresholds : tuple of float
        Anomaly scores from which the health and the cyber head raise an alert.
    abstention : float
        Width of the uncertain band below each threshold.
    heads : tuple of int or None
        Positions of the health and the cyber head among the graph's heads; None for
        one that is not there, which then counts as normal.
    normal : tuple of int
        Position of the normal class in each of the two heads; 0 for one not there.
    distrust : tuple of float or None
        Cyber score from which the vitals are not trusted, and the health score that a
        medical alert then takes.
    """

    rule: Rule
    delta: float
    thresholds: tuple[float, float]
    abstention: float
    heads: tuple[int | None, int | None]
    normal: tuple[int, int]
    distrust: tuple[float, float] | None = None


@dataclass(frozen=True)
class Graph:
    """A fitted estimator as plain numbers.

    Attributes
    ----------
    front_end : FrontEnd
    paths : tuple of Path
        One for a shared trunk, else one per head; their heads, read in order, are the
        graph's heads.
    decision : Decision or None
        None for an estimator that only predicts.
    single_output : bool
        Whether the estimator was fitted on a one-column y.
    """

    front_end: FrontEnd
    paths: tuple[Path, ...]
    decision: Decision | None = None
    single_output: bool = False

    @property
    def heads(self) -> tuple[Head, ...]:
        """Heads of all paths, in order."""
        return tuple(head for path in self.paths for head in path.heads)

    @property
    def digest(self) -> str:
        """SHA-256 over everything in the graph, as 64 hexadecimal digits."""
        return digest_of(self)


def digest_of(value: Any) -> str:
    """Return the SHA-256 over all leaves of nested dataclasses, as 64 hexadecimal digits."""
    state = hashlib.sha256()
    for piece in _pieces(value):
        state.update(len(piece).to_bytes(8, "little"))
        state.update(piece)
    return state.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    """Yield a canonical byte string for each leaf of nested dataclasses."""
    if is_dataclass(value):
        yield type(value).__name__.encode()
        for field in fields(value):
            yield field.name.encode()
            yield from _pieces(getattr(value, field.name))
    elif isinstance(value, tuple):
        yield f"tuple {len(value)}".encode()
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, np.ndarray):
        yield repr(value.shape).encode()
        yield np.ascontiguousarray(value, dtype="<f8").tobytes()
    else:
        yield repr(value.item() if isinstance(value, np.generic) else value).encode()
