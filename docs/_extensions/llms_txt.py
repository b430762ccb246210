"""Write llms.txt: every page with its first sentence, for programs that read the site.

The format is that of https://llmstxt.org: a title, a summary, then lists of links.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SENTENCE = re.compile(r"(?<=[.!?])\s")


def first_sentence(document: nodes.document) -> str:
    """Return the first sentence of a page's prose; of an API page, its summary."""
    for paragraph in document.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if text and not _is_inside(paragraph, (nodes.table, nodes.Admonition)):
            return SENTENCE.split(text)[0]
    return ""


def _is_inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the file beside the pages, one section for each entry of the front page."""
    if exception is not None or app.builder.format != "html":
        return
    environment = app.env
    lines = [f"# {app.config.project}", "", f"> {app.config.llms_txt_summary}"]

    def describe(page: str) -> str:
        title = environment.titles[page].astext()
        sentence = first_sentence(environment.get_doctree(page))
        return f"- [{title}]({app.builder.get_target_uri(page)})" + (
            f": {sentence}" if sentence else ""
        )

    def descend(page: str) -> None:
        lines.append(describe(page))
        for below in environment.toctree_includes.get(page, []):
            descend(below)

    for section in environment.toctree_includes.get(app.config.root_doc, []):
        lines += ["", f"## {environment.titles[section].astext()}", ""]
        descend(section)
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook and its one setting."""
    app.add_config_value("llms_txt_summary", "", "html", [str])
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
