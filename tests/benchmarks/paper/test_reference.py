import pytest

from benchmarks.paper.reference import check_itself, note


@pytest.mark.parametrize("protocol", ["paper", "honest"])
def test_the_same_files_are_not_the_same_columns_or_rows(protocol):
    said = note("icu_security", protocol, quick=False)
    assert "not of the same columns or rows" in said
    assert "quick" not in said
    assert "fewer rows" in note("icu_security", protocol, quick=True)
    assert "another data set" in note("ward", protocol, quick=False)


def test_what_follows_from_the_papers_figures():
    (table,) = check_itself().tables
    said = {what: (says, but) for what, says, but in table.rows}
    says, but = said["support of the test set"]
    assert says == "21,714 normal, 16,025 anomaly"
    assert "21,713.6 packets of patient and environment files, 16,025.2 of the attack file" in but
    _, but = said["confusion matrix (fig. 2), ROC-AUC (fig. 3), table 3"]
    assert "about 453 errors" in but  # 1.2 % of 37,739
    _, but = said["standard deviation of five folds"]
    assert but.startswith("0.09 percentage points")
