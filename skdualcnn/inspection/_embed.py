"""Matplotlib figures as HTML: inline SVG, or a PNG where that would be too large."""

import base64
import io
import re
from html import escape
from typing import Any

import matplotlib as mpl

# Characters of SVG: some thousand points. A PNG is smaller from about here on.
LARGEST_SVG = 600_000
_DPI = 180
# What Matplotlib's own style sheet, taken out below, says.
_DRAWING = "stroke-linejoin:round;stroke-linecap:butt"


def to_html(figure: Any, *, key: str, alt: str) -> str:
    """Return the figure as one HTML element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show.
    key : str
        Starts every id in it, so that several figures can live in one page.
    alt : str
        What the figure shows, for who cannot see it.
    """
    svg = _to_svg(figure, key)
    inches = float(svg.split('viewBox="', 1)[1].split()[2]) / 72
    # Text is never larger than drawn, and never too small to read: a narrow screen scrolls.
    size = f"max-width:{6 * inches:.1f}rem;min-width:{3.6 * inches:.1f}rem"
    if len(svg) > LARGEST_SVG:
        data = base64.b64encode(_save(figure, "png")).decode("ascii")
        return f'<img alt="{escape(alt)}" style="{size}" src="data:image/png;base64,{data}">'
    start = f'<svg role="img" aria-label="{escape(alt)}" style="{_DRAWING};{size}"'
    return svg.replace("<svg", start, 1)


def _to_svg(figure: Any, key: str) -> str:
    # Text as paths looks the same whatever fonts the reader has.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": key}):
        text = _save(figure, "svg").decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # The page would apply a figure's own style sheet to everything else on it.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = re.sub(r'href="#', f'href="#{key}-', text)
    return re.sub(r"url\(#", f"url(#{key}-", text)


def _save(figure: Any, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(
        buffer,
        format=kind,
        dpi=_DPI,
        facecolor="white",
        bbox_inches="tight",
        metadata={"Date": None} if kind == "svg" else None,
    )
    return buffer.getvalue()
