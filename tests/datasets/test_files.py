import dataclasses
import hashlib
import shutil
import tarfile
import zipfile

import pandas as pd
import pytest

from skdualcnn.datasets._files import DataHome, ExpectedFile, Origin, as_numbers, read_table
from skdualcnn.exceptions import DataFileError

ORIGIN = Origin(title="Set", homepage="https://example.org/set", subfolder="the_set")
CONTENT = b"a,b\n1,2\n3,4\n"
EXPECTED = ExpectedFile(
    origin=ORIGIN,
    name="table.csv",
    columns=("a", "b"),
    rows=2,
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "the_set").mkdir()
    (tmp_path / "the_set" / "table.csv").write_bytes(CONTENT)
    return tmp_path / "the_set"


def archive(folder, kind):
    path = folder.parent / f"archive.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.write(folder / "table.csv", "deep/the_set/table.csv")
    else:
        with tarfile.open(path, "w:gz" if kind != "tar" else "w") as packed:
            packed.add(folder, "deep/the_set")
    return path


def test_folder_and_its_parent(folder):
    for path in (folder, folder.parent, str(folder)):
        table = read_table(DataHome(path, ORIGIN), EXPECTED)
        assert table["b"].tolist() == [2, 4]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz"])
def test_archives(folder, kind):
    table = read_table(DataHome(archive(folder, kind), ORIGIN), EXPECTED)
    assert table["a"].tolist() == [1, 3]


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_truncated_archive(folder, kind):
    path = archive(folder, kind)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataFileError, match=r"cannot be read to its end|no file of that name"):
        read_table(DataHome(path, ORIGIN), EXPECTED)


def test_folder_inside_an_archive(folder):
    home = DataHome(archive(folder, "tar.gz"), ORIGIN)
    assert home.find_folder("the_set", ".csv") == {"table.csv": CONTENT}
    assert home.find_folder("other", ".csv") == {}


def test_missing_path_says_what_to_do(tmp_path):
    with pytest.raises(DataFileError) as caught:
        DataHome(tmp_path / "nowhere", ORIGIN)
    message = str(caught.value)
    for part in ("nowhere", "no such path", "the_set", "https://example.org/set", "not downloaded"):
        assert part in message


def test_path_of_a_wrong_kind(folder):
    with pytest.raises(DataFileError, match="a NoneType"):
        DataHome(None, ORIGIN)
    with pytest.raises(DataFileError, match="a single file"):
        DataHome(folder / "table.csv", ORIGIN)


def test_wrong_folder_lists_what_it_holds(tmp_path):
    home = DataHome(tmp_path, ORIGIN)
    with pytest.raises(DataFileError, match=r"no file of that name \(it is empty\)"):
        read_table(home, EXPECTED)
    for number in range(7):
        (tmp_path / f"other{number}.txt").touch()
    with pytest.raises(DataFileError, match=r"it holds other0\.txt, .* and 2 more") as caught:
        read_table(home, EXPECTED)
    assert "2 columns, 2 rows, sha256" in str(caught.value)


def test_truncated_longer_and_altered(folder):
    home = DataHome(folder, ORIGIN)
    for content, message in (
        (b"a,b\n1,2\n", "a truncated file, 1 rows"),
        (CONTENT + b"5,6\n", "a longer file, 3 rows"),
        (b"a,b\n1,2\n3,5\n", "an altered file, sha256"),
    ):
        (folder / "table.csv").write_bytes(content)
        with pytest.raises(DataFileError, match=message) as caught:
            read_table(home, EXPECTED)
        assert "verify=False" in str(caught.value)
        assert len(read_table(home, EXPECTED, verify=False)) == content.count(b"\n") - 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,c\n1,2\n", r"without \['b'\] of those expected and with the unknown \['c'\]"),
        (b"a\n1\n", r"1 columns, without \['b'\] of those expected; expected table.csv"),
        (b"a,b,c\n1,2,3\n", r"3 columns, with the unknown \['c'\]; expected table.csv"),
        (b"b,a\n1,2\n", "columns in another order"),
        (b"", "no such table"),
        (b'a,b\n"1,2\n', "no such table"),
        (b"\xff\xfe\x00", "no such table"),
        (b"a;b\n1,5;2\n1,5;2,5\n", r"saw 3\); .* Its columns are separated by commas"),
    ],
)
def test_wrong_format_is_refused_even_without_verify(folder, content, message):
    (folder / "table.csv").write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        read_table(DataHome(folder, ORIGIN), EXPECTED, verify=False)


def test_without_header_the_columns_are_counted(folder):
    expected = dataclasses.replace(EXPECTED, has_header=False, rows=3, sha256=None)
    home = DataHome(folder, ORIGIN)
    assert read_table(home, expected)["a"].tolist() == ["a", "1", "3"]
    with pytest.raises(DataFileError, match="got 2 columns"):
        read_table(home, dataclasses.replace(expected, columns=("a", "b", "c")))


def test_cell_that_is_no_number_is_named(folder):
    home = DataHome(folder, ORIGIN)
    table = pd.DataFrame({"a": ["1", None, "x"]})
    with pytest.raises(DataFileError, match="'x' in column 'a', row 2, not a number"):
        as_numbers(table, ["a"], home, EXPECTED)
    assert as_numbers(table[:2], ["a"], home, EXPECTED)["a"].isna().tolist() == [False, True]


def test_subfolder_is_not_needed_for_archives_of_the_files(folder):
    made = shutil.make_archive(str(folder.parent / "flat"), "zip", folder)
    assert DataHome(made, ORIGIN).find("table.csv") == CONTENT
