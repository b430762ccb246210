"""Names and texts of the estimator made safe for C."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from skdualcnn.exceptions import ExportError

KEYWORDS = """
    alignas alignof and asm auto bool break case catch char class const constexpr continue
    decltype default delete do double else enum explicit export extern false float for friend
    goto if inline int long mutable namespace new not nullptr operator or private protected
    public register restrict return short signed sizeof static struct switch template this
    throw true try typedef typeid typename union unsigned using virtual void volatile while xor
"""

HEADERS = """
    arduino assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
    stdarg stdbool stddef stdint stdio stdlib string tgmath time wchar wctype
"""
"""Of the C library and Arduino: a header of the same name would be found in their place."""


def check_prefix(prefix: str) -> str:
    """Return the prefix of every symbol if it is a lower-case C identifier.

    Raises
    ------
    ExportError
        If it is not.
    """
    if not isinstance(prefix, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise ExportError(
            f"prefix={prefix!r}, expected a lower-case C identifier of at most 31 characters, "
            'such as "ward_monitor".'
        )
    if prefix in KEYWORDS.split():
        raise ExportError(f"prefix={prefix!r} is a keyword of C or C++. Choose another name.")
    if prefix in HEADERS.split():
        raise ExportError(
            f"prefix={prefix!r} names a header that the C includes, expected one that is free: "
            f"{prefix}.h would hide it. Choose another name."
        )
    return prefix


def unique_identifiers(names: list[str]) -> list[str]:
    """Return a distinct lower-case identifier part for each name.

    Examples
    --------
    >>> unique_identifiers(["Heart rate", "heart-rate", "SpO2 (%)", "é", "-1"])
    ['heart_rate', 'heart_rate_2', 'spo2', 'unnamed', 'minus_1']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        positive = re.sub(r"^-(?=\.?[0-9])", "minus ", name.lower())
        base = re.sub(r"[^a-z0-9]+", "_", positive).strip("_") or "unnamed"
        identifier, number = base, 1
        while identifier in taken:
            number += 1
            identifier = f"{base}_{number}"
        taken.add(identifier)
        result.append(identifier)
    return result


def head_identifiers(names: Iterable[str]) -> list[str]:
    """Return a distinct lower-case identifier for each head, whose fields begin with it.

    Examples
    --------
    >>> head_identifiers(["health", "0", "2nd stage"])
    ['health', 'head_0', 'head_2nd_stage']
    """
    parts = unique_identifiers(list(names))
    return unique_identifiers([f"head_{one}" if one[0].isdigit() else one for one in parts])


def class_identifiers(
    heads: Sequence[str], classes: Sequence[Iterable[Any]]
) -> list[tuple[str, ...]]:
    """Return an identifier part for each class of each head, distinct among all of them.

    Parameters
    ----------
    heads : sequence of str
        From :func:`head_identifiers`.
    classes : sequence of iterable
        Labels of each head.

    Examples
    --------
    >>> class_identifiers(["attack", "attack_type"], [["none", "type_dos"], ["dos"]])
    [('attack_none', 'attack_type_dos'), ('attack_type_dos_2',)]
    """
    labels = [unique_identifiers([str(label) for label in own]) for own in classes]
    names = [f"{head}_{label}" for head, own in zip(heads, labels, strict=True) for label in own]
    identifiers = iter(unique_identifiers(names))
    return [tuple(islice(identifiers, len(own))) for own in labels]


def comment_text(value: object) -> str:
    """Return a text that cannot end or nest a C comment, in ASCII on one line.

    Examples
    --------
    >>> comment_text("a */ b")
    'a * / b'
    """
    text = str(value).encode("ascii", "backslashreplace").decode()
    text = re.sub(r"\s+", " ", text)
    text = text.replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", text).rstrip("\\")


def string_literal(value: object) -> str:
    r"""Return a C string that shows a text, in ASCII on one line.

    Examples
    --------
    >>> print(string_literal('5" wide'))
    "5\" wide"
    """
    return json.dumps(re.sub(r"[^ -~]", "?", comment_text(value)))
