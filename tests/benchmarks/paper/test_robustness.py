import numpy as np
import pytest

from benchmarks.paper.jobs import Job
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.robustness import describe_rows


@pytest.mark.parametrize(
    ("tried", "in_a_row", "said"),
    [
        (2000, True, "Tried on the last 2,000 of the 3,221 test rows."),
        (2000, False, "Tried on 2,000 of the 3,221 test rows, from all over them."),
        (3221, True, "Tried on all 3,221 test rows."),
    ],
)
def test_the_page_says_which_rows_were_perturbed(tried, in_a_row, said):
    facts = {"perturbed_rows": tried, "perturbed_in_a_row": in_a_row}
    job = Job("wustl_ehms", "honest", "test", "m", 0)
    outcome = Outcome(job, facts, {}, {}, {"group": np.zeros(3221)})
    assert describe_rows(outcome) == said
