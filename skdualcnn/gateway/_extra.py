"""The packages of the extra, imported when they are needed."""

from importlib import import_module
from types import ModuleType

from skdualcnn.exceptions import MissingExtraError


def import_extra(module: str) -> ModuleType:
    """Import a module of paho or of the Prometheus client.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("The gateway", error.name or module, "mqtt") from error
