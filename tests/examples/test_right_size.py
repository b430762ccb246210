import pytest


@pytest.mark.slow
def test_a_quick_search_on_the_ward(run_example, capsys):
    names = run_example("right_size")
    table = names["table"].sort_values("parameters")
    assert "compact, (4,)" in set(table["shape"])
    assert table["on the front"].any()
    assert table.loc[table["flash"].idxmin(), "on the front"]  # nothing is smaller
    assert table.loc[table["roc_auc"].idxmax(), "on the front"]  # nothing scores higher
    assert "1,440 training rows" in capsys.readouterr().out
