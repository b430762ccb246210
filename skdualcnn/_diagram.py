"""The classifier in scikit-learn's HTML diagrams: its layers, and its heads side by side."""

from collections.abc import Sequence
from typing import Any

from torch import nn

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock


def draw_network(
    modules: Sequence[Any], head_names: Sequence[str], n_classes: Sequence[int]
) -> _VisualBlock:
    """Return the diagram of fitted networks.

    Parameters
    ----------
    modules : sequence of DualPathNetwork
        One with a shared trunk, or one per head.
    head_names : sequence of str
        Name of each head.
    n_classes : sequence of int
        Classes of each head.
    """
    heads = [
        _box(f"head: {name}", f"Linear, softmax over {count} classes")
        for name, count in zip(head_names, n_classes, strict=True)
    ]
    if len(modules) == 1:
        return _VisualBlock("serial", [_trunk(modules[0]), _VisualBlock("parallel", heads)])
    paths = [
        _VisualBlock("serial", [_trunk(module), head])
        for module, head in zip(modules, heads, strict=True)
    ]
    return _VisualBlock("parallel", paths)


def _trunk(module: Any) -> _VisualBlock:
    leaves = [layer for layer in module.modules() if not list(layer.children())]
    layers = [
        str(layer) for layer in leaves[: -len(module.heads)] if not isinstance(layer, nn.Identity)
    ]
    count = sum(parameter.numel() for parameter in module.parameters())
    return _box(f"1-D CNN: {count:,} parameters", "\n".join(layers))


def _box(title: str, details: str) -> _VisualBlock:
    return _VisualBlock("single", None, names=title, name_details=details)
