import io
import re

import pytest
from rich.console import Console

from skdualcnn.exceptions import SkdualcnnError
from skdualcnn.inspection import print_report, write_report


def printed(report, width=160):
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=width))
    return stream.getvalue()


def test_every_table_is_printed(report):
    text = printed(report)
    for words in (
        "Dual-path CNN on a ward",
        "simulated data",
        "Models on the health head",
        "Models on the cyber head",
        "Decisions of each model",
        "2880 of 2880 rows identical",
        "298,412",
        "skdualcnn demo --seed 0",
    ):
        assert words in text
    assert "nan" not in text.lower()


def test_best_values_have_a_star(report):
    lines = [line for line in printed(report).splitlines() if "Network" in line]
    assert "0.960★" in lines[0]
    assert "0.900★" not in lines[1]


def test_names_are_not_read_as_markup(report):
    report["heads"][0]["models"][0]["name"] = "[red]tree[/red] [/oops]"
    assert "[red]tree[/red] [/oops]" in printed(report)


def test_standard_output_is_the_default(report, capsys):
    print_report(report)
    assert "Dual-path CNN on a ward" in capsys.readouterr().out


def test_missing_section_is_named():
    with pytest.raises(SkdualcnnError, match="expected also"):
        print_report({})


def test_an_interval_stands_under_its_number_in_the_terminal_and_on_the_page(report, tmp_path):
    report["intervals"] = "How they are made."
    report["heads"][0]["models"][0] |= {"roc_auc": 0.96, "intervals": {"roc_auc": (0.931, 1.0)}}
    ours = report["decisions"]["models"][0]
    state = next(iter(ours["recall"]))
    ours["intervals"] = {"accuracy": (0.0, 1.0), "recall": {state: (0.251, 0.5)}}
    text = printed(report, width=100)
    page = write_report(tmp_path / "report.html", report).read_text(encoding="utf-8")
    for words in ("How they are made.", ".931–1.000", "0.0–100", "25.1–50.0"):
        assert words in text
        assert words in page
    # Sorting and the best value go by the number alone.
    assert re.search(r'data-order="0.96">0.960<.{,200}class="interval"', page)
