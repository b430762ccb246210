"""What the README promises on top of what tests/docs checks of every page."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def first_table(text):
    """Return the cells of the rows of the first table of a text, without its head."""
    lines = re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def measured(page, section):
    """Return the rows of the first table of a section of a measured page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return first_table(text[text.index(f"# {section}\n") :])


def compared(number):
    """Return our cell, the others' and the link of a row of the comparison."""
    return first_table(TEXT[TEXT.index("| how it compares |") :])[number][1:]


def test_the_first_two_shell_blocks_are_one_command_each():
    blocks = re.findall(r"^```bash\n(.*?)^```", TEXT, re.S | re.M)
    assert len(blocks) == 2
    assert [len(block.strip().splitlines()) for block in blocks] == [1, 1]


def test_areas_are_those_of_one_table_and_the_best_are_bold():
    ours, others, link = compared(0)
    assert "docs/measured_scores.md#three-seeds-with-tests" in link
    areas, data = {}, ""
    for name, model, area, *_ in measured("measured_scores.md", "Three seeds, with tests"):
        data = name or data
        areas.setdefault(data.split(",")[0], {})[model] = area.split()[0].removeprefix("0")
    expected = {"ours": [], "others": []}
    for name in ("NSL-KDD", "WUSTL-EHMS-2020", "PhysioNet 2012"):
        mine = areas[name].pop("dual-path CNN")
        best = max(areas[name].values())
        for who, area in (("ours", mine), ("others", best)):
            expected[who].append(f"**{area}**" if area == max(mine, best) else area)
    assert ours == ", ".join(expected["ours"])
    assert others == f"{', '.join(expected['others'])} (best of six)"


def test_instructions_are_those_of_the_table_and_the_best_rivals_are_named():
    ours, others, link = compared(1)
    assert "ESP32-C3" in link
    counts = {row[0]: row[2] for row in measured("measured_chips.md", "The paper's network")}
    assert ours == f"**{counts.pop('**skdualcnn**')}**"
    best = sorted(int(count.replace(",", "")) for count in counts.values())
    named = [int(count.replace(",", "")) for count in re.findall(r"\d+,\d{3}", others)]
    assert named[:2] == best[:2]
    assert set(named) <= set(best)


def test_failed_checks_are_those_of_the_table():
    ours, others, link = compared(2)
    assert "docs/measured_conformance.md" in link
    rows = {row[0]: row[1:] for row in measured("measured_conformance.md", "scikit-learn's checks")}
    for cell, name in ((ours, "DualPathCNNClassifier"), (others, "skorch 1.4.0")):
        passed, expected, failed, _ = map(int, rows[name])
        assert f"{failed} of {passed + expected + failed}" in cell.replace("**", "")
