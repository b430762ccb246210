"""A line of text for each decision, short enough for an alert."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn._decider import FusionDecider
from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._fusion_rule import FusionRule
from skdualcnn.explanation._attributions import Attributions
from skdualcnn.explanation._counterfactual import nearest_changes

Floats = NDArray[np.float64]

SAME = 1e-3  # by how much a score that is the decided one may differ from it, through rounding


def describe_decisions(
    decider: FusionDecider, X: pd.DataFrame, attributions: Attributions, *, n_columns: int = 3
) -> list[str]:
    """Say why each decision was made, in one line each.

    Parameters
    ----------
    decider : FusionDecider, TunedFusionDecider or ConformalFusionDecider
        Fitted decider.
    X : DataFrame of n rows
        The rows, with their raw values.
    attributions : Attributions
        What :func:`attribute_scores` returned for these rows.
    n_columns : int, default=3
        Columns to name for each head that raised the alert.

    Returns
    -------
    list of str
        Decision; score of the head or heads behind it, as it was decided on; the columns
        that added most to it, with their values in the row, their contributions and, with
        windows, at which step before the row a column added most; the sum of each
        modality; and the smallest change of one score, or of one confidence where the rule
        compares these, that would change the decision, left out for a decider of sets, which
        depends on more than that. Where contributions are to the score before calibration,
        that is named, too.

    Raises
    ------
    ValueError
        If the rows are not as many as those of the attributions, or `n_columns` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.explanation import attribute_scores, describe_decisions
    >>> X = pd.DataFrame(
    ...     np.random.default_rng(0).random((200, 8)).astype("float32"), columns=list("abcdefgh")
    ... )
    >>> y = pd.DataFrame({"health": X["b"] > 0.6, "cyber": X["g"] > 0.6}).astype(int)
    >>> network = DualPathCNNClassifier(lr=0.01, max_epochs=10, random_state=0)
    >>> decider = FusionDecider(network).fit(X, y)
    >>> row = X[(y["health"] == 1) & (y["cyber"] == 0)].head(1)
    >>> attributions = attribute_scores(decider, row, reference=X[(y == 0).all(axis=1)])
    >>> print(describe_decisions(decider, row, attributions, n_columns=1)[0])  # doctest: +ELLIPSIS
    medical: health score ... at rest: b = 0... (+0...). Would be ... if the health score fell ...
    """
    if len(X) != len(attributions.scores):
        raise ValueError(
            f"X has {len(X)} rows and the attributions are of {len(attributions.scores)}, expected "
            "the same rows. Give both functions the same X."
        )
    if n_columns < 1:
        raise ValueError(f"n_columns={n_columns}, expected 1 or more. Leave it at 3.")
    rule, scores = FusionRule.of(decider), decider.decision_function(X)
    decisions = decider.predict(X)
    decided = {
        head.name: scores[:, head.role]
        if rule.rule == "anomaly"
        else attributions.scores[head.name].to_numpy()
        for head in deciding_heads(decider)
    }
    by_column = {head: attributions.by_column(head) for head in attributions.values}
    earlier = {head: _steps_before(attributions, head) for head in attributions.values}
    by_modality = {head: attributions.by_modality(head) for head in attributions.values}
    lines = []
    for row, decision in enumerate(decisions):
        parts = []
        for head in _heads_behind(decider, decided, decision, row):
            largest = by_column[head].iloc[row].nlargest(n_columns)
            columns = ", ".join(
                (f"{column} = {_shown(X[column].iloc[row])}" if column in X else str(column))
                + f" ({share:+.2f}{_when(earlier[head][column][row])})"
                for column, share in largest.items()
            )
            score, explained = decided[head][row], attributions.scores[head].iloc[row]
            part = f"{head} score {score:.2f}"
            if abs(score - explained) > SAME:
                part += f", before calibration {explained:.2f}"
            part += f" against {attributions.base[head]:.2f} at rest: {columns}"
            modalities = by_modality[head].iloc[row]
            if len(modalities) > 1:
                sums = ", ".join(f"{name} {share:+.2f}" for name, share in modalities.items())
                part += f" ({sums} in all)"
            parts.append(part)
        line = f"{decision}: {'; '.join(parts)}."
        # Where sets can turn a decision down, a score alone does not say what would change it.
        changes = [] if hasattr(decider, "predict_set") else nearest_changes(rule, *scores[row])
        if changes:
            line += f" {str(changes[0]).capitalize()}."
        lines.append(line)
    return lines


def _steps_before(attributions: Attributions, head: str) -> dict[Any, NDArray[np.intp]]:
    """Return of each raw column how many steps before each row it added most."""
    latest_first, columns = attributions.values[head][:, ::-1], attributions.features["column"]
    return {
        column: latest_first[:, :, columns == column].sum(axis=2).argmax(axis=1)
        for column in columns.unique()
    }


def _when(before: int) -> str:
    if before == 0:
        return ""
    return f", most {before} step{'s' if before > 1 else ''} before"


def _heads_behind(
    decider: FusionDecider, decided: Mapping[str, Floats], decision: str, row: int
) -> list[str]:
    """Return the heads whose scores made the decision; the higher one where none did."""
    roles = {"medical": (0,), "cyber": (1,), "both": (0, 1)}.get(decision, ())
    behind = [head.name for head in deciding_heads(decider) if head.role in roles]
    return behind or [max(decided, key=lambda head: float(decided[head][row]))]


def _shown(value: Any) -> str:
    if pd.isna(value):
        return "missing"
    return f"{value:.4g}" if isinstance(value, Real) else str(value)
