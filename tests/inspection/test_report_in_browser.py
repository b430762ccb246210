"""The report as Chromium shows it: light and dark, narrow and wide, printed."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest

from skdualcnn.inspection import (
    DecisionMapDisplay,
    Figure,
    HeadCurvesDisplay,
    TimelineDisplay,
    write_report,
)

VIEWS = [(scheme, width) for scheme in ("light", "dark") for width in (400, 1400)]

# Text whose contrast with the first opaque background behind it is below 4.5 (WCAG AA).
FAINT_TEXT = """
() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *:not(svg *)")) {
    const own = Array.from(node.childNodes).some((c) => c.nodeType === 3 && c.data.trim());
    if (!own || !node.checkVisibility() || ["SCRIPT", "STYLE"].includes(node.tagName)) continue;
    const pair = [channels(getComputedStyle(node).color), behind(node)].map(luminance);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
  }
  return faint;
}
"""
HIDDEN_FIGURES = """
() => Array.from(document.querySelectorAll("figure"))
  .filter((figure) => {
    const drawn = figure.querySelector("svg, img");
    const box = drawn && drawn.getBoundingClientRect();
    const loaded = drawn && (drawn.tagName !== "IMG" || drawn.naturalWidth > 0);
    return !box || box.width < 100 || box.height < 100 || !loaded;
  })
  .map((figure) => figure.id)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory, whole_report):
    mpl.use("Agg")
    rng = np.random.default_rng(0)
    states = rng.choice(["normal", "medical", "cyber", "both"], 3000).astype(object)
    scores, time = rng.random((3000, 2)), np.arange(3000)
    cyber = states == "cyber"
    displays = {
        "decisions": DecisionMapDisplay.from_predictions(scores, states),  # many points: a PNG
        "cyber": HeadCurvesDisplay.from_predictions(
            cyber, {"Network": scores[:, 1], "Other": scores[:, 0]}, normal=False, ours="Network"
        ),
        "figures": TimelineDisplay.from_predictions(time, scores, states, states),
    }
    figures = [
        Figure(f"About {name}", "It says one thing.", f"A figure of {name}.", one.figure_, name)
        for name, one in displays.items()
    ]
    return write_report(tmp_path_factory.mktemp("report") / "report.html", whole_report, figures)


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_everything_is_seen_and_nothing_is_fetched(open_page, path, scheme, width):
    page, complaints = open_page(path, scheme, width)
    assert complaints == []
    assert page.locator("figure").count() == 3
    assert page.evaluate(HIDDEN_FIGURES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(FAINT_TEXT) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_what_goes_on_beyond_the_edge_fades_there_until_it_is_scrolled_to(open_page, path):
    page, _ = open_page(path, "light", 400)
    table = page.locator(".scroll.more").first.element_handle()
    table.evaluate("(one) => one.scrollTo(one.scrollWidth, 0)")
    page.wait_for_function("(one) => !one.classList.contains('more')", arg=table)
    wide, _ = open_page(path)
    assert wide.locator(".card.more").count() == 0


def test_it_can_be_read_without_seeing_it(open_page, path):
    page, _ = open_page(path)
    levels = page.evaluate(
        "Array.from(document.querySelectorAll('h1,h2,h3,h4'), (one) => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert page.locator("img:not([alt]), svg[role=img]:not([aria-label])").count() == 0
    assert page.evaluate("document.documentElement.lang") == "en"
    for heading in page.locator("table.sortable th button").all()[:3]:
        assert heading.evaluate("(one) => one.tabIndex") == 0


def test_navigation_leads_to_every_section(open_page, path):
    page, _ = open_page(path)
    links = page.locator("nav a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    sections = page.locator("section").evaluate_all("all => all.map((one) => '#' + one.id)")
    assert links == sections


def test_a_click_sorts_a_table(open_page, path):
    page, _ = open_page(path)
    table = page.locator("#head-0 table.sortable").first
    heading = table.locator("th", has_text="ROC-AUC")
    orders = []
    for _ in range(2):
        heading.locator("button").click()
        values = table.locator("tbody tr td:nth-child(2)").evaluate_all(
            "all => all.map((one) => one.dataset.order)"
        )
        known = [float(value) for value in values if value is not None]
        assert values[-1] is None  # the model that was never fitted stays last
        orders.append(known)
    assert orders[0] == sorted(orders[0], reverse=True)
    assert orders[1] == sorted(orders[1])
    assert heading.get_attribute("aria-sort") == "ascending"


def test_printed_it_is_black_on_white_without_navigation(open_page, path):
    page, _ = open_page(path, "dark")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(HIDDEN_FIGURES) == []
    assert page.pdf().startswith(b"%PDF")
