"""The built documentation as Chromium shows it; skipped where it was not built."""

import os
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_build" / "html"
PAGES = [
    "index",
    "start",
    "guide",
    "method",
    "house",
    "data_sets",
    "measured_chips",
    "command_line",
    "gateway",
    "scaling_out",
    "reference",
    "changelog",
    "gallery/index",
    "gallery/first_pipeline",
    "gallery/day_on_the_ward",
    "reference/skdualcnn.DualPathCNNClassifier",
    "reference/skdualcnn.inspection.AblationDisplay",
]
VIEWS = [("light", 1400), ("dark", 400)]
# Text that ends beyond the edge of the screen, in nothing that scrolls.
CUT_OFF = """
() => Array.from(document.querySelectorAll("article :is(h1, h2, h3, p, li, dt, dd, td)"))
  .filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    if (range.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let box = one; box; box = box.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX) && box.tagName !== "BODY")
        return box.matches(".bd-main, .bd-content, .bd-article-container, .bd-article");
    return true;
  })
  .filter((one) => !one.querySelector("pre, table, .math"))
  .map((one) => `${one.tagName}: ${one.textContent.trim().slice(0, 60)}`)
"""
# Names of parameters that take more than one line.
BROKEN_NAMES = """
() => Array.from(document.querySelectorAll("dl.field-list dt > strong"))
  .filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getClientRects().length > 1;
  })
  .map((one) => one.textContent)
"""


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        reason = "the documentation is not built: see CONTRIBUTING.md"
        assert os.environ.get("SKDUALCNN_BROWSER") != "required", reason
        pytest.skip(reason)
    return SITE


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
@pytest.mark.parametrize("name", [*PAGES, "genindex"])
def test_page(site, open_page, name, scheme, width):
    page, complaints = open_page(site / f"{name}.html", scheme, width)
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(BROKEN_NAMES) == []
    assert page.locator("h1").count() == 1
    assert page.locator("article img:not([alt])").count() == 0
    missing = "all => all.filter((one) => one.complete && one.naturalWidth === 0).length"
    assert page.locator("article img").evaluate_all(missing) == 0
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.close()


def test_search_finds_a_name(site, open_page):
    page, _ = open_page(f"{site / 'search.html'}?q=OnlineDetector")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    links = page.locator("#search-results li a").all_inner_texts()
    assert any("OnlineDetector" in link or "Live streams" in link for link in links)


def test_llms_txt_lists_the_pages(site):
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# skdualcnn\n\n> ")
    for name in PAGES[1:]:
        assert f"]({name}.html)" in text
