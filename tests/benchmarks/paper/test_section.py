import numpy as np
import pytest

from benchmarks.paper.reference import FOLDS, check_itself
from benchmarks.paper.scores import describe_seeds
from benchmarks.paper.section import Section, Table, average, ends, p_text, spread, to_markdown


def test_spread_by_hand():
    # Mean 2, standard deviation 1; t of two degrees of freedom 4.3027, over the root of 3.
    assert spread([1.0, 2.0, 3.0], 2) == "2.00 ± 2.48"
    assert spread([0.5]) == "0.500"
    assert spread([0.5, np.nan, None]) == "0.500"
    assert spread([np.nan]) == "–"


def test_ends_stay_among_shares():
    assert ends([0.90, 0.99])[1] == 1
    assert ends([0.001, 0.01])[0] == 0
    assert ends([0.5, 0.51]) == pytest.approx((0.505 - 0.0635, 0.505 + 0.0635), abs=1e-4)
    assert ends([0.5]) is None


def test_one_seed_has_no_interval():
    assert describe_seeds(1) == "One seed."
    assert describe_seeds(3).startswith("Mean over 3 seeds ±")


def test_average():
    assert average([1.0, np.nan, 3.0]) == 2
    assert average([]) is None


@pytest.mark.parametrize(("p", "text"), [(0.0001, "< 0.001"), (0.0123, "0.012"), (None, "–")])
def test_p_values(p, text):
    assert p_text(p) == text


def test_markdown():
    table = Table("Models", ("model", "AUC", "n"), [["ours|x", 0.12345, 1234], ["b", None, 5]], 0)
    text = to_markdown(Section("Title", ["A sentence."], [table]), [])
    assert text.splitlines() == [
        "## Title",
        "",
        "A sentence.",
        "",
        "**Models**",
        "",
        "| model | AUC | n |",
        "| --- | --- | --- |",
        "| **ours\\|x** | 0.123 | 1,234 |",
        "| b | – | 5 |",
    ]


def test_the_papers_figures_against_each_other():
    rows = {row[0]: row for row in check_itself().tables[0].rows}
    assert "21,713.6" in rows["support of the test set"][2]
    assert "16,025.2" in rows["support of the test set"][2]
    assert rows["standard deviation of five folds"][2].startswith("0.09 ")
    assert np.std(FOLDS, ddof=1) == pytest.approx(0.00095, abs=2e-5)
