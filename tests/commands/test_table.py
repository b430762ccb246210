"""What is refused of a CSV file of one's own."""

import os
import re
from pathlib import Path

import pandas as pd
import pytest

from skdualcnn._commands._table import check_features, read_table
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
    assert table["attack"].fillna("missing").tolist() == ["None", "missing", "missing"]
    assert table["code"].fillna(-1).tolist() == [1, -1, 0]
    assert table["known"].dropna().tolist() == [True, False]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="pipes have no names here")
def test_a_pipe_is_read_once():
    end, start = os.pipe()
    os.write(start, b"spo2,attack\n97,None\n")
    os.close(start)
    assert read_table(Path(f"/dev/fd/{end}"), ["spo2"], ["attack"])["attack"].tolist() == ["None"]
    os.close(end)


@pytest.mark.parametrize(
    ("cells", "bad"),
    [
        ([*map(str, range(40)), "error", "-"], "'error' in row 41: 2 of 42 cells are no numbers"),
        ([f"79,{tenth}" for tenth in range(10)] * 9 + [f"{one},5" for one in range(40)], "'79,0'"),
        ([hex(one) for one in range(99)] * 3, "'0x0' in row 1: 297 of 297"),
        ([f"2024-01-01 {hour}:00" for hour in range(24)], "24 values are too many for categories"),
        ([f"id{one}" for one in range(30)], "'id0' in row 1"),
    ],
)
def test_numbers_that_are_text_are_no_categories(cells, bad):
    with pytest.raises(DataFileError, match=f"beds.csv: column 'rate' is text, such as .*{bad}"):
        check_features(Path("beds.csv"), pd.DataFrame({"rate": cells}))


@pytest.mark.parametrize(
    "cells",
    [
        ["tcp", "udp"] * 20,
        ["80", "443", "none"] * 20,
        [f"10.0.0.{one}" for one in range(30)] * 3,
        [1.5] * 30,
        [True, None] * 30,
    ],
)
def test_categories_are_taken_as_they_are(cells):
    check_features(Path("beds.csv"), pd.DataFrame({"rate": cells}))


def test_a_table_has_rows(write):
    with pytest.raises(DataFileError, match="has no row, expected a header and a row for each"):
        read_table(write("spo2,state"), ["spo2"])


@pytest.mark.parametrize(("number", "said"), [(float("inf"), "inf"), (-1e39, "-1e[+]39")])
def test_numbers_are_finite_and_fit_the_network(number, said):
    rows = pd.DataFrame({"on": [True, False, None, True], "rate": [1.0, None, number, 2.0]})
    with pytest.raises(DataFileError, match=f"column 'rate' is {said} in row 3, expected a number"):
        check_features(Path("beds.csv"), rows)


def test_a_column_has_a_name_of_its_own(write):
    path = write("spo2,rate,rate,rate.1,state", "97,1,2,3,normal")
    with pytest.raises(DataFileError, match="several columns called 'rate', expected one"):
        read_table(path, ["rate"])
    assert read_table(path, ["spo2"], ["state"])["spo2"].tolist() == [97]


def test_a_column_of_labels_has_some(write):
    with pytest.raises(DataFileError, match="column 'health' has no label in any row"):
        read_table(write("spo2,health,cyber", "97,,1", "98,,0"), ["spo2"], ["cyber", "health"])


@pytest.mark.parametrize(
    ("lines", "encoding", "message"),
    [
        (["spo2;state", "97;normal"], "utf-8", "it has 'spo2;state'. Separate columns by commas"),
        (["spo2;state", "97,5;normal"], "utf-8", "commas, and write numbers as 79.5"),
        (["spo2,state", "97,décédé"], "latin-1", "not UTF-8 text, but 0xe9 is at byte "),
        (
            ["spo2,state", "97,normal"],
            "utf-16",
            "not UTF-8 text, but 0xff is at byte 0. Save it as",
        ),
        (["spo2, state", "97,normal"], "utf-8", "no column 'state'; it has 'spo2', ' state'"),
    ],
)
def test_a_file_of_another_form_is_told_what_to_do(write, lines, encoding, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_table(write(*lines, encoding=encoding), ["spo2"], ["state"])


def test_classes_are_no_fractions(write):
    path = write("spo2,score", "97,1", "97,", "98,0.5")
    with pytest.raises(DataFileError, match=r"column 'score' is 0\.5 in row 3, expected classes"):
        read_table(path, ["spo2"], ["score"])
