"""The drawing of the house names every floor, and imports go downwards only."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRAWN = (ROOT / "docs" / "house.md").read_text(encoding="utf-8").split("```")[1]
PACKAGE = ROOT / "skdualcnn"
FLOORS = ["firmware_export", *(one.stem for one in PACKAGE.iterdir() if one.suffix in {"", ".py"})]
FLOORS = [name for name in FLOORS if not name.startswith("__")]


def height(floor):
    """Return where a module, or a package, of the top level is first drawn."""
    drawn = rf"(skdualcnn/|^ +){floor}(\.py|/)|<- [^/\n]*\b{floor}\.py"
    return re.search(drawn, DRAWN, re.MULTILINE)


def imported(path):
    """Yield the floors that a file imports, be it at its top or in a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            for package, *parts in (name.split(".") for name in names):
                if package == "firmware_export":
                    yield package
                elif package == "skdualcnn" and parts[0] in FLOORS:
                    yield parts[0]


@pytest.mark.parametrize("floor", sorted(FLOORS))
def test_imports_go_downwards(floor):
    assert height(floor), f"{floor} is not drawn in docs/house.md"
    home = ROOT / floor if floor == "firmware_export" else PACKAGE / floor
    files = home.rglob("*.py") if home.is_dir() else [home.with_suffix(".py")]
    below = {name for path in files for name in imported(path)} - {floor}
    upwards = [name for name in below if height(name).start() < height(floor).start()]
    assert not upwards, f"{floor} imports {upwards}, which docs/house.md draws above it"


def test_private_names_stay_in_their_module():
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "firmware_export").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = getattr(node, "module", None) or ""
            if not module.startswith(("firmware_export", "skdualcnn")):
                continue
            home = ROOT / module.replace(".", "/")
            private = [one.name for one in node.names if re.match("_[a-z]", one.name)]
            taken = [name for name in private if not list(home.glob(f"{name}*"))]
            assert not taken, f"{path.relative_to(ROOT)} imports {taken} of {module}"
