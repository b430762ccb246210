"""The benchmark of live streams prints a table of both engines."""

import pytest

from benchmarks import streaming
from skdualcnn._compiler import find_compiler


@pytest.mark.slow
def test_both_engines_are_measured(tmp_path, capsys):
    if find_compiler() is None:
        pytest.skip("no C compiler on this machine: tried $CC, cc, gcc and clang")
    table = streaming.run(tmp_path, quick=True)
    assert len(table) == 4
    assert (table["decisions"] == table["decisions"].iloc[0]).all()
    assert "compiled, window 8" in capsys.readouterr().out
