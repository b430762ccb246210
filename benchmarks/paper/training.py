"""Fig. 1 and table 1: learning curves, and the hyper-parameters as run."""

import pandas as pd

from benchmarks.paper import reference
from benchmarks.paper.jobs import CURVES
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value
from skdualcnn._studies import OURS
from skdualcnn.inspection import Figure, TrainingHistoryDisplay


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    (watched,) = results.select(protocol, OURS, part=CURVES)
    display = TrainingHistoryDisplay(pd.DataFrame(watched.facts["history"])).plot()
    figure = Figure(
        "Learning curves (fig. 1)",
        "Loss and accuracy on training rows and on a tenth of them, or of their groups, held out "
        "for this figure alone; first seed. The paper reports 100 % on both after about ten "
        "epochs.",
        "Curves of loss and accuracy by epoch, training and validation.",
        display.figure_,
    )
    table = _table(results.select(protocol, OURS)[0].facts)
    return Section("Training (fig. 1, table 1)", [], [table], [figure])


def _table(facts: dict[str, dict[str, str | int | float]]) -> Table:
    run = {"optimizer": "Adam", "loss": "cross-entropy of each head, added", **facts["parameters"]}
    printed = {
        **reference.HYPERPARAMETERS,
        "conv_dropout": reference.HYPERPARAMETERS["dropout"],
        "dense_dropout": reference.HYPERPARAMETERS["dropout"],
    }
    rows: list[list[Value]] = [
        [name, _as_text(value), printed.get(name, "–")] for name, value in run.items()
    ]
    return Table("Hyper-parameters as run (table 1)", ("parameter", "as run", "the paper"), rows)


def _as_text(value: str | int | float) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
