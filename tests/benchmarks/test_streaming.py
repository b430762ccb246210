"""The benchmark of live streams prints a table of both engines."""

import pytest

from benchmarks import streaming


@pytest.mark.slow
def test_both_engines_are_measured(compiler, tmp_path, capsys):
    table = streaming.run(tmp_path, quick=True)
    assert len(table) == 4
    assert (table["decisions"] == table["decisions"].iloc[0]).all()
    assert "compiled, window 8" in capsys.readouterr().out
