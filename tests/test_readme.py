"""The README's Python is run, in order, as one program."""

import re
from pathlib import Path

import pytest

from firmware_export._targets import find_compiler

README = Path(__file__).parent.parent / "README.md"


def test_python_blocks_run(tmp_path, monkeypatch, capsys):
    if find_compiler() is None:
        pytest.skip("no C compiler on this machine: the README ends with a check of the C")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    names = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    n = len(names["test"])
    assert f"{n} of {n} rows identical" in capsys.readouterr().out
    assert names["p_health"].shape == (n, 4)
    assert set(names["reasons"]["decision"]) <= {"normal", "medical", "cyber", "both", "uncertain"}


def test_the_first_two_shell_blocks_are_one_command_each():
    blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    assert len(blocks) == 2
    assert [len(block.strip().splitlines()) for block in blocks] == [1, 1]


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert targets
    assert all((README.parent / target).exists() for target in targets if "://" not in target)
