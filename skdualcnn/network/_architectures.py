"""The named architectures: the numbers of every network's shape, in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from skdualcnn.network._blocks import Activation


@dataclass(frozen=True)
class Architecture:
    """Shape of a network, whatever its input and its heads; the defaults are the paper's.

    Attributes
    ----------
    conv_channels : sequence of int
        Output channels of each convolutional block.
    steps_left : int or None
        If more steps than this are left after the last block, that block is repeated, each
        time with its pooling, until they are not; None repeats nothing.
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
    dense_weights : int or None
        The dense layer has more units, in steps of 8 and at most the paper's, where not
        more weights than these come of it; None means none.
    dense_dropout : float
        Dropout after the dense layer.
    """

    conv_channels: Sequence[Any] = (64,)
    steps_left: int | None = None
    kernel_size: int = 3
    residual_blocks: int = 0
    activation: Activation = "leaky_relu"
    pool_size: int = 2
    global_pooling: bool = False
    channel_dropout: float = 0.0
    conv_dropout: float = 0.3
    dense_units: int = 128
    dense_weights: int | None = None
    dense_dropout: float = 0.5


PAPER = Architecture()
ARCHITECTURES: Mapping[str, Architecture] = {
    "paper": PAPER,
    # At most 32 steps of 20 channels reach the 32 units, 20,480 weights, however long the
    # signal is; of a short one, more units take as many. Narrow layers need less dropout.
    "compact": Architecture(
        conv_channels=(20,),
        steps_left=32,
        conv_dropout=0.1,
        dense_units=32,
        dense_weights=20_480,
        dense_dropout=0.3,
    ),
}
"""Architectures by the name that the classifier knows them by."""

_LIMITS = {"steps_left", "dense_weights"}  # of other numbers; no parameters of a network
SHAPE_PARAMETERS = tuple(field.name for field in fields(Architecture) if field.name not in _LIMITS)


def describe_shape(architecture: str, given: Mapping[str, Any], length: int) -> dict[str, Any]:
    """Return the shape that a named architecture has for signals of `length` steps.

    Parameters
    ----------
    architecture : str
        One of :data:`ARCHITECTURES`.
    given : dict
        Single parameters that override the architecture's, those that are not None.
    length : int
        Steps of the signal.

    Returns
    -------
    dict
        A value for each of :data:`SHAPE_PARAMETERS`.
    """
    overrides = {name: value for name, value in given.items() if value is not None}
    if "conv_channels" in overrides:
        overrides.update(steps_left=None, dense_weights=None)  # the blocks are those given
    if "dense_units" in overrides:
        overrides["dense_weights"] = None
    shape = asdict(replace(ARCHITECTURES[architecture], **overrides))
    most, weights, pool = shape.pop("steps_left"), shape.pop("dense_weights"), shape["pool_size"]
    left = length // pool ** len(shape["conv_channels"])
    if most is not None and pool > 1:
        while left > most:
            shape["conv_channels"] += shape["conv_channels"][-1:]
            left //= pool
    if weights is not None and left > 0:
        each = 2 if shape["global_pooling"] else left  # inputs of a channel
        units = weights // (shape["conv_channels"][-1] * each) // 8 * 8
        shape["dense_units"] = max(shape["dense_units"], min(units, PAPER.dense_units))
    return shape
