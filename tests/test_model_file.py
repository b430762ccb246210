import hashlib
import json
import os
import pickle
import random
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from skdualcnn import DualPathCNNClassifier, load, save
from skdualcnn._model_file import (
    MAX_HEADER_BYTES,
    pack,
    read_model_file,
    unpack,
    write_model_file,
)
from skdualcnn.exceptions import ModelFileError

DOCUMENT = {"name": "päth \ud800", "nested": [1, 2.5, None, {"sha256": "0" * 64}]}
ARRAYS = {
    "empty": np.zeros((0, 3), dtype=np.int64),
    "flags": np.array([True, False]),
    "scalar": np.array(3, dtype=np.int64),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
}


def seal(content: bytes) -> bytes:
    """Return the content with a right checksum, as somebody who means harm would."""
    start = content.index(b'"sha256":"') + len(b'"sha256":"')
    blank = content[:start] + b"0" * 64 + content[start + 64 :]
    digest = hashlib.sha256(blank).hexdigest().encode()
    return blank[:start] + digest + blank[start + 64 :]


def set_number(content: bytes, name: bytes, value: int) -> bytes:
    """Return the content with another number in the metadata, and a right checksum."""
    start = content.index(b'"%s":"' % name) + len(name) + 4
    stop = content.index(b'"', start)
    return seal(content[:start] + str(value).encode().rjust(stop - start, b"0") + content[stop:])


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = rng.random((40, 6))
    y = np.column_stack([X[:, 0] > 0.5, X[:, 5] > 0.3]).astype(int)
    clf = DualPathCNNClassifier(conv_channels=(2,), dense_units=4, max_epochs=1, random_state=0)
    return clf.fit(X, y)


@pytest.fixture
def saved(model, tmp_path):
    return save(model, tmp_path / "model.safetensors")


def test_content_comes_back(tmp_path):
    path = write_model_file(tmp_path / "file", DOCUMENT, ARRAYS)
    document, arrays = read_model_file(path)
    assert document == DOCUMENT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_a_file_without_arrays_comes_back():
    assert unpack("file", pack({"a": 1}, {})) == ({"a": 1}, {})


def test_same_content_gives_same_bytes(model, saved, tmp_path):
    again = save(model, str(tmp_path / "again"))
    assert again.read_bytes() == saved.read_bytes()


def test_other_programs_can_read_it(saved):
    with safetensors.safe_open(saved, "np") as file:
        metadata = file.metadata()
        names = set(file.keys())
    assert metadata["format"] == "skdualcnn model"
    assert metadata["file_size"] == str(saved.stat().st_size)
    assert json.loads(metadata["document"])["estimator"]["class"] == "DualPathCNNClassifier"
    assert "DualPathCNNClassifier.nets_[0].dense.weight" in names


def test_arrays_are_aligned(saved):
    assert int.from_bytes(saved.read_bytes()[:8], "little") % 8 == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: b"", "has 0 bytes, too few"),
        (lambda content: content[:100], "has 100 bytes, too few"),
        (lambda content: content[:-1], "is cut short"),
        (lambda content: content[: len(content) // 2], "is cut short"),
        (lambda content: content + b"\0", "bytes instead of"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "was altered: its SHA-256"),
        (lambda content: content.replace(b"batch_size", b"batch_sizE"), "was altered"),
        (lambda content: pickle.dumps(list(range(500))), "a pickle"),
        (lambda content: b"PK\x03\x04" + content, "a zip archive"),
        (lambda content: b"\x89HDF" + content, "an HDF5 file"),
        (lambda content: b"\x1f\x8b" + content, "a gzip archive"),
        (lambda content: b"id,health\n" * 50, "another format"),
        (lambda content: safetensors.numpy.save(ARRAYS), "another program"),
        (lambda content: (2**63).to_bytes(8, "little") + content[8:], "claims a header of"),
        (lambda content: set_number(content, b"format_version", 2), "format version 2, .*Upgrade"),
        (lambda content: set_number(content, b"format_version", 0), "does not hold what"),
        (lambda content: seal(content.replace(b'"dtype":"F32"', b'"dtype":"F64"')), "SafetensorEr"),
        (lambda content: seal(content.replace(b'{\\"versions', b'[\\"versions')), "JSONDecodeErr"),
        (lambda content: seal(content.replace(b":null,", b":NaN, ", 1)), "NaN is not JSON"),
    ],
)
def test_refusals(saved, spoil, message):
    saved.write_bytes(spoil(saved.read_bytes()))
    with pytest.raises(ModelFileError, match=message) as error:
        load(saved)
    assert str(saved) in str(error.value)


def test_a_document_of_another_type_is_refused():
    with pytest.raises(ModelFileError, match="a list in format version 1"):
        unpack("file", pack([1], {}))


def test_deep_json_is_refused():
    content = pack({"a": "x" * 60_000}, {})
    text = b'\\"' + b"x" * 60_000 + b'\\"'
    nested = b"[" * (len(text) // 2) + b"]" * (len(text) // 2)
    assert text in content
    with pytest.raises(ModelFileError, match="RecursionError"):
        unpack("file", seal(content.replace(text, nested)))


def test_a_document_that_is_too_large_is_not_written(tmp_path):
    with pytest.raises(ModelFileError, match="max_categories"):
        write_model_file(tmp_path / "file", {"a": "x" * MAX_HEADER_BYTES}, {})
    assert not list(tmp_path.iterdir())


def test_what_is_not_a_file_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="not a regular file"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="make it first"):
        save(DualPathCNNClassifier(), tmp_path / "nothing" / "model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        load(tmp_path / "pipe")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_while_writing_leaves_the_earlier_file(saved, monkeypatch, step):
    def fail(*args):
        raise OSError("no space left on device")

    before = saved.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), fail)
        with pytest.raises(OSError, match="no space left"):
            save(DualPathCNNClassifier(), saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_failure_of_the_folder_is_no_failure(tmp_path, monkeypatch):
    original = os.open

    def refuse_folders(path, *args, **kwargs):
        if Path(path) == tmp_path:
            raise PermissionError("folders cannot be opened")
        return original(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse_folders)
    assert save(DualPathCNNClassifier(), tmp_path / "model").exists()


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Flip bits, cut, insert, overwrite or swap; half of it in the first 512 bytes."""
    end = len(content) if rng.random() < 0.5 else 512
    i, j = sorted((rng.randrange(end), rng.randrange(end)))
    length = rng.choice((1, 2, 8, 64))
    kind = rng.randrange(6)
    if kind == 0:
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 1, 3, 50))):
            changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if kind == 1:
        return content[:j]
    if kind == 2:
        return content[:i] + content[j:]
    if kind == 3:
        return content[:i] + rng.randbytes(length) + content[i:]
    if kind == 4:
        return content[:i] + rng.randbytes(length) + content[i + length :]
    return content[:i] + content[j : j + length] + content[i + length : j] + content[i:j]


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 2_000), pytest.param(1, 10_000, marks=pytest.mark.slow)]
)
def test_every_mutation_is_refused(saved, tmp_path, seed, count):
    content, rng = saved.read_bytes(), random.Random(seed)
    target = tmp_path / "mutated"
    start = time.perf_counter()
    refused = 0
    for _ in range(count):
        mutated = mutate(content, rng)
        target.write_bytes(mutated)
        if mutated == content:
            load(target)
            continue
        with pytest.raises(ModelFileError):
            load(target)
        refused += 1
    assert refused > 0.95 * count
    assert time.perf_counter() - start < 60
