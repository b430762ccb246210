"""What the README promises on top of what tests/docs checks of every page."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_first_two_shell_blocks_are_one_command_each():
    blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)
    assert len(blocks) == 2
    assert [len(block.strip().splitlines()) for block in blocks] == [1, 1]


def test_figures_of_the_comparison_are_on_the_measured_pages():
    text = README.read_text(encoding="utf-8")
    table = text[text.index("| how it compares |") : text.index("## Where to go next")]
    for row in table.splitlines():
        pages = re.findall(r"\]\((docs/measured_\w+\.md)\)", row)
        if not pages:
            continue
        measured = (README.parent / pages[0]).read_text(encoding="utf-8")
        for figure in re.findall(r"(?<![\d,])(?:\d+,\d{3}|\.\d{3})", row):
            assert figure in measured, f"{figure} is not on {pages[0]}"
