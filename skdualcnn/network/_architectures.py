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
    kernel_size : int
        Odd number of steps each kernel sees.
    residual_blocks : int
        Residual blocks after the last convolutional block.
    activation : {"leaky_relu", "relu"}
        Activation everywhere.
    pool_size : int
        Max-pooling after each convolutional block; 1 means none.
    conv_dropout : float
        Dropout after each block.
    dense_units : int
        Units of the dense layer.
    dense_dropout : float
        Dropout after the dense layer.
    """

    conv_channels: Sequence[Any] = (64,)
    kernel_size: int = 3
    residual_blocks: int = 0
    activation: Activation = "leaky_relu"
    pool_size: int = 2
    conv_dropout: float = 0.3
    dense_units: int = 128
    dense_dropout: float = 0.5


PAPER = Architecture()
ARCHITECTURES: Mapping[str, Architecture] = {
    "paper": PAPER,
    # Three poolings leave the dense layer an eighth of the steps; narrow layers need
    # less dropout. Chosen on training rows alone by examples/right_size.py.
    "compact": Architecture(
        conv_channels=(32, 16, 16), conv_dropout=0.1, dense_units=20, dense_dropout=0.3
    ),
}
"""Architectures by the name that the classifier knows them by."""

SHAPE_PARAMETERS = tuple(field.name for field in fields(Architecture))


def describe_shape(architecture: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a named architecture's shape; what is given, and not None, overrides it.

    Parameters
    ----------
    architecture : str
        One of :data:`ARCHITECTURES`.
    given : dict
        Single numbers of the shape by name, None for those of the architecture.

    Returns
    -------
    dict
        Every number of :class:`Architecture` by name.
    """
    overrides = {name: value for name, value in given.items() if value is not None}
    return asdict(replace(ARCHITECTURES[architecture], **overrides))
