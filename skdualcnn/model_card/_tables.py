"""The tables of a card: numbers as text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn._rules import DECISIONS
from skdualcnn.model_card._figures import FIGURES, OF_SUBGROUPS, HeadRows

UNKNOWN = "–"
# An underscore between letters or digits, as in most names of columns, is no emphasis.
_MARKUP = re.compile(r"[\\`*~|]|(?<![^\W_])_|_(?![^\W_])")


def figures_table(head: HeadRows, names: Sequence[str], **bootstrap: Any) -> pd.DataFrame:
    """Return figure, value, interval and meaning, one figure a row."""
    figures = head.figures(names, **bootstrap)
    level = f"{100 * bootstrap['confidence_level']:g}% interval"
    return pd.DataFrame(
        {
            "figure": names,
            "value": [_number(value) for value in figures["value"]],
            level: [_interval(row) for _, row in figures.iterrows()],
            "what it is": [FIGURES[name].meaning for name in names],
        }
    )


def subgroup_table(
    head: HeadRows, divisions: Mapping[str, Mapping[str, NDArray[np.bool_]]], **bootstrap: Any
) -> pd.DataFrame:
    """Return the figures of each subgroup with their intervals, one subgroup a row."""
    rows = []
    for division, parts in divisions.items():
        for name, mask in parts.items():
            part = head.take(mask[head.rows])
            figures = part.figures(OF_SUBGROUPS, **bootstrap)
            rows.append(
                {
                    "subgroup": plain(f"{division}: {name}"),
                    "rows": f"{len(part.rows):,}",
                    "groups": f"{len(np.unique(part.groups)):,}",
                    "not normal": f"{int(part.event.sum()):,}",
                    **{str(figure): _with_interval(row) for figure, row in figures.iterrows()},
                }
            )
    return pd.DataFrame(rows)


def decisions_table(states: NDArray[np.object_], decisions: NDArray[np.str_]) -> pd.DataFrame:
    """Return how often each decision was made in each true state."""
    known = pd.notna(states)
    counts = pd.crosstab(states[known], decisions[known])
    order = [state for state in DECISIONS if state in counts.index]
    counts = counts.reindex(index=order, columns=DECISIONS.tolist(), fill_value=0)
    table = counts.rename_axis("true state").reset_index().rename_axis(None, axis=1)
    table["right"] = [f"{(decisions[states == state] == state).mean():.1%}" for state in order]
    return table


def classes_table(heads: list[HeadRows], n_rows: int) -> pd.DataFrame:
    """Return how many rows each class of each head has."""
    return pd.DataFrame(
        [
            {"head": plain(head.name), "class": plain(label), "test rows": f"{count:,}"}
            for head in heads
            for label, count in [
                *head.class_counts().items(),
                ("no label", n_rows - len(head.rows)),
            ]
        ]
    )


def settings_table(settings: Sequence[tuple[str, Any, str]]) -> pd.DataFrame:
    """Return name, value and owner of each setting."""
    rows = [(plain(name), plain(repr(value)), plain(owner)) for name, value, owner in settings]
    return pd.DataFrame(rows, columns=["setting", "value", "of"])


def targets_table(firmware: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return what an export costs on each target at each level of optimisation."""
    rows = [
        {
            "target": plain(target),
            "level": f"-{level}",
            "code, bytes": f"{cost['code_bytes']:,}",
            "constants, bytes": f"{cost['constant_bytes']:,}",
            "stack, bytes": _whole(cost["stack_bytes"]),
        }
        for target, levels in firmware["targets"].items()
        for level, cost in levels.items()
    ]
    return pd.DataFrame(rows) if rows else None


def plain(text: Any) -> str:
    """Return text that Markdown shows as it stands, in a cell of a table as elsewhere."""
    return " ".join(_MARKUP.sub(r"\\\g<0>", str(text)).replace("<", "&lt;").split())


def _whole(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _number(value: float) -> str:
    return UNKNOWN if np.isnan(value) else f"{value:.3f}"


def _interval(figure: "pd.Series[float]") -> str:
    low, high = figure["low"], figure["high"]
    return UNKNOWN if np.isnan(low) else f"{low:.3f} to {high:.3f}"


def _with_interval(figure: "pd.Series[float]") -> str:
    interval = _interval(figure)
    return _number(figure["value"]) + (f" ({interval})" if interval != UNKNOWN else "")
