"""What is refused of a CSV file of one's own."""

import os
from pathlib import Path

import pytest

from skdualcnn._commands._table import read_table
from skdualcnn.exceptions import DataFileError


@pytest.fixture
def write(tmp_path):
    """Return a function that writes lines to a file and returns its path."""

    def write(*lines, encoding="utf-8"):
        path = Path(tmp_path / "beds.csv")
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def test_rows_are_not_longer_than_the_header(write):
    path = write("bed,spo2,state", "1,97,normal,9", "2,98,normal")
    with pytest.raises(DataFileError, match="row 1 has more cells than the header"):
        read_table(path, ["spo2"])
    path = write("bed,spo2,state", "1,97,normal", "2,98,normal,9")
    with pytest.raises(DataFileError, match="Expected 3 fields in line 3, saw 4"):
        read_table(path, ["spo2"])


def test_a_separator_at_the_end_of_the_rows_moves_no_column(write):
    table = read_table(write("bed,spo2,state", "1,97,normal,", "2,98,normal,"), ["spo2"])
    assert table["spo2"].tolist() == [97, 98]
    assert table["state"].tolist() == ["normal", "normal"]


def test_a_class_may_be_called_none(write):
    path = write("spo2,attack,code,known", "97,None,1,True", "NA,NA,NA,", "98,,0,False")
    table = read_table(path, ["spo2"], ["attack", "code", "known"])
    assert table["spo2"].isna().tolist() == [False, True, False]
    assert table["attack"].fillna("missing").tolist() == ["None", "NA", "missing"]
    assert table["code"].fillna(-1).tolist() == [1, -1, 0]
    assert table["known"].dropna().tolist() == [True, False]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="pipes have no names here")
def test_a_pipe_is_read_once():
    end, start = os.pipe()
    os.write(start, b"spo2,attack\n97,None\n")
    os.close(start)
    assert read_table(Path(f"/dev/fd/{end}"), ["spo2"], ["attack"])["attack"].tolist() == ["None"]
    os.close(end)
