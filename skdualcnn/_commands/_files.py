"""Files that a command writes, checked before there is work to lose."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from skdualcnn._writing import check_writable
from skdualcnn.exceptions import UsageError


def new_file(text: str) -> Path:
    """Return the path of a file that can be written, for the parser: before work has been done."""
    path = Path(text)
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {path.parent} does not exist; make it first")
    try:
        check_writable(path.absolute())
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device"
        raise argparse.ArgumentTypeError(f"{path} is {kind}, expected a file")
    return path


def keep_apart(options: argparse.Namespace, written: Sequence[str], read: Sequence[str]) -> None:
    """Refuse to write what is read, or written twice, under whatever names.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed arguments.
    written, read : sequence of str
        Names of arguments that are a file or a folder, or None.

    Raises
    ------
    UsageError
        If a file to write is another one's, or a folder to write holds it.
    """
    given = {name: getattr(options, name) for name in (*read, *written)}
    others: dict[str, Path] = {}
    for name, path in given.items():
        if path is None:
            continue
        here = path.resolve()
        for other, there in others.items():
            if name in written and here in (there, *there.parents):
                raise UsageError(
                    f"--{name} is {path}, where {_argument(other)} is, expected a place of its "
                    "own; nothing was written. Choose another name."
                )
        others[name] = here


def _argument(name: str) -> str:
    return "MODEL" if name == "model" else f"--{name.replace('_', '-')}"
