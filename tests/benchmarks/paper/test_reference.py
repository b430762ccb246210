import pytest

from benchmarks.paper.reference import note


@pytest.mark.parametrize("protocol", ["paper", "honest"])
def test_the_same_files_are_not_the_same_columns_or_rows(protocol):
    said = note("icu_security", protocol, quick=False)
    assert "not of the same columns or rows" in said
    assert "quick" not in said
    assert "fewer rows" in note("icu_security", protocol, quick=True)
    assert "another data set" in note("ward", protocol, quick=False)
