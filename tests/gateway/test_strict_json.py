import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdualcnn.gateway._strict_json import read_json
from skdualcnn.streaming._readings import Refused

KINDS = {"too_large", "not_utf8", "not_json", "duplicate_key", "too_deep", "bad_number"}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_json_is_read(value):
    assert read_json(json.dumps(value).encode(), 10**6) == value


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(payload):
    kind = None
    try:
        read = read_json(payload, 100)
    except Refused as refusal:
        kind = refusal.kind
    if kind is None:
        assert read == json.loads(payload)
    else:
        assert kind in KINDS


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b" " * 1001, "too_large"),
        (b'"\xff"', "not_utf8"),
        ("{}".encode("utf-16"), "not_utf8"),
        (rb'"\ud800"', "not_utf8"),
        (rb'{"\uDFFF": 1}', "not_utf8"),
        (b"", "not_json"),
        (b"NaN", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b"{} {}", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "duplicate_key"),
        (b"1e400", "bad_number"),
        (b"-" + b"9" * 64, "bad_number"),
    ],
)
def test_what_is_refused(payload, kind):
    with pytest.raises(Refused) as refusal:
        read_json(payload, 1000)
    assert refusal.value.kind == kind


def test_a_pair_of_surrogates_is_a_character():
    assert read_json(rb'["\ud83d\ude00", "\\ud800"]', 1000) == ["\N{GRINNING FACE}", r"\ud800"]


def test_deep_nesting():
    for opening in (b"[", b'{"a":', rb'["\u0041", '):
        with pytest.raises(Refused) as refusal:
            read_json(opening * 200_000, 10**7)
        assert refusal.value.kind == "too_deep"
