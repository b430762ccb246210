import os
from pathlib import Path

import pytest

from skdualcnn._writing import check_writable, staged_folder, write_whole

MARKER = "report.json"


def fill(target, text="new"):
    with staged_folder(target, marker=MARKER) as folder:
        (folder / MARKER).write_text(text)
        (folder / "inside").mkdir()
        (folder / "inside" / "file").write_text(text)


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_with_its_parents(tmp_path):
    fill(tmp_path / "some" / "where")
    assert listed(tmp_path / "some") == ["where"]
    assert listed(tmp_path / "some" / "where") == ["inside", MARKER]


def test_nothing_is_there_before_the_end(tmp_path):
    with staged_folder(tmp_path / "out", marker=MARKER) as folder:
        (folder / MARKER).write_text("new")
        assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_an_earlier_run_are_replaced(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "first")
    (out / "left over").write_text("of the first run")
    fill(out, "second")
    assert listed(out) == ["inside", MARKER]
    assert (out / "inside" / "file").read_text() == "second"
    assert listed(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_things_as_they_were(tmp_path, error):
    def fail(target):
        with staged_folder(target, marker=MARKER) as folder:
            (folder / MARKER).write_text("half")
            raise error

    with pytest.raises(error):
        fail(tmp_path / "out")
    assert listed(tmp_path) == []
    fill(tmp_path / "out", "whole")
    with pytest.raises(error):
        fail(tmp_path / "out")
    assert listed(tmp_path) == ["out"]
    assert (tmp_path / "out" / MARKER).read_text() == "whole"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_an_earlier_run_comes_back_if_the_new_one_cannot_take_its_place(
    tmp_path, monkeypatch, error
):
    fill(tmp_path / "out", "first")
    replace = Path.replace

    def refuse(path, target):
        if path.name == "new":
            raise error
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(error):
        fill(tmp_path / "out", "second")
    assert listed(tmp_path) == ["out"]
    assert (tmp_path / "out" / MARKER).read_text() == "first"


def test_what_is_not_ours_is_not_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(FileExistsError, match=r"not empty and holds no report\.json of an earlier"):
        fill(tmp_path)
    with pytest.raises(FileExistsError, match="is a file, expected a folder"):
        fill(tmp_path / "thesis.tex")
    with pytest.raises(OSError, match=r"thesis\.tex"):
        fill(tmp_path / "thesis.tex" / "out")
    assert listed(tmp_path) == ["thesis.tex"]
    assert (tmp_path / "thesis.tex").read_text() == "ten years of work"


def test_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with staged_folder(type(tmp_path)("out"), marker=MARKER) as folder:
        (folder / MARKER).write_text("new")
        monkeypatch.chdir("/")
    assert listed(tmp_path / "out") == [MARKER]


def test_the_folder_behind_a_link_is_written(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    fill(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert listed(tmp_path / "out") == ["inside", MARKER]


@pytest.mark.parametrize("target", [".", "..", "../out"])
def test_the_folder_that_the_process_is_in_is_not_replaced(tmp_path, monkeypatch, target):
    fill(tmp_path / "out", "first")
    (tmp_path / MARKER).write_text("of an earlier run")
    monkeypatch.chdir(tmp_path / "out")
    with pytest.raises(OSError, match="is the working directory or holds it, and would be repl"):
        fill(type(tmp_path)(target))
    assert tmp_path.cwd() == tmp_path / "out"
    assert (tmp_path / "out" / "inside" / "file").read_text() == "first"


def test_an_error_of_writing_names_the_file_and_not_its_part(tmp_path):
    for name in ("no/a.txt", "a" * 260):
        for write in (check_writable, lambda target: write_whole(target, b"new")):
            with pytest.raises(OSError, match=rf"{name} cannot be written: \w") as caught:
                write(tmp_path / name)
            assert ".part" not in str(caught.value)
    check_writable(tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = write_whole(tmp_path / "a.txt", b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(file, b"new")
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]
