"""A model as the bytes of its file, to be sent."""

import tempfile
from pathlib import Path

from skdualcnn._decider import FusionDecider
from skdualcnn._persistence import load, save
from skdualcnn.federated._agreement import network_of


def pack(decider: FusionDecider) -> bytes:
    """Return what `save` would write."""
    with tempfile.TemporaryDirectory() as folder:
        return save(decider, Path(folder) / "model").read_bytes()


def unpack(model: bytes) -> FusionDecider:
    """Return what `load` reads, which runs no code; whatever is no such model is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(model)
        decider: FusionDecider = load(path, device="cpu")
    network_of(decider)
    return decider
