"""What the README promises on top of what tests/docs checks of every page."""

import re
from pathlib import Path

import pytest

from firmware_export._targets import find_compiler

README = Path(__file__).parent.parent / "README.md"


def test_the_five_lines_end_in_proof(tmp_path, monkeypatch, capsys):
    if find_compiler() is None:
        pytest.skip("no C compiler on this machine: the README ends with a check of the C")
    monkeypatch.chdir(tmp_path)
    block = re.search(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)[1]
    names = {}
    exec(compile(block, str(README), "exec"), names)
    n = len(names["test"])
    assert f"{n} of {n} rows identical" in capsys.readouterr().out
    assert names["decider"].predict_proba(names["ward"].data.iloc[names["test"]])[0].shape == (n, 4)


def test_the_first_two_shell_blocks_are_one_command_each():
    blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    assert len(blocks) == 2
    assert [len(block.strip().splitlines()) for block in blocks] == [1, 1]


def test_figures_of_the_comparison_are_on_the_measured_pages():
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## How it compares") : text.index("## Real data")]
    for row in table.splitlines():
        pages = re.findall(r"\]\((docs/measured_\w+\.md)\)", row)
        if not pages:
            continue
        measured = (README.parent / pages[0]).read_text(encoding="utf-8")
        for figure in re.findall(r"(?<![\d,])(?:\d+,\d{3}|\.\d{3})", row):
            assert figure in measured, f"{figure} is not on {pages[0]}"
