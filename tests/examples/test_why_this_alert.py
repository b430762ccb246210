import pytest

pytest.importorskip("captum", reason="Captum is not installed")


@pytest.mark.slow
def test_reasons_are_faithful(run_example, capsys):
    names = run_example("why_this_alert")
    assert names["curve"].advantage > 0.02
    assert names["attributions"].gap("health").abs().max() < 0.05
    printed = capsys.readouterr().out
    assert "medical: health score" in printed
    assert "cyber: cyber score" in printed
