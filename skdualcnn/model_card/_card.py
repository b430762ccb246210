"""The one public function: fitted decider and held-out rows in, model card out."""

import os
import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from skdualcnn._deciding_heads import deciding_heads, read_labels
from skdualcnn._extras import import_extra
from skdualcnn._groups import number_groups
from skdualcnn._percentages import percentage
from skdualcnn._versions import describe_environment
from skdualcnn._writing import write_whole
from skdualcnn.model_card import _tables
from skdualcnn.model_card._figures import CALIBRATION, PERFORMANCE, HeadRows
from skdualcnn.model_card._reading import read_heads, read_subgroups

if TYPE_CHECKING:
    from skops.card import Card

MAX_NAMES = 30  # of columns that are listed
FEW_GROUPS = 20
FEW_ROWS = 10  # of one kind, normal or not
NOT_STATED = "Not stated."
INTENDED_USE = (
    "Not stated by the authors of this model. It tells medical emergencies, cyberattacks and "
    "normal operation apart, as help for people who decide; without a statement here it is for "
    "research only. It is not a medical device."
)


def make_model_card(
    decider: Any,
    X: Any,
    y: Any,
    *,
    groups: ArrayLike | None = None,
    subgroups: Mapping[str, ArrayLike] | pd.DataFrame | None = None,
    modalities: Mapping[str, Sequence[str]] | None = None,
    title: str = "Model card",
    data: str | None = None,
    protocol: str | None = None,
    intended_use: str | None = None,
    limits: str | None = None,
    firmware: Mapping[str, Any] | None = None,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    random_state: int = 0,
) -> "Card":
    """Describe a fitted decider on rows that it has not seen: a model card.

    The card says what the decider is made of, what it is for, on which data and by which
    protocol it was measured, how good and how well calibrated each head is, with
    confidence intervals, on all rows and in each subgroup, where the operating point
    lies, how the decisions turn out, what the firmware takes, and where the limits are.
    What was not stated is listed as not stated.

    Parameters
    ----------
    decider : FusionDecider
        Fitted; or another estimator that holds one as `decider_`, or the best one of a
        search as `best_estimator_`.
    X : array-like of n rows
        Held-out rows, as the decider takes them.
    y : array-like of shape (n, 2) or (n,)
        Their labels, a column per head; NaN, None or pandas.NA where missing.
    groups : array-like of shape (n,), default=None
        What belongs together, such as the patient: intervals come from drawing whole
        groups again. None takes every row as independent, and the card says so.
    subgroups : DataFrame of n rows, or mapping of str to array-like of shape (n,), default=None
        Ways to divide the rows, such as age band, sex and kind of unit, by name. Missing
        values become a subgroup of their own, "not recorded".
    modalities : mapping of str to list of str, default=None
        The columns of each modality, to be listed.
    title : str, default="Model card"
        Heading of the card.
    data, protocol, intended_use, limits : str, default=None
        Text of the sections of these names, in Markdown. The first two are the fields
        `DESCR` and `protocol` of a data set of `skdualcnn.datasets`.
    firmware : mapping, default=None
        What an export takes: `FirmwareReport.to_dict()`, or what its report.json holds.
    n_resamples : int, default=1000
        Resamples of the bootstrap.
    confidence_level : float, default=0.95
        Of the intervals.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    skops.card.Card
        The card, to which more sections, tables and pictures can be added.

    Raises
    ------
    TypeError
        If `decider` is not a decider, or `subgroups` neither a mapping nor a DataFrame.
    ValueError
        If y has not a column for each head, or texts for a head that has numbers; if lengths
        differ, a group is missing, a subgroup has too many values or some that read the same,
        or a number is out of its range.
    MissingPackageError
        If skops is not installed.

    See Also
    --------
    write_model_card : Writes the card as Markdown.
    skdualcnn.inspection.write_report : A page with pictures, and other models beside ours.

    Notes
    -----
    Intervals are percentile intervals of a bootstrap of whole groups. They cover what
    would differ with other patients like these, and nothing else: not another hospital,
    and not another training. From few groups they are too narrow. The ECE has none: rows
    drawn twice make its bins noisier, so that it is larger of a resample than of the rows.
    Its floor, what it would be by chance alone, stands beside it.

    References
    ----------
    .. [1] M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, 220-229.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.model_card import make_model_card
    >>> X = pd.DataFrame(np.random.default_rng(0).random((400, 2)), columns=["pulse", "packets"])
    >>> y = pd.DataFrame({"health": X["pulse"] > 0.7, "cyber": X["packets"] > 0.7}).astype(int)
    >>> decider = FusionDecider(MultiOutputClassifier(LogisticRegression())).fit(X[:200], y[:200])
    >>> card = make_model_card(decider, X[200:], y[200:], title="Bed 4", n_resamples=100)
    >>> print(card.select("Bed 4/Data/Test rows").format())
    200 rows.
    <BLANKLINE>
    |  head  |  class   | test rows |
    | :----: | :------: | :-------: |
    | health |    0     |    131    |
    | health |    1     |     69    |
    | health | no label |     0     |
    | cyber  |    0     |    150    |
    | cyber  |    1     |     50    |
    | cyber  | no label |     0     |
    """
    library = import_extra("skops.card", "card")
    decider = getattr(decider, "best_estimator_", decider)
    if not hasattr(decider, "explain_decisions"):
        raise TypeError(
            f"Got a {type(decider).__name__}, expected a fitted FusionDecider. Fit "
            "FusionDecider(estimator) and describe that."
        )
    _check_numbers(n_resamples, confidence_level)
    fused = _innermost(decider)
    labels = read_labels(fused, y)
    check_consistent_length(labels.weights, X, *([] if groups is None else [groups]))
    n_rows = len(labels.weights)
    divisions = read_subgroups(subgroups, n_rows)
    unit = np.arange(n_rows) if groups is None else number_groups(groups)
    explained = decider.explain_decisions(X)
    states = decider.true_state(y)
    heads = read_heads(fused, labels, explained, unit)
    bootstrap = {
        "n_resamples": n_resamples,
        "confidence_level": confidence_level,
        "random_state": random_state,
    }

    card = library.Card(decider, template=None)
    top = _section(title)

    def say(section: str, text: str) -> None:
        card.add(**{f"{top}/{section}": text.strip()})

    def show(section: str, table: pd.DataFrame, text: str = "") -> None:
        key = f"{top}/{section}"
        card.add_table(description=text, **{key: table})
        # skops heads a table with the whole path, and a text with its last part.
        card.select(key).title = _heading(section)

    say("Model", _describe_model(fused, X, modalities))
    card.add(folded=True, **{f"{top}/Model/Settings": _settings(decider)})
    say("Intended use", intended_use or INTENDED_USE)
    say("Data", data or NOT_STATED)
    show(
        "Data/Test rows",
        _tables.classes_table(heads, n_rows),
        f"{n_rows:,} rows" + ("." if groups is None else f" of {len(np.unique(unit)):,} groups."),
    )
    say("Protocol", protocol or NOT_STATED)
    show("Operating point", _tables.settings_table(_operating_point(decider)))
    say("Performance", _explain_intervals(groups is not None, bootstrap))
    say("Calibration", "Of the probability of not normal, one minus that of the normal class.")
    for head in heads:
        for section, names in (("Performance", PERFORMANCE), ("Calibration", CALIBRATION)):
            table = _tables.figures_table(head, names, **bootstrap)
            show(f"{section}/{_section(head.name)}", table)
    if divisions:
        say("Subgroups", f"Value and {100 * confidence_level:g}% interval, in parentheses.")
        for head in heads:
            show(
                f"Subgroups/{_section(head.name)}",
                _tables.subgroup_table(head, divisions, **bootstrap),
            )
    else:
        say("Subgroups", "None were given: whether the decider serves all alike is not known.")
    show(
        "Decisions",
        _tables.decisions_table(states, explained["decision"].to_numpy(str)),
        f"{(explained['decision'] == 'uncertain').mean():.1%} of the rows are `uncertain`. Rows "
        "with the label of every head:",
    )
    if firmware is not None:
        say("Firmware", _describe_firmware(firmware))
        targets = _tables.targets_table(firmware)
        if targets is not None:
            show("Firmware/Targets", targets)
    found = _find_limits(heads, divisions, groups is not None)
    say("Limits", "\n".join([*([limits, ""] if limits else []), *(f"- {one}" for one in found)]))
    versions = describe_environment()
    say("Made with", ", ".join(f"{name} {version}" for name, version in versions.items()) + ".")
    return card


def write_model_card(path: str | os.PathLike[str], card: "Card") -> Path:
    """Write a card as Markdown, whole or not at all.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced.
    card : skops.card.Card
        What `make_model_card` returned, and what was added to it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file is then as it was.

    See Also
    --------
    make_model_card : Makes the card.
    """
    return write_whole(path, (card.render().strip() + "\n").encode())


def _check_numbers(n_resamples: int, confidence_level: float) -> None:
    if not isinstance(n_resamples, int | np.integer) or n_resamples < 1:
        raise ValueError(f"n_resamples={n_resamples!r}, expected a whole number of at least 1.")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level={confidence_level!r}, expected a share in (0, 1).")


def _innermost(decider: Any) -> Any:
    """Return the FusionDecider itself, out of what holds it."""
    while hasattr(decider, "decider_"):
        decider = decider.decider_
    return decider


def _section(name: str) -> str:
    """Return a heading that skops does not take for a path."""
    return " ".join(name.split()).replace("/", "\\/")


def _heading(section: str) -> str:
    """Return what is shown of a path of sections: the last of them."""
    return _tables.plain(re.split(r"(?<!\\)/", section)[-1].replace("\\/", "/"))


def _settings(decider: Any) -> str:
    changed = decider.__repr__(N_CHAR_MAX=10**6)  # scikit-learn leaves the defaults out
    return f"Parameters that are not the defaults:\n\n```\n{changed}\n```"


def _operating_point(decider: Any) -> list[tuple[str, Any, str]]:
    """Return name, value and owner of the settings: of the decision, then of what is around it.

    They are those that are values, not estimators.
    """
    inner = _operating_point(decider.decider_) if hasattr(decider, "decider_") else []
    own = decider.get_params(deep=False).items()
    kind = type(decider).__name__
    return inner + [(name, one, kind) for name, one in own if not hasattr(one, "get_params")]


def _describe_model(decider: Any, X: Any, modalities: Mapping[str, Sequence[str]] | None) -> str:
    estimator = decider.estimator_
    steps = [name for name, _ in getattr(estimator, "steps", [])] or [type(estimator).__name__]
    lines = [f"- {type(decider).__name__} of {' → '.join(map(_tables.plain, steps))}"]
    lines += [
        f"- head {_tables.plain(head.name)}, normal class {_tables.plain(head.normal)}"
        for head in deciding_heads(decider)
    ]
    lines.append(f"- {np.shape(X)[-1]:,} columns")
    for modality, columns in (modalities or {}).items():
        names = ", ".join(_tables.plain(one) for one in columns[:MAX_NAMES])
        more = f" and {len(columns) - MAX_NAMES:,} more" if len(columns) > MAX_NAMES else ""
        if columns:
            lines.append(f"- {_tables.plain(modality)}: {names}{more}")
    return "\n".join(lines)


def _explain_intervals(grouped: bool, bootstrap: Mapping[str, Any]) -> str:
    unit = "whole groups" if grouped else "single rows"
    return (
        f"Percentile intervals of {bootstrap['n_resamples']:,} bootstrap resamples of {unit} "
        f"(seed {bootstrap['random_state']}). They cover what would differ with other rows like "
        "these, not another hospital and not another training."
    )


def _describe_firmware(firmware: Mapping[str, Any]) -> str:
    stack = firmware["stack_bytes"]
    lines = [
        f"{firmware['parameters']:,} parameters",
        f"{firmware['multiply_adds']:,} multiply-adds per call",
        *(f"flash, {part}: {size:,} bytes" for part, size in firmware["flash_bytes"].items()),
        f"RAM: {firmware['ram_bytes']:,} bytes",
        *([] if stack is None else [f"stack: {stack:,} bytes"]),
        f"activations of {firmware['activation_bits']} bits",
        f"digest `{firmware['digest']}`",
    ]
    fidelity = firmware.get("fidelity")
    if fidelity is not None:
        lines.append(
            f"{percentage(fidelity['identical'])}% of {fidelity['rows']:,} answers identical to "
            "the float model's"
        )
    return "\n".join(f"- {line}" for line in lines)


def _find_limits(
    heads: Sequence[HeadRows], divisions: Mapping[str, Mapping[str, Any]], grouped: bool
) -> list[str]:
    """Return what the test rows themselves say of how far the figures carry."""
    found = [
        "The figures hold for rows like those above; elsewhere the decider is to be measured "
        "again before it is used."
    ]
    if not grouped:
        found.append(
            "Rows were taken as independent. If they belong to patients or episodes, the "
            "intervals are too narrow."
        )
    for head in heads:
        if len(head.alert) and not head.alert.any():
            found.append(f"{head.name}: no row raises its alert at this operating point.")
        of_head = len(np.unique(head.groups))
        if grouped and of_head < FEW_GROUPS:
            found.append(f"{head.name}: {of_head} groups; intervals from so few are too narrow.")
        for (division, parts), (kind, wanted) in product(
            divisions.items(),
            (("that are not normal", head.event), ("that are normal", ~head.event)),
        ):
            counts = {name: int(wanted[mask[head.rows]].sum()) for name, mask in parts.items()}
            few = [f"{name} ({n})" for name, n in counts.items() if n < FEW_ROWS]
            if few:
                found.append(
                    f"{head.name}, by {division}: fewer than {FEW_ROWS} rows {kind} in "
                    f"{', '.join(few)}; their figures say little."
                )
    return [_tables.plain(one) for one in found]
