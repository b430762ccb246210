"""The nets of a classifier: one that all heads share, or one per head."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from skorch import NeuralNet

from skdualcnn._labels import Heads
from skdualcnn.exceptions import ArchitectureError
from skdualcnn.network._architectures import PAPER, SHAPE_PARAMETERS, describe_shape
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
    channels, length = input_shape
    module = {
        **_read_shape(parameters, length),
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
    """Give nets that go on training what may have changed of the classifier's parameters.

    Raises
    ------
    ArchitectureError
        If something has changed that they were built with.
    """
    modules = [net.get_params_for("module") for net in nets]
    built = {**vars(PAPER), **modules[0]}  # what a network is unless told otherwise
    shape = _read_shape(parameters, built["length"])
    changed = [
        f"{name} from {built[name]!r} to {shape[name]!r}"
        for name in SHAPE_PARAMETERS
        if not np.array_equal(built[name], shape[name])
    ]
    n_heads, sharing = sum(len(module["n_classes"]) for module in modules), parameters["sharing"]
    if len(nets) != len(assign_heads(n_heads, sharing)):
        changed.append(f"sharing to {sharing!r}")
    if changed:
        raise ArchitectureError(
            f"The networks are built, and since then changed: {', '.join(changed)}; expected the "
            "same to go on training. Set it back, or call fit with warm_start=False for new "
            "networks."
        )
    for net in nets:
        adjust(net, **{name: parameters[name] for name in ADJUSTABLE_PARAMETERS})


def _read_shape(parameters: Mapping[str, Any], length: int) -> dict[str, Any]:
    given = {name: parameters[name] for name in SHAPE_PARAMETERS}
    return describe_shape(parameters["architecture"], given, length)
