"""Flower, imported when it is needed, and told to keep to itself."""

import logging
import os
from types import ModuleType

from skdualcnn._extras import import_extra

EXTRA = "federated"


def import_flower(module: str) -> ModuleType:
    """Import a module that is made of Flower.

    Flower reports its use to its makers unless told not to, which sites that keep their
    data to themselves do not want; FLWR_TELEMETRY_ENABLED=1 turns it on again.

    Raises
    ------
    MissingPackageError
        If Flower is not installed.
    """
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    import_extra("flwr", EXTRA)
    # What it logs of each message goes to nobody's screen; errors do.
    logging.getLogger("flwr").setLevel(logging.ERROR)
    return import_extra(module, EXTRA)
