"""How the kernels are built, kept and done without."""

import subprocess
import sys

import pytest

from skdualcnn._compiler import find_compiler
from skdualcnn.network import _native

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_native, "_load", _native._load.__wrapped__)
    return tmp_path / "skdualcnn"


@needs_compiler
def test_built_once_and_kept(cache, monkeypatch):
    assert _native.load_kernels() is not None
    (library,) = cache.iterdir()
    before = library.stat().st_mtime_ns
    monkeypatch.setattr(_native.subprocess, "run", None)
    assert _native.load_kernels() is not None
    assert library.stat().st_mtime_ns == before


@needs_compiler
def test_a_broken_file_is_built_again(cache):
    cache.mkdir(mode=0o700)
    library = cache / f"kernels-{_native._key([*find_compiler(), *_native.FLAGS])}.so"
    library.write_bytes(b"half a file")
    assert _native.load_kernels() is not None
    assert len(library.read_bytes()) > 1000


@needs_compiler
def test_two_processes_at_once(cache):
    script = "from skdualcnn.network._native import load_kernels; assert load_kernels()"
    both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert [one.suffix for one in cache.iterdir()] == [".so"]


@needs_compiler
def test_a_folder_that_others_may_write_to_is_not_used(cache):
    cache.mkdir()
    cache.chmod(0o777)
    assert _native.cache_folder() is None
    assert _native.load_kernels() is not None
    assert not list(cache.iterdir())


def test_a_cc_that_cannot_be_read_is_done_without(cache, monkeypatch, caplog):
    monkeypatch.setenv("CC", 'gcc "-O2')
    assert _native.load_kernels() is None
    assert "no kernels: The environment variable CC is" in caplog.text


def test_another_compiler_is_another_file():
    assert _native._key(["cc", "-O3"]) != _native._key(["gcc", "-O3"])
    assert _native._key(["cc", "-O3"]) == _native._key(["cc", "-O3"])


@pytest.mark.parametrize("compiler", ["false", "no-such-compiler"])
def test_without_a_compiler_that_works_there_are_none(cache, monkeypatch, compiler):
    monkeypatch.setenv("CC", compiler)
    assert _native.load_kernels() is None


def test_the_switch_turns_them_off(monkeypatch):
    monkeypatch.setenv("SKDUALCNN_COMPILE", "0")
    assert _native.load_kernels() is None
