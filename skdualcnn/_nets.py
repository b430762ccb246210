"""The nets of a classifier: one that all heads share, or one per head."""

from collections.abc import Mapping, Sequence
from typing import Any

from skorch import NeuralNet

from skdualcnn._labels import Heads
from skdualcnn.network._architectures import SHAPE_PARAMETERS, describe_shape
from skdualcnn.network._training import ADJUSTABLE_PARAMETERS, TRAINING_PARAMETERS, adjust, make_net


def assign_heads(n_heads: int, sharing: str) -> list[list[int]]:
    """Return the positions of each net's heads, for `sharing` "trunk" or "none"."""
    heads = list(range(n_heads))
    return [heads] if sharing == "trunk" else [[head] for head in heads]


def build_nets(
    parameters: Mapping[str, Any], input_shape: tuple[int, int], heads: Heads, *, seed: int
) -> list[NeuralNet]:
    """Return new nets, untrained.

    Parameters
    ----------
    parameters : dict
        Those of the classifier.
    input_shape : tuple of int
        Channels and steps of the signal.
    heads : Heads
        Names and classes of the heads.
    seed : int
        Of the weights.
    """
    given = {name: parameters[name] for name in SHAPE_PARAMETERS}
    channels, length = input_shape
    module = {
        **describe_shape(parameters["architecture"], given, length),
        "in_channels": channels,
        "length": length,
    }
    return [
        make_net(
            module={**module, "n_classes": [len(heads.classes[head]) for head in path]},
            head_names=[heads.names[head] for head in path],
            seed=seed,
            **{name: parameters[name] for name in TRAINING_PARAMETERS},
        )
        for path in assign_heads(len(heads.names), parameters["sharing"])
    ]


def adjust_nets(nets: Sequence[NeuralNet], parameters: Mapping[str, Any]) -> None:
    """Give nets that go on training what may have changed of the classifier's parameters."""
    for net in nets:
        adjust(net, **{name: parameters[name] for name in ADJUSTABLE_PARAMETERS})
