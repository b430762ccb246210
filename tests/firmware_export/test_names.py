import ast

import pytest

from firmware_export._names import (
    check_prefix,
    comment_text,
    head_identifiers,
    string_literal,
    unique_identifiers,
)
from skdualcnn.exceptions import ExportError


def test_identifiers_are_unique_even_where_names_imitate_them():
    names = ["a", "A", "a_2", "a 2", "", "é"]
    identifiers = unique_identifiers(names)
    assert identifiers == ["a", "a_2", "a_2_2", "a_2_3", "unnamed", "unnamed_2"]


def test_a_negative_class_is_not_named_like_a_positive_one():
    names = ["-1", "1", "-0.5", "-.5", "0.5", "a-1", "-a"]
    identifiers = unique_identifiers(names)
    assert identifiers == ["minus_1", "1", "minus_0_5", "minus_5", "0_5", "a_1", "a"]


def test_fields_of_heads_begin_with_a_letter():
    assert head_identifiers(["0", "1", "head 0", "-1"]) == [
        "head_0",
        "head_1",
        "head_0_2",
        "minus_1",
    ]


@pytest.mark.parametrize("text", ["*/", "/*", "**//", "/*/", "??/", "???/", "a\nb", "a\\", "é"])
def test_comments_cannot_be_left(text):
    safe = comment_text(text)
    assert safe.isascii()
    assert not any(part in safe for part in ("*/", "/*", "??", "\n"))
    assert not safe.endswith("\\")


def test_prefix():
    assert check_prefix("ward_1") == "ward_1"
    with pytest.raises(ExportError, match="'while' is a keyword"):
        check_prefix("while")
    with pytest.raises(ExportError, match=r"'string' names a header .*: string\.h would hide it"):
        check_prefix("string")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"quoted"', '"quoted"'),
        ("back\\slash", "back\\slash"),
        ("100 % \x07", "100 % ?"),
        ("??/", "? ?/"),
        ("????", "? ? ? ?"),
        ("\u00e9", "\\xe9"),
    ],
)
def test_string_literals_show_the_text(text, shown):
    assert ast.literal_eval(string_literal(text)) == shown
