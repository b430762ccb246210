"""Every block of Python in the documentation is run, and prints what the page says it prints.

The blocks of a page are one program. A block of ``text`` right after a block of Python is
its output; dots stand for what differs from run to run. What a page does with files of the
data sets is done where SKDUALCNN_DATA names them, as in CI.
"""

import ast
import configparser
import doctest
import importlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from skdualcnn._compiler import find_compiler

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
NEEDS_COMPILER = {"firmware.md", "start.md"}
# Flower's own packages, and Dask, warn of deprecations; Dask of the sockets of a cluster as well.
WARNS = {"federated.md", "scaling_out.md"}


def blocks_of(page):
    """Return kind and text of each block of code."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def with_python(pages):
    found = [page for page in pages if any(kind == "python" for kind, _ in blocks_of(page))]
    relaxed = pytest.mark.filterwarnings("default")
    return [pytest.param(page, marks=relaxed if page.name in WARNS else ()) for page in found]


@pytest.mark.parametrize("page", with_python(PAGES), ids=lambda page: page.stem)
def test_python_blocks_run_and_print_what_is_shown(page, tmp_path, monkeypatch, capsys):
    if page.name in NEEDS_COMPILER and find_compiler() is None:
        pytest.skip(f"no C compiler on this machine: {page.name} checks the exported C")
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    names, blocks = {"__name__": "__main__"}, blocks_of(page)
    for (kind, code), (next_kind, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        exec(compile(code, str(page), "exec"), names)
        printed = capsys.readouterr().out
        if next_kind == "text":
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert doctest.OutputChecker().check_output(shown, printed, flags), (
                f"{page.name} shows\n{shown}\nand its code prints\n{printed}"
            )
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_to_files_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" in target:
            continue
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_links_to_examples_lead_to_their_pages_on_the_site(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_extensions")
    extension = importlib.import_module("repository_links")
    source = ["[one](../examples/quantisation.py), [all](../examples), [other](heads.md)"]
    extension.read(SimpleNamespace(srcdir=ROOT / "docs"), "page", source)
    assert source == [
        "[one](gallery/quantisation.rst), [all](gallery/index.rst), [other](heads.md)"
    ]


def test_every_page_is_in_the_table_of_contents():
    entries = set()
    for page in (ROOT / "docs").glob("*.md"):
        for tree in re.findall(r"^```{toctree}\n(.*?)^```$", page.read_text(), re.S | re.M):
            entries |= {line for line in tree.splitlines() if line and not line.startswith(":")}
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages <= entries


def test_the_guide_says_what_each_of_its_pages_is_for():
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    listed = re.search(r"^```{toctree}\n(.*?)^```$", text, re.S | re.M)[1].splitlines()
    pages = {line for line in listed if line and not line.startswith(":")}
    assert pages == set(re.findall(r"\]\((\w+)\.md\)", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_of_a_kind_that_is_checked(page):
    """Python here, bash in test_shell_blocks; text is output, or a drawing of the house."""
    text = page.read_text(encoding="utf-8")
    outside, inside = re.subn(r"^```.*?^```$", "", text, flags=re.S | re.M)
    kinds = re.findall(r"^```(\S*)[^\n]*\n.*?^```$", text, re.S | re.M)
    assert len(kinds) == inside
    drawn = {""} if page.stem == "house" else set()
    known = {"python", "bash", "text", "json", "ini"} | drawn
    assert {kind for kind in kinds if not kind.startswith("{")} <= known
    assert not re.search(r"\n\n    \S", outside), "an indented block is run by no test"
    for kind, code in blocks_of(page):
        if kind == "json":
            json.loads(code)
        if kind == "ini":
            configparser.ConfigParser(strict=False, interpolation=None).read_string(code)


def test_contributors_are_told_what_ci_runs():
    told = "\n".join(code for _, code in blocks_of(ROOT / "CONTRIBUTING.md"))
    scripts = [ROOT / ".ci" / name for name in ("run", "check-distributions")]
    ran = "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    for command in ("ruff check .", "ruff format --check .", "codespell", "mypy"):
        assert command in told
        assert command in ran
    for part in (
        "sphinx-build",
        "-W --keep-going -n docs docs/_build/html",
        "-m pytest\n",
        "-m pytest -m slow\n",
    ):
        assert part in told
        assert part in ran


@pytest.mark.parametrize("page", with_python(PAGES), ids=lambda page: page.stem)
def test_functions_that_a_page_defines_are_used_there(page):
    """What is only defined is not tried."""
    tree = ast.parse("\n".join(code for kind, code in blocks_of(page) if kind == "python"))
    nodes = list(ast.walk(tree))
    defined = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    assert defined <= {one.id for one in nodes if isinstance(one, ast.Name)}
