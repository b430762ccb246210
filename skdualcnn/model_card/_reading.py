"""What a card needs of a decider and its test rows, read once and checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skdualcnn._deciding_heads import deciding_heads
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._labels import Labels
from skdualcnn._rules import find_alerts
from skdualcnn.model_card._figures import HeadRows

MAX_SUBGROUPS = 20


def read_heads(
    decider: Any, labels: Labels, explained: pd.DataFrame, groups: NDArray[Any]
) -> list[HeadRows]:
    """Return the rows of each head, medical first.

    Parameters
    ----------
    decider : FusionDecider
        Fitted.
    labels : Labels
        Of n rows, in the order of the decider's heads.
    explained : DataFrame of n rows
        What `explain_decisions` says of them.
    groups : ndarray of shape (n,)
        What belongs together.
    """
    rule = FusionRule.of(decider)
    scores = explained[["health_score", "cyber_score"]].to_numpy(np.float64)
    alerts = find_alerts(*scores.T, thresholds=rule.thresholds, distrust=rule.distrust)
    found = []
    for head in deciding_heads(decider):
        rows = np.flatnonzero(labels.weights[:, head.position] > 0)
        codes = {label: code for code, label in enumerate(head.classes.tolist())}
        of_rows = explained.iloc[rows]
        predicted = of_rows[f"{head.name}_class"].map(codes).to_numpy(dtype=np.intp)
        normal = codes[head.normal]
        score = 1 - of_rows[f"{head.name}_probability_{head.normal}"].to_numpy(np.float64)
        alert = alerts[head.role][rows] if rule.rule == "anomaly" else predicted != normal
        # A class that training did not know is no class of the head, and always wrong.
        true = pd.Series(labels.columns[head.position][rows], dtype=object).map(codes)
        found.append(
            HeadRows(
                name=head.name,
                classes=head.classes,
                rows=rows,
                true=true.fillna(len(head.classes)).to_numpy(dtype=np.intp),
                predicted=predicted,
                normal=normal,
                score=score,
                alert=np.asarray(alert, dtype=bool),
                groups=groups[rows],
            )
        )
    return found


def read_subgroups(
    subgroups: Mapping[str, ArrayLike] | pd.DataFrame | None, n_rows: int
) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return of each way to divide the rows the subgroups, as masks.

    Raises
    ------
    TypeError
        If they have no names.
    ValueError
        If one has another number of rows, too many values to be subgroups, or different
        values that read the same.
    """
    if not isinstance(subgroups, Mapping | pd.DataFrame | None):
        raise TypeError(
            f"subgroups is a {type(subgroups).__name__}, expected a pandas DataFrame or a mapping "
            "of names to the values of all rows. Give it a name, such as {'sex': VALUES}."
        )
    found: dict[str, dict[str, NDArray[np.bool_]]] = {}
    for name, values in dict(subgroups if subgroups is not None else {}).items():
        column = pd.Series(values).reset_index(drop=True)
        if len(column) != n_rows:
            raise ValueError(
                f"subgroups[{name!r}] has {len(column)} rows, expected {n_rows}, as X has."
            )
        codes, uniques = pd.factorize(column, sort=True)
        if len(uniques) > MAX_SUBGROUPS:
            raise ValueError(
                f"subgroups[{name!r}] has {len(uniques)} values, expected at most "
                f"{MAX_SUBGROUPS}. Cut numbers into bands, such as with pandas.cut."
            )
        masks = [(str(value), np.asarray(codes == code)) for code, value in enumerate(uniques)]
        if (codes == -1).any():
            masks.append(("not recorded", np.asarray(codes == -1)))
        found[str(name)] = dict(masks)
        if len(found[str(name)]) < len(masks):
            raise ValueError(
                f"subgroups[{name!r}] has the values {uniques.tolist()}, some of which read the "
                "same, as missing ones do as 'not recorded'; expected a text of its own for each. "
                "Rename values, or convert the column with astype(str)."
            )
    return found
