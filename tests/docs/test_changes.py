"""What the next release will say is in changes/, where towncrier finds it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_change_is_of_a_kind_that_is_collected():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kinds = {one["directory"] for one in settings["tool"]["towncrier"]["type"]}
    changes = set((ROOT / "changes").glob("*")) - {ROOT / "changes" / "README.md"}
    assert changes
    for change in changes:
        name = re.fullmatch(r"\+[a-z0-9-]+\.(\w+)\.md", change.name)
        assert name, f"{change.name} is no +WHAT.KIND.md"
        assert name[1] in kinds, f"{change.name}: expected one of {sorted(kinds)}"
        assert change.read_text(encoding="utf-8").strip()


def test_the_changelog_holds_releases_only():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "<!-- towncrier release notes start -->" in text
    for heading in re.findall(r"^## (.*)$", text, re.M):
        assert re.fullmatch(r"\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", heading), (
            f"{heading}: a change that is not released goes to changes/"
        )
