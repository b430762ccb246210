"""A finished job is done again once something has changed that its outcome depends on."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.paper import store
from benchmarks.paper.jobs import DEPLOYMENT, TEST, Job
from benchmarks.paper.models import MINIROCKET
from skdualcnn._studies import OURS
from skdualcnn.network._native import FOLDER

SHOWN = "inspection"  # finds and writes what is there


@pytest.mark.parametrize("name", store._OWN)
def test_what_a_job_imports_is_in_its_fingerprint(name):
    path = Path(store.__file__).with_name(f"{name}.py")
    digested = {*store.common_sources(), *store.firmware_sources()}
    assert path in digested
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            package, *parts = node.module.split(".")
            if package in {"benchmarks", "firmware_export", "skdualcnn"} and SHOWN not in parts:
                assert Path(find_spec(node.module).origin) in digested, node.module


def test_the_kernels_are_in_the_fingerprint():
    kernels = set(FOLDER.iterdir())
    assert {path.suffix for path in kernels} == {".c", ".h"}
    assert kernels <= set(store.common_sources())


def test_only_what_depends_on_a_package_is_done_again_with_another_version_of_it(monkeypatch):
    monkeypatch.setattr(store, "version", lambda package: f"{package} 1")
    assert store.own_facts(Job("ward", "paper", TEST, MINIROCKET, 0)) == {"aeon": "aeon 1"}
    assert store.own_facts(Job("ward", "paper", TEST, OURS, 0)) == {}
    assert list(store.own_facts(Job("ward", "honest", DEPLOYMENT, OURS, 0))) == ["firmware"]
