"""Packages of the extras, imported when they are needed."""

from importlib import import_module
from types import ModuleType

from skdualcnn.exceptions import MissingPackageError


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module of an extra.

    Raises
    ------
    MissingPackageError
        If it is not installed.

    Examples
    --------
    >>> import_extra("json.decoder", "mqtt").__name__
    'json.decoder'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{error.name} is not installed, which this needs: pip install 'skdualcnn[{extra}]', "
            f"or from a clone: pip install -c constraints.txt '.[{extra}]'."
        ) from error
