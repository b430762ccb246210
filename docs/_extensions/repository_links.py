"""Links that lead somewhere in a clone and on the site.

A page may include a file of the repository's root, such as CONTRIBUTING.md, with its links. A link
to a program in `examples/`, or to that folder, leads on the site to the page made of it.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

INCLUDED = re.compile(r"^```\{include\} \.\./(\w+\.md)\n```$", re.M)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#:\s]+)(#[^)]*)?\)")
EXAMPLE = re.compile(r"\]\(\.\./examples(?:/(\w+)\.py)?\)")


def read(app: Sphinx, _page: str, source: list[str]) -> None:
    """Put the file in the place of the directive, its links leading to pages of the site."""
    folder = Path(app.srcdir)

    def lead(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2].removeprefix("docs/"), link[3] or ""
        for name in (target, target.lower()):
            if name.endswith(".md") and (folder / name).exists():
                return f"[{text}]({name}{anchor})"
        return text  # a file that is no page

    def include(directive: re.Match[str]) -> str:
        path = folder.parent / directive[1]
        app.env.note_dependency(str(path))
        return LINK.sub(lead, path.read_text(encoding="utf-8"))

    text = EXAMPLE.sub(lambda link: f"](gallery/{link[1] or 'index'}.rst)", source[0])
    source[0] = INCLUDED.sub(include, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True}
