"""Kernels in C, built for this machine when a network first needs them."""

import ctypes
import hashlib
import logging
import os
import platform
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from torch import Tensor, nn

from skdualcnn._compiler import find_compiler
from skdualcnn._writing import write_whole
from skdualcnn.exceptions import ToolchainError
from skdualcnn.network._dropout import ChannelDropout, WordDropout

FOLDER = Path(__file__).parent / "kernels"
SWITCH = "SKDUALCNN_COMPILE"
"""Environment variable; "0" keeps to torch's own modules."""
# The last two let comparisons become vectors; no result depends on what they give up.
FLAGS = (
    *("-std=c99", "-O3", "-march=native", "-shared", "-fPIC"),
    *("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"),
)
TIMEOUT_S = 120.0

_KNOWN = {
    *(nn.Conv1d, nn.ReLU, nn.LeakyReLU, nn.BatchNorm1d, nn.MaxPool1d, nn.Identity),
    *(nn.Linear, WordDropout, ChannelDropout),
}

_LOG = logging.getLogger(__name__)


def load_kernels() -> ctypes.CDLL | None:
    """Return the compiled kernels, or None where they cannot be had.

    They are built once and kept in the user's cache folder, one file for each source,
    compiler, set of flags and processor. Where there is no compiler, or it fails, the
    log says so once and torch does the work.
    """
    return None if os.environ.get(SWITCH) == "0" else _load()


@cache
def _load() -> ctypes.CDLL | None:
    try:
        compiler = find_compiler() if os.name == "posix" else None
        if compiler is None:
            _LOG.info("No C compiler found; networks run on torch's own modules.")
            return None
        return _load_or_build([*compiler, *FLAGS])
    except (OSError, subprocess.SubprocessError, ToolchainError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace")[-2000:]
        _LOG.warning("Networks run on torch's own modules; no kernels: %s %s", error, said)
        return None


def _load_or_build(command: list[str]) -> ctypes.CDLL:
    kept = cache_folder()
    library = None if kept is None else kept / f"kernels-{_key(command)}.so"
    if library is not None and library.exists():
        try:
            return ctypes.CDLL(str(library))
        except OSError:
            _LOG.info("%s cannot be loaded; it is built again.", library)
    # The file may go once it is loaded.
    with tempfile.TemporaryDirectory(prefix="skdualcnn_kernels_") as folder:
        built = Path(folder) / "kernels.so"
        subprocess.run(
            [*command, "-o", str(built), *map(str, sorted(FOLDER.glob("*.c"))), "-lm"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        if library is None:
            return ctypes.CDLL(str(built))
        # Renamed into its place, so two processes may build it at the same time.
        return ctypes.CDLL(str(write_whole(library, built.read_bytes())))


def is_plain(part: nn.Module, *, training: bool) -> bool:
    """Return whether a module does what a kernel does: of a known type, nobody listens to it."""
    return type(part) in _KNOWN and part.training == training and not is_listened_to(part)


def is_listened_to(part: nn.Module) -> bool:
    """Return whether a module has hooks."""
    return bool(
        part._forward_hooks
        or part._forward_pre_hooks
        or part._backward_hooks
        or part._backward_pre_hooks
    )


def address(tensor: Tensor | None) -> ctypes.c_void_p | None:
    """Return where a tensor's numbers are."""
    return None if tensor is None else ctypes.c_void_p(tensor.data_ptr())


def cache_folder() -> Path | None:
    """Return the user's folder for built kernels, or None if no other user must be able to write.

    What is in it is loaded as machine code.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "skdualcnn"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):  # not to be written; no home
        return None
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if found.st_uid != os.getuid() or others or not os.access(folder, os.W_OK):
        return None
    return folder


def _key(command: list[str]) -> str:
    parts = [file.read_bytes() for file in sorted(FOLDER.iterdir())]
    parts += ["\0".join(command).encode(), platform.machine().encode()]
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():  # -march=native means another machine elsewhere
        lines = cpu.read_text(encoding="utf-8", errors="replace").splitlines()
        kinds = ("model name", "flags", "Features", "CPU part")
        parts += sorted({line.encode() for line in lines if line.startswith(kinds)})
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
