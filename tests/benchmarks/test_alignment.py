"""The benchmarks of alignment and windows run, and say what they measured."""

import json

import pytest

from benchmarks import alignment, windows


def test_streams_have_the_readings_asked_for():
    streams = alignment.make_streams(7_000, n_groups=10)
    assert sum(len(stream) for stream in streams.values()) == pytest.approx(7_000, rel=0.01)
    table = alignment.time_alignment(7_000)
    assert list(table.index) == list(alignment.SPEEDS)
    assert (table["rows"] > 0).all()


def test_the_ward_from_its_streams_scores_as_its_table(monkeypatch):
    monkeypatch.setattr(alignment, "make_ward", small_ward)
    table = alignment.score_ward(quick=True)
    own, same, _ = table.index
    assert table.loc[same].equals(table.loc[own])
    assert table.loc[own, "equal_to_the_table"]


def test_without_files_the_rest_is_still_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(alignment, "make_ward", small_ward)
    monkeypatch.setattr(alignment, "SPEEDS", {"last": "last"})
    monkeypatch.setattr(alignment, "time_alignment", lambda _: windows.pd.DataFrame({"a": [1.0]}))
    alignment.run(tmp_path, tmp_path / "out", quick=True)
    assert "PhysioNet 2012 left out" in capsys.readouterr().out
    written = json.loads((tmp_path / "out" / "alignment_ward.json").read_text())
    assert len(written["results"]) == 3


def test_memory_is_a_multiple_of_the_data():
    row = windows.measure(2_000, "float64", 0)
    assert row["transform"] < 1.5
    assert row["fit"] < 1.5 + row["batch"] < row["all_windows"]


def small_ward(**_):
    return alignment_ward(n_patients=4, hours=2, random_state=0)


alignment_ward = alignment.make_ward
