import json

import pandas as pd
import pytest

from skdualcnn.model_selection import LeakageFinding, LeakageReport
from skdualcnn.model_selection._leakage_findings import severity_of_share

REPORT = LeakageReport(
    findings=(
        LeakageFinding(
            "high",
            "label",
            "It tells.",
            "Drop it.",
            column="[red]<mac>",
            head="cyber",
            evidence={"AUC": 0.99951, "class": "dos"},
        ),
        LeakageFinding("low", "windows", "They overlap.", "Leave a gap."),
        LeakageFinding("low", "groups", "They are cut.", "Leave a gap."),
    ),
    checked=("split: <given>",),
    n_rows=1200,
    n_columns=3,
    n_folds=1,
)


def test_text():
    text = str(REPORT)
    assert text.startswith("Leakage: 1 high, 2 low (1,200 rows, 3 columns, 1 fold(s))")
    # Names of columns are printed as they stand.
    for part in ("[red]<mac>", "AUC 1.000, class dos", "- windows, groups: Leave a gap."):
        assert part in text
    assert text.endswith("- split: <given>")
    assert max(map(len, text.splitlines())) <= 110


def test_text_without_findings():
    text = str(LeakageReport((), ("split: given",), 10, 2, 5))
    assert text.splitlines()[0] == "Leakage: nothing found (10 rows, 2 columns, 5 fold(s))"
    assert "What to do" not in text


def test_html_is_escaped():
    page = REPORT._repr_html_()
    assert "[red]&lt;mac&gt;" in page
    assert "<mac>" not in page
    assert "&lt;given&gt;" in page
    assert "<table>" not in LeakageReport((), (), 10, 2, 5)._repr_html_()


def test_frame_and_dict():
    frame = REPORT.to_frame()
    assert list(frame.columns) == [
        *("severity", "check", "column", "head", "evidence", "finding", "advice"),
    ]
    assert frame["check"].tolist() == ["label", "windows", "groups"]
    assert frame.loc[1, "column"] is None
    assert LeakageReport((), (), 1, 1, 1).to_frame().shape == (0, 7)
    record = json.loads(json.dumps(REPORT.to_dict()))
    assert record["findings"][0]["evidence"] == {"AUC": 0.99951, "class": "dos"}
    assert record["n_rows"] == 1200
    pd.testing.assert_frame_equal(
        frame, pd.DataFrame(record["findings"], dtype=object)[list(frame.columns)]
    )


@pytest.mark.parametrize(
    ("share", "severity"), [(0.001, "low"), (0.01, "medium"), (0.1, "high"), (1.0, "high")]
)
def test_severity(share, severity):
    assert severity_of_share(share) == severity
