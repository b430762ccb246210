import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdualcnn.inspection import _files, write_json


def test_report_goes_round(tmp_path, report):
    file = write_json(tmp_path / "report.json", report)
    back = json.loads(file.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert back["data"]["rows"] == 5760
    assert back["heads"][0]["models"][1]["roc_auc"] == pytest.approx(0.96)
    assert back["heads"][0]["models"][2]["balanced_accuracy"] is None
    assert back["decisions"]["confusion"] == report["decisions"]["confusion"]
    again = write_json(tmp_path / "again.json", back)
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.bool_(True), True),
        (np.float32("nan"), None),
        (math.inf, None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.array([[1, 2]]), [[1, 2]]),
        (pd.Series([0.5, None]), [0.5, None]),
        ((1, "a"), [1, "a"]),
        (Path("a") / "b", "a/b"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (pd.Timestamp("2024-01-02"), "2024-01-02T00:00:00"),
        ({np.int64(1): "x", None: "y"}, {"1": "x", "null": "y"}),
    ],
)
def test_values_become_plain(value, expected):
    assert _files.to_plain(value) == expected


def test_what_has_no_counterpart_is_named():
    with pytest.raises(TypeError, match=r"report\.a\[1\] is a object"):
        _files.to_plain({"a": [1, object()]})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_tree_is_strict_json(tree):
    plain = _files.to_plain(tree)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
