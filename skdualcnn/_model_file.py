"""The container of a saved model: one safetensors file, sealed by a checksum.

The JSON document stands in the metadata of the safetensors header. What comes before
it is the same in every version of the format, so that a file can be judged before any
of it is parsed: is it ours, is it whole, is it unaltered, can this version read it.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from skdualcnn._writing import write_whole
from skdualcnn.exceptions import ModelFileError

FORMAT = "skdualcnn model"
FORMAT_VERSION = 1
# A document is read into Python objects that take up to about fifty times its size.
MAX_HEADER_BYTES = 8 * 2**20

_LENGTH_BYTES = 8
_SEAL = re.compile(
    rb'\{"__metadata__":\{"format":"skdualcnn model","format_version":"(?P<version>\d{1,9})",'
    rb'"file_size":"(?P<size>\d{1,18})","sha256":"(?P<digest>[0-9a-f]{64})","document":"'
)
_LONGEST_SEAL = 256
_NO_DIGEST = "0" * 64
_KNOWN_FOREIGNERS = {
    b"PK\x03\x04": "a zip archive, as torch.save and skops write; use torch.load or skops.io.load",
    b"\x80": "a pickle; joblib.load and pickle.load read those, and run any code they hold, so "
    "use them only on files that you trust",
    b"\x89HDF": "an HDF5 file; use the library that wrote it",
    b"\x1f\x8b": "a gzip archive; unpack it first",
}


def write_model_file(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> Path:
    """Write a document and its arrays; a reader finds the old file or the new one, never a part.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced.
    document : dict
        What JSON can hold.
    arrays : dict of str to ndarray
        Numbers and booleans.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelFileError
        If the document is too large.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist; make it first.")
    content = pack(document, arrays)
    return write_whole(target, content)


def read_model_file(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a file back, having checked that it is whole and unaltered.

    Parameters
    ----------
    path : path-like
        A file that :func:`write_model_file` wrote.

    Returns
    -------
    tuple of dict
        The document and the arrays.

    Raises
    ------
    ModelFileError
        If the file is truncated, altered, foreign or from a newer version.
    OSError
        If the file cannot be opened or read.
    """
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - any path-like
        raise ModelFileError(
            f"{name} is not a regular file, expected one that skdualcnn.save wrote. Give the "
            "path of the file itself."
        )
    with open(path, "rb") as file:  # noqa: PTH123 - any path-like
        size = os.fstat(file.fileno()).st_size
        start = file.read(_LENGTH_BYTES + _LONGEST_SEAL)
        _check_size(name, start, size)
        content = start + file.read(size - len(start))
    return unpack(name, content)


def pack(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of a model file, the same for the same content."""
    packed = safetensors.numpy.save({name: array.copy("C") for name, array in arrays.items()})
    length = int.from_bytes(packed[:_LENGTH_BYTES], "little")
    entries = packed[_LENGTH_BYTES : _LENGTH_BYTES + length].strip()[1:]  # without "{"
    data = packed[_LENGTH_BYTES + length :]
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "file_size": "",
        "sha256": _NO_DIGEST,
        "document": text,
    }
    # safetensors writes the metadata in random order, so it is put in here; the spaces
    # after the header align the arrays and leave room for the digits of the size.
    header = _join(metadata, entries)
    room = len(header) + 32
    length = room + -room % 8
    metadata["file_size"] = str(_LENGTH_BYTES + length + len(data))
    header = _join(metadata, entries).ljust(length)
    if length > MAX_HEADER_BYTES:
        raise ModelFileError(
            f"The model has {length} bytes of names, categories and settings, expected at most "
            f"{MAX_HEADER_BYTES}. A text column with a category per row is the usual cause: set "
            "max_categories of its OneHotEncoder, or leave the column out."
        )
    unsealed = length.to_bytes(_LENGTH_BYTES, "little") + header + data
    digest = hashlib.sha256(unsealed).hexdigest()
    return unsealed.replace(_NO_DIGEST.encode(), digest.encode(), 1)


def unpack(name: str, content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the document and the arrays in the bytes of a model file named `name`."""
    seal = _check_size(name, content, len(content))
    digest = hashlib.sha256(content[: seal.start("digest")])
    digest.update(_NO_DIGEST.encode())
    digest.update(memoryview(content)[seal.end("digest") :])
    if digest.hexdigest().encode() != seal["digest"]:
        raise ModelFileError(
            f"{name} was altered: its SHA-256 is {digest.hexdigest()[:12]}..., expected "
            f"{seal['digest'][:12].decode()}... as recorded when it was saved. Copy it again "
            "from where it was saved, or save the estimator again."
        )
    version = int(seal["version"])
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{name} has format version {version}, expected at most {FORMAT_VERSION}: it was saved "
            "by a newer skdualcnn. Upgrade skdualcnn, or save the estimator with this version."
        )
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    try:
        header = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + length])
        document = json.loads(header["__metadata__"]["document"], parse_constant=_refuse_constant)
        arrays = safetensors.numpy.load(content)
    except (ValueError, LookupError, TypeError, RecursionError, safetensors.SafetensorError) as e:
        raise damaged(name, f"{type(e).__name__}: {e}") from e
    if version < 1 or not isinstance(document, dict):
        raise damaged(name, f"a {type(document).__name__} in format version {version}")
    return document, arrays


def damaged(name: str, details: str) -> ModelFileError:
    """Return the error for a file whose checksum is right and whose content is not."""
    return ModelFileError(
        f"{name} does not hold what skdualcnn.save writes ({details[:300]}), although its checksum "
        "is right: another version of skdualcnn wrote it, or something else made or changed it. "
        "Use the version that wrote it, or a file that save wrote, from a source that you trust."
    )


def _check_size(name: str, start: bytes, size: int) -> re.Match[bytes]:
    """Return the seal at the start of a file of `size` bytes, if it can be ours and whole."""
    seal = _SEAL.match(start, _LENGTH_BYTES)
    if seal is None:
        raise _foreign(name, start, size)
    expected = int(seal["size"])
    if size != expected:
        what = f"cut short: {size} of" if size < expected else f"altered: {size} bytes instead of"
        raise ModelFileError(
            f"{name} is {what} {expected} bytes. Copy it again from where it was saved, in binary "
            "mode, or save the estimator again."
        )
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if length > min(size - _LENGTH_BYTES, MAX_HEADER_BYTES):
        raise ModelFileError(
            f"{name} was altered: it claims a header of {length} bytes, expected at most "
            f"{min(size - _LENGTH_BYTES, MAX_HEADER_BYTES)}. Copy it again from where it was "
            "saved, or save the estimator again."
        )
    return seal


def _foreign(name: str, start: bytes, size: int) -> ModelFileError:
    kind = next((text for magic, text in _KNOWN_FOREIGNERS.items() if start.startswith(magic)), "")
    if not kind and size <= _LENGTH_BYTES + _LONGEST_SEAL:
        return ModelFileError(
            f"{name} has {size} bytes, too few for a model: it was cut short, or is something "
            "else. Expected a file that skdualcnn.save wrote; copy it again from where it was "
            "saved, or save the estimator again."
        )
    if not kind and start[_LENGTH_BYTES : _LENGTH_BYTES + 2] == b'{"':
        kind = "a safetensors file of another program, or one whose header was altered"
    return ModelFileError(
        f"{name} starts with {start[:12]!r}, expected a file that skdualcnn.save wrote. "
        f"It looks like {kind or 'another format, or was altered'}."
    )


def _join(metadata: Mapping[str, str], entries: bytes) -> bytes:
    text = json.dumps(metadata, separators=(",", ":")).encode()
    return b'{"__metadata__":' + text + (b"," if entries != b"}" else b"") + entries


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
