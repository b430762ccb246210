"""Finding, reading and checking the files of data sets that other people publish."""

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from skdualcnn.exceptions import DataFileError

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError)
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
Wanted = Callable[[PurePosixPath], bool]


@dataclass(frozen=True)
class Origin:
    """Who publishes a data set.

    Attributes
    ----------
    title : str
        Name of the data set.
    homepage : str
        Page where its authors offer it.
    subfolder : str
        Folder name under which a parent folder is searched.
    """

    title: str
    homepage: str
    subfolder: str

    def error(self, where: Path | str, got: str, expected: str, hint: str = "") -> DataFileError:
        """Build the error that names the place, what was got and expected, and the source."""
        message = (
            f"{self.title}: {where}: got {got}; expected {expected}. {hint}{' ' if hint else ''}"
            f"The files are obtained from {self.homepage} and are not downloaded by this package."
        )
        return DataFileError(message)


@dataclass(frozen=True)
class ExpectedFile:
    """What one file of a data set must be.

    Attributes
    ----------
    origin : Origin
        The data set.
    name : str
        File name, without folder.
    columns : tuple of str
        Columns, in order.
    rows : int or None
        Rows below the header, where known.
    sha256 : str or None
        Checksum of the file as published, where known.
    has_header : bool
        Whether the first line names the columns.
    """

    origin: Origin
    name: str
    columns: tuple[str, ...]
    rows: int | None = None
    sha256: str | None = None
    has_header: bool = True

    @property
    def description(self) -> str:
        """The file in words, for messages."""
        parts = [f"{self.name} with {len(self.columns)} columns"]
        if self.rows is not None:
            parts.append(f"{self.rows:,} rows")
        if self.sha256 is not None:
            parts.append(f"sha256 {self.sha256}")
        return ", ".join(parts)

    def error(self, home: "DataHome", got: str, hint: str = "") -> DataFileError:
        """Build the error for this file."""
        return self.origin.error(f"{self.name} in {home.path}", got, self.description, hint)


class DataHome:
    """The folder of a data set's files, or an archive that is given instead.

    Parameters
    ----------
    path : str or path-like
        A folder with the files, a parent of the data set's own folder, or a .zip,
        .tar, .tar.gz or .tgz archive of either.
    origin : Origin
        The data set, for the search and for messages.

    Raises
    ------
    DataFileError
        If nothing is there, or it is neither a folder nor a known archive.
    """

    def __init__(self, path: Any, origin: Origin) -> None:
        self.origin = origin
        try:
            self.path = Path(path).expanduser()
        except TypeError as error:
            raise origin.error(
                repr(path), f"a {type(path).__name__}", "the path of a folder or an archive"
            ) from error
        if not self.path.exists():
            raise origin.error(
                self.path,
                "no such path",
                f"the folder that holds the files (or their parent, with {origin.subfolder}/ "
                "in it), or an archive of it",
            )
        if not self.path.is_dir() and not self.path.name.endswith(_ARCHIVES):
            raise origin.error(
                self.path, "a single file", f"a folder or an archive ({', '.join(_ARCHIVES)})"
            )

    def has(self, name: str) -> bool:
        """Return whether there is a file of this name, without reading it."""
        if self.path.is_dir():
            return self._in_folders(name) is not None
        return any(member.name == name for member, _ in self._members(lambda _: False))

    def find(self, name: str) -> bytes | None:
        """Read the file of this name, or return None where there is none."""
        if self.path.is_dir():
            file = self._in_folders(name)
            return None if file is None else file.read_bytes()
        for _, content in self._members(lambda member: member.name == name):
            if content is not None:
                return content
        return None

    def read(self, expected: ExpectedFile) -> bytes:
        """Read a file that must be there."""
        content = self.find(expected.name)
        if content is None:
            raise expected.error(self, f"no file of that name ({self.listing()})")
        return content

    def find_folder(self, name: str, suffix: str) -> dict[str, bytes]:
        """Read all files of the folder `name` that end in `suffix`, in one pass."""
        if self.path.is_dir():
            for folder in (self.path / name, self.path / self.origin.subfolder / name):
                if folder.is_dir():
                    return {file.name: file.read_bytes() for file in folder.glob(f"*{suffix}")}
            return {}
        return {
            member.name: content
            for member, content in self._members(
                lambda member: member.parent.name == name and member.suffix == suffix
            )
            if content is not None
        }

    def listing(self) -> str:
        """Say in a few words what lies here, for messages."""
        if self.path.is_dir():
            names = sorted(entry.name for entry in self.path.iterdir())
        else:
            names = sorted(member.name for member, _ in self._members(lambda _: False))
        if not names:
            return "it is empty"
        shown = ", ".join(names[:5])
        return f"it holds {shown}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")

    def _in_folders(self, name: str) -> Path | None:
        """Return where the file of this name lies."""
        files = (self.path / name, self.path / self.origin.subfolder / name)
        return next((file for file in files if file.is_file()), None)

    def _members(self, wanted: Wanted) -> Iterator[tuple[PurePosixPath, bytes | None]]:
        """Pass once through the archive, reading the wanted files only."""
        try:
            if self.path.name.endswith(".zip"):
                with zipfile.ZipFile(self.path) as archive:
                    for name in archive.namelist():
                        member = PurePosixPath(name)
                        if not name.endswith("/"):
                            yield member, archive.read(name) if wanted(member) else None
            else:
                with tarfile.open(self.path) as tar:
                    yield from _tar_members(tar, wanted)
        except _DAMAGED as error:
            raise self.origin.error(
                self.path, f"an archive that cannot be read to its end ({error})", "a whole one"
            ) from error


def _tar_members(
    tar: tarfile.TarFile, wanted: Wanted
) -> Iterator[tuple[PurePosixPath, bytes | None]]:
    for entry in tar:
        if not entry.isfile():
            continue
        member = PurePosixPath(entry.name)
        stream = tar.extractfile(entry) if wanted(member) else None
        yield member, None if stream is None else stream.read()


def unpack_tar(content: bytes, suffix: str) -> dict[str, bytes]:
    """Read the files of a tar archive that is itself in memory.

    Parameters
    ----------
    content : bytes
        The archive, compressed or not.
    suffix : str
        Only files whose names end so.

    Returns
    -------
    dict of str to bytes
        File name without folder, and content.

    Raises
    ------
    ValueError
        If the archive is damaged or truncated.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return {
                member.name: member_content
                for member, member_content in _tar_members(
                    archive, lambda member: member.suffix == suffix
                )
                if member_content is not None
            }
    except _DAMAGED as error:
        raise ValueError(f"an archive that cannot be read to its end ({error})") from error


def check_sha256(expected: ExpectedFile, home: DataHome, content: bytes) -> None:
    """Refuse a file whose checksum is known and another one."""
    if expected.sha256 is None:
        return
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected.sha256:
        raise expected.error(
            home,
            f"an altered file, sha256 {digest}",
            "If the change is intended, verify=False accepts it; its columns are still checked.",
        )


def read_table(
    home: DataHome, expected: ExpectedFile, *, verify: bool = True, **read_csv: Any
) -> pd.DataFrame:
    """Read a comma-separated file and check it against what is expected.

    Parameters
    ----------
    home : DataHome
        Where the file lies.
    expected : ExpectedFile
        What it must be.
    verify : bool, default=True
        Check the number of rows and the checksum, where known. Columns always are.
    **read_csv : object
        Handed on to `pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame
        The table, with the expected columns.

    Raises
    ------
    DataFileError
        If the file is missing, truncated, altered or of another format.
    """
    content = home.read(expected)
    try:
        table = pd.read_csv(
            io.BytesIO(content),
            header=0 if expected.has_header else None,
            low_memory=False,
            **read_csv,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise expected.error(
            home,
            f"a file that is no such table ({str(error).strip()})",
            "Its columns are separated by commas and its text is UTF-8; a spreadsheet may have "
            "saved it otherwise.",
        ) from error
    _check_columns(table, home, expected)
    table.columns = pd.Index(expected.columns)
    if verify:
        if expected.rows is not None and len(table) != expected.rows:
            state = "a truncated file" if len(table) < expected.rows else "a longer file"
            raise expected.error(
                home,
                f"{state}, {len(table):,} rows",
                "If another number of rows is intended, verify=False accepts it.",
            )
        check_sha256(expected, home, content)
    return table


def _check_columns(table: pd.DataFrame, home: DataHome, expected: ExpectedFile) -> None:
    if not expected.has_header:
        if table.shape[1] != len(expected.columns):
            raise expected.error(home, f"{table.shape[1]} columns")
        return
    got = [str(column).strip() for column in table.columns]
    if got == list(expected.columns):
        return
    missing = [column for column in expected.columns if column not in got]
    unknown = [column for column in got if column not in expected.columns]
    if missing or unknown:
        without = [f"without {missing[:8]} of those expected"] if missing else []
        beside = [f"with the unknown {unknown[:8]}"] if unknown else []
        raise expected.error(home, f"{len(got)} columns, {' and '.join(without + beside)}")
    raise expected.error(home, f"the columns in another order, {got}")


def as_numbers(
    table: pd.DataFrame, names: Sequence[str], home: DataHome, expected: ExpectedFile
) -> pd.DataFrame:
    """Turn columns into float64, naming the first cell that is no number.

    Parameters
    ----------
    table : pandas.DataFrame
        The table read.
    names : sequence of str
        Columns that must be numbers.
    home : DataHome
        Where it came from, for the message.
    expected : ExpectedFile
        What it must be, for the message.

    Returns
    -------
    pandas.DataFrame
        Those columns as float64; an empty cell is NaN.
    """
    numbers = {}
    for name in names:
        column = pd.to_numeric(table[name], errors="coerce").astype("float64")
        wrong = column.isna() & table[name].notna()
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise expected.error(
                home, f"{table[name].iloc[row]!r} in column {name!r}, row {row}, not a number"
            )
        numbers[name] = column
    return pd.DataFrame(numbers)
