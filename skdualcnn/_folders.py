"""Folders that appear whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged_folder(target: Path, *, marker: str) -> Iterator[Path]:
    """Give a folder to fill, and put it in the place of `target` at the end.

    If the body raises, nothing is left behind and an earlier `target` stays.

    Parameters
    ----------
    target : Path
        The folder to write. One that exists is replaced if it is empty or holds the
        file `marker`, the sign of an earlier run.
    marker : str
        Name of a file that every finished folder holds.

    Raises
    ------
    FileExistsError
        If `target` is a file, or a folder with something else in it.
    OSError
        If the folder cannot be made.
    """
    target = target.absolute()
    if target.exists() and not target.is_dir():
        raise FileExistsError(f"{target} is a file, expected a folder or a name that is free.")
    if target.is_dir() and any(target.iterdir()) and not (target / marker).exists():
        raise FileExistsError(
            f"{target} is not empty and holds no {marker} of an earlier run; nothing of it was "
            "touched. Choose another folder."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise OSError(
            f"{target} cannot be made: {error.strerror}. Choose a folder that can be written."
        ) from error
    try:
        folder = staging / "new"
        folder.mkdir()
        yield folder
        earlier = staging / "old"
        if target.exists():
            target.replace(earlier)
        try:
            folder.replace(target)
        except OSError:
            if earlier.exists():
                earlier.replace(target)
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
