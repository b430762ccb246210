import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skdualcnn.exceptions import SkdualcnnError
from skdualcnn.inspection import Figure, _embed, write_report

VOID = {"meta", "link", "img", "br", "hr", "input"}
LOADING = {"src", "href", "xlink:href", "srcset", "action", "poster", "data"}


class Page(HTMLParser):
    """Checks that tags are balanced; collects ids, headings, references and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.tags, self.references, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        self.references += [value for name, value in attributes if name in LOADING]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def draw(n_points=10, label="curve"):
    figure, ax = plt.subplots(figsize=(4, 3))
    rng = np.random.default_rng(0)
    ax.plot([0, 1], [0, 1], label=label, clip_on=True)
    ax.scatter(*rng.random((2, n_points)))
    ax.legend()
    return figure


@pytest.fixture(scope="module")
def page(tmp_path_factory, whole_report):
    figures = [
        Figure("Curves", "Ours is above.", "two curves", draw(), "health"),
        Figure("Training", "It settled.", "falling", draw()),
        Figure("Many rows", "A cloud.", "points", draw(8_000), "decisions"),
    ]
    file = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(file, whole_report, figures).read_text(encoding="utf-8")


def test_page_is_well_formed_and_has_every_figure(page):
    parsed = Page(page)
    assert sum(tag == "figure" for tag, _ in parsed.tags) == 3
    assert {a["aria-label"] for tag, a in parsed.tags if tag == "svg"} == {"two curves", "falling"}
    pictures = [a for tag, a in parsed.tags if tag == "img"]
    assert [a["alt"] for a in pictures] == ["points"]
    assert pictures[0]["src"].startswith("data:image/png;base64,")
    for words in ("Ours is above.", "It settled.", "A cloud.", "2880 of 2880", "skdualcnn demo"):
        assert words in parsed.text


def test_ids_are_unique_and_their_uses_resolve(page):
    parsed = Page(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    used = {r[1:] for r in parsed.references if r.startswith("#")}
    used |= set(re.findall(r"url\(#([^)]+)\)", page))
    used |= {a[k] for _, a in parsed.tags for k in ("aria-labelledby",) if k in a}
    assert used
    assert used <= set(parsed.ids)


def test_nothing_is_loaded(page):
    parsed = Page(page)
    assert all(reference.startswith(("#", "data:")) for reference in parsed.references)
    assert not re.search(r"@import|url\((?!#|['\"]?data:)", page)
    assert not [a for tag, a in parsed.tags if tag == "script" and "src" in a]
    # What remains are names of XML vocabularies and the citation, which is text.
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "https://example.org/ward.",
    }
    assert "default-src 'none'" in page


def test_figures_are_numbered_as_they_are_read(page):
    titles = [" ".join(title.split()) for title in re.findall(r"<h3[^>]*>([^<]+)", page)]
    assert titles == ["Figure 1. Curves", "Figure 2. Many rows", "Figure 3. Training"]


def test_styles_of_a_figure_stay_in_it(page):
    assert [tag for tag, _ in Page(page).tags].count("style") == 1


def test_tables_are_sorted_and_marked(page):
    names = [name.strip() for name in re.findall(r'<th scope="row" class="text">([^<]+)', page)]
    health = names[names.index("Network") :]
    assert health[:3] == ["Network", "Logistic regression", "Never fitted"]
    cyber = names.index("Logistic regression", names.index("Never fitted"))
    assert names[cyber + 1] == "Network"
    assert page.count('<tr class="ours">') == 3
    assert "lower is better" in page
    assert page.count("<caption>") == page.count("<table")
    assert re.search(r'class="number best" data-order="0.05">0.050<', page)
    assert not re.search(r"\bnan\b|\bNone\b", Page(page).text)


def test_values_that_look_equal_are_equally_good(tmp_path, report):
    models = report["heads"][1]["models"]
    models[0]["brier"], models[1]["brier"] = 0.04001, 0.04
    page = write_report(tmp_path / "r.html", report).read_text(encoding="utf-8")
    assert len(re.findall(r'best" data-order="0.04(?:001)?">0.040<', page)) == 2


def test_result_says_when_another_model_is_better(page):
    text = Page(page).text
    assert "place 1 of 2, best other: Logistic regression with 0.900" in text
    assert "place 2 of 2, best other: Logistic regression with 0.950" in text


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_data_are_called_so(tmp_path, report, simulated):
    report["data"]["simulated"] = simulated
    page = write_report(tmp_path / "r.html", report).read_text(encoding="utf-8")
    assert ("These data are simulated." in page) is simulated


def test_hostile_text_is_escaped(tmp_path, report):
    hostile = "\"'><script>alert(1)</script>--><img src=http://evil.test/x>{{ 7 * 7 }}$x$"
    report["title"] = report["command"] = report["data"]["description"] = hostile
    report["heads"][0]["name"] = report["heads"][0]["models"][0]["name"] = hostile
    report["environment"][hostile] = hostile
    report["firmware"]["layers"].append({hostile: hostile})
    figures = [Figure(hostile, hostile, hostile, draw(label=hostile.replace("$", "")), hostile)]
    page = write_report(tmp_path / "r.html", report, figures).read_text(encoding="utf-8")
    parsed = Page(page)
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    assert not [a for tag, a in parsed.tags if tag == "img"]
    assert all(reference.startswith(("#", "data:")) for reference in parsed.references)
    assert hostile in parsed.text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page)[0]


def test_parts_may_be_absent(tmp_path, report):
    del report["firmware"]
    report["decisions"] = None
    page = Page(write_report(tmp_path / "r.html", report).read_text(encoding="utf-8"))
    assert "firmware" not in page.ids
    assert "decisions" not in page.ids


@pytest.mark.parametrize("section", ["data", "protocol", "heads", "seed"])
def test_missing_section_is_named(tmp_path, report, section):
    del report[section]
    with pytest.raises(SkdualcnnError, match=rf"expected also \['{section}'\]"):
        write_report(tmp_path / "r.html", report)
    assert list(tmp_path.iterdir()) == []


def test_missing_entry_is_named(tmp_path, report):
    del report["firmware"]["checked"]
    with pytest.raises(SkdualcnnError, match=r"firmware has .*expected also \['checked'\]"):
        write_report(tmp_path / "r.html", report)


def test_page_is_the_same_each_time(tmp_path, report):
    pages = [
        write_report(tmp_path / f"{i}.html", report, [Figure("a", "b", "c", draw())]).read_text(
            encoding="utf-8"
        )
        for i in range(2)
    ]
    assert pages[0] == pages[1]


def test_figures_keep_text_as_paths():
    svg = _embed.to_html(draw(label="health"), key="k", alt='say "hi"')
    assert "<text" not in svg
    assert 'aria-label="say &quot;hi&quot;"' in svg
    assert 'id="k-' in svg


def test_further_sections(report, tmp_path):
    report["sections"] = [
        {
            "title": "Seeds & folds",
            "paragraphs": ["Three <seeds>."],
            "tables": [
                {
                    "caption": "Scores",
                    "columns": ["model", "AUC", "p", "note"],
                    "rows": [
                        ["Network", "0.91 ± 0.02", "< 0.001", "20 epochs"],
                        ["Tree", 0.8, None, "none"],
                    ],
                    "ours": 0,
                }
            ],
        }
    ]
    figures = [Figure("Boxes", "Narrow.", "boxes", draw(), "Seeds & folds")]
    text = write_report(tmp_path / "r.html", report, figures).read_text(encoding="utf-8")
    parsed = Page(text)
    assert "Three <seeds>." in parsed.text
    assert ("a", {"href": "#section-0"}) in parsed.tags
    section = Page(
        text[text.index('<section id="section-0">') : text.index('<section id="repeat">')]
    )
    assert "Figure 1. Boxes" in section.text
    orders = [attributes.get("data-order") for tag, attributes in section.tags if tag == "td"]
    assert orders == ["0.91", "0.001", "20.0", "0.8", None, None]
    classes = [attributes.get("class") for tag, attributes in section.tags if tag == "th"]
    # A column of numbers is one in which every cell starts with a number.
    assert classes[:4] == [None, "number", "number", None]
    assert "0.800" in section.text


@pytest.mark.parametrize("lost", ["paragraphs", "tables"])
def test_a_further_section_without_an_entry(report, tmp_path, lost):
    whole = {"title": "Seeds", "paragraphs": [], "tables": []}
    report["sections"] = [{name: value for name, value in whole.items() if name != lost}]
    with pytest.raises(SkdualcnnError, match=f"'Seeds'.*'{lost}'"):
        write_report(tmp_path / "r.html", report)


def test_a_figure_stands_in_the_first_section_of_its_name(report, tmp_path):
    for head, name in zip(report["heads"], ("decisions", "figures"), strict=True):
        head["name"] = name
    title = {"title": "firmware", "paragraphs": [], "tables": []}
    report["sections"] = [title, {**title, "title": "Seeds"}, {**title, "title": "Seeds"}]
    sections = ["decisions", "figures", "firmware", "Seeds", "elsewhere"]
    figures = [Figure(f"Of {name}", "It is.", "a curve", draw(), name) for name in sections]
    text = write_report(tmp_path / "r.html", report, figures).read_text(encoding="utf-8")
    parsed = Page(text)
    assert len(parsed.ids) == len(set(parsed.ids))
    stands = [
        (name, re.findall(r"Figure \d\. Of (\w+)", section))
        for name, section in re.findall(r'<section id="([^"]+)">(.*?)</section>', text, re.DOTALL)
    ]
    assert [(name, found) for name, found in stands if found] == [
        ("head-0", ["decisions"]),
        ("head-1", ["figures"]),
        ("firmware", ["firmware"]),
        ("section-1", ["Seeds"]),
        ("figures", ["elsewhere"]),
    ]


@pytest.mark.parametrize("row", [["Network"], ["Network", 0.9, 0.8]])
def test_a_row_of_another_length_is_refused(report, tmp_path, row):
    table = {"caption": "Scores", "columns": ["model", "AUC"], "rows": [row], "ours": None}
    report["sections"] = [{"title": "Seeds", "paragraphs": [], "tables": [table]}]
    with pytest.raises(SkdualcnnError, match=f"'Scores' of .*'Seeds'.* has {len(row)} cells"):
        write_report(tmp_path / "r.html", report)
    report["sections"] = []
    report["decisions"]["confusion"]["counts"][1] = [1]
    with pytest.raises(SkdualcnnError, match=r"Row 1 of decisions\.confusion has 1 cells"):
        write_report(tmp_path / "r.html", report)
