"""Files and folders that appear whole or not at all."""

import contextlib
import os
import secrets
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
        The folder to write; of a link, the one behind it. One that exists is replaced if
        it is empty or holds the file `marker`, the sign of an earlier run.
    marker : str
        Name of a file that every finished folder holds.

    Raises
    ------
    FileExistsError
        If `target` is a file, or a folder with something else in it.
    OSError
        If the folder cannot be made, or this process is in it.
    """
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise FileExistsError(f"{target} is a file, expected a folder or a name that is free.")
    if target.is_dir() and any(target.iterdir()) and not (target / marker).exists():
        raise FileExistsError(
            f"{target} is not empty and holds no {marker} of an earlier run; nothing of it was "
            "touched. Choose another folder."
        )
    with replaced_folder(target) as folder:
        yield folder


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give a folder to fill, and put it in the place of `target`, whatever that holds.

    If the body raises, nothing is left behind and an earlier `target` stays.

    Parameters
    ----------
    target : Path
        The folder to write, resolved.

    Raises
    ------
    OSError
        If the folder cannot be made, or this process is in it.
    """
    check_replaceable(target)
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
        try:
            if target.exists():
                target.replace(earlier)
            folder.replace(target)
        except BaseException:  # Ctrl-C and SIGTERM, too
            if earlier.exists() and not target.exists():
                earlier.replace(target)
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_replaceable(target: Path) -> None:
    """Refuse to replace the folder that this process is in, which would then be in none.

    Parameters
    ----------
    target : Path
        The folder that is to be written, resolved.

    Raises
    ------
    OSError
        If the working directory is the folder, or in it.
    """
    if target.is_dir() and Path.cwd().is_relative_to(target):
        raise OSError(
            f"{target} is the working directory or holds it, and would be replaced; nothing was "
            "written. Choose another folder, or start from outside of this one."
        )


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file so that a reader finds the old one or the new one, never a part.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced.
    content : bytes
        All of it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file is then as it was.
    """
    target = Path(path)
    with _part_of(target) as part:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    _flush_folder(target.parent)
    return target


def check_writable(path: Path) -> None:
    """Try to write beside a file, as `write_whole` will, and leave nothing.

    Parameters
    ----------
    path : Path
        The file that is to be written.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with _part_of(path) as part:
        part.touch(exist_ok=False)


@contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """Give a name beside the target, which is free again at the end; errors name the target."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            f"{target} cannot be written: {error.strerror or error}. Choose a file in a folder "
            "that can be written, with space left."
        ) from error


def _flush_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can."""
    with contextlib.suppress(OSError):  # the file is complete; some systems sync no folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
