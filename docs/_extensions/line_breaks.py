"""Where a line must not break: within "0.947 ± 0.014", "86 %" and short words of code."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

WORD = 24  # letters of code that fit beside others on a narrow screen
WORDY = 20  # letters in the first cell of a row that are worth a wide column


class KeepTogether(SphinxPostTransform):
    """Hold numbers together, and tell the style sheet which code and which tables are short."""

    default_priority = 900
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Change the page."""
        for text in list(self.document.findall(nodes.Text)):
            if isinstance(text.parent, nodes.literal | nodes.literal_block | nodes.raw):
                continue
            held = re.sub(r"(?<=\d) (?=± ?\d|%)|(?<=±) (?=\d)", "\N{NO-BREAK SPACE}", text)
            if held != text:
                text.parent.replace(text, nodes.Text(held))
        for code in self.document.findall(nodes.literal):
            if max(map(len, code.astext().split()), default=0) <= WORD:
                code["classes"].append("short")
        for table in self.document.findall(nodes.table):
            first = (row[0].astext() for row in table.findall(nodes.row))
            if max(map(len, first)) > WORDY:
                table["classes"].append("wordy")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(KeepTogether)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
