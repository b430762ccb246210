import pytest

from skdualcnn._compiler import find_compiler


@pytest.mark.slow
def test_the_c_answers_like_its_twin(run_example, capsys):
    names = run_example("to_esp32")
    printed = capsys.readouterr().out
    n = len(names["X_test"])
    expected = f"{n} of {n} rows identical" if find_compiler() else "not checked: "
    assert expected in printed
    assert names["report"].parameters < 30_000
    assert f"src/{names['report'].prefix}.h" in printed
