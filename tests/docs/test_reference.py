"""The API reference lists every public module; the build checks every name in them."""

import pkgutil
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_every_public_module_is_listed():
    packages = ("skdualcnn", "firmware_export")
    public = set(packages)
    for package in packages:
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if "._" not in module.name:
                public.add(module.name)
    listed = {line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines()}
    assert public <= listed
