import ast

import pytest

from firmware_export._names import (
    check_prefix,
    comment_text,
    string_literal,
    unique_identifiers,
)
from skdualcnn.exceptions import ExportError


def test_identifiers_are_unique_even_where_names_imitate_them():
    names = ["a", "A", "a_2", "a 2", "", "é"]
    identifiers = unique_identifiers(names)
    assert identifiers == ["a", "a_2", "a_2_2", "a_2_3", "unnamed", "unnamed_2"]


@pytest.mark.parametrize("text", ["*/", "/*", "**//", "/*/", "??/", "a\nb", "a\\", "é"])
def test_comments_cannot_be_left(text):
    safe = comment_text(text)
    assert safe.isascii()
    assert not any(part in safe for part in ("*/", "/*", "??", "\n"))
    assert not safe.endswith("\\")


def test_prefix():
    assert check_prefix("ward_1") == "ward_1"
    with pytest.raises(ExportError, match="'while' is a keyword"):
        check_prefix("while")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"quoted"', '"quoted"'),
        ("back\\slash", "back\\slash"),
        ("100 % \x07", "100 % ?"),
        ("??/", "? ?/"),
        ("\u00e9", "\\xe9"),
    ],
)
def test_string_literals_show_the_text(text, shown):
    assert ast.literal_eval(string_literal(text)) == shown
