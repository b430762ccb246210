"""What has changed since the last release, from the files in changes/, for the changelog's page."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PAGE = "unreleased.txt"  # included by changelog.md
HEADING = ("--version", "Unreleased", "--date", "since the last release")


def write(app: Sphinx) -> None:
    """Write what towncrier would add to the changelog."""
    made = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", *HEADING],
        cwd=Path(app.srcdir).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    Path(app.srcdir, PAGE).write_text(made.stdout, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
