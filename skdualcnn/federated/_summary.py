"""What a site says of its columns and labels, so that all can scale alike; no rows.

The preprocessor looks at one column at a time: its median, its range, its categories. So
each site describes the distribution of each column by quantiles, and a table is made that
has all these distributions, which the preprocessor is fitted on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import FederationError

# Ranks at which a column is described. The two ends are means of several rows, so that
# no reading of one row is sent that stands out.
N_QUANTILES = 129
ROWS_AT_AN_END = 5
TABLE_ROWS = 2048

Summary = dict[str, Any]


def summarise(
    site: str, data: pd.DataFrame, target: pd.DataFrame, modalities: Mapping[str, Sequence[str]]
) -> Summary:
    """Describe columns and labels.

    Parameters
    ----------
    site : str
        Name of the site.
    data : DataFrame of shape (n, n_features)
        Its rows.
    target : DataFrame of shape (n, n_heads)
        Its labels, None where missing.
    modalities : dict of str to list of str
        Columns of each modality.

    Returns
    -------
    dict
        What JSON takes: ``site``, ``modalities``, ``columns`` and ``classes``.
    """
    columns = [name for listed in modalities.values() for name in listed]
    missing = [name for name in columns if name not in data]
    if missing:
        raise FederationError(
            f"Site {site!r} has no column {', '.join(map(repr, missing))}, which its modalities "
            f"name; it has {', '.join(map(str, data.columns))}."
        )
    return {
        "site": site,
        "modalities": {name: list(listed) for name, listed in modalities.items()},
        "columns": {name: _describe(site, data[name]) for name in columns},
        "classes": {
            str(head): sorted({_plain(label) for label in target[head].dropna()}, key=str)
            for head in target
        },
    }


def check_alike(summaries: Sequence[Summary]) -> None:
    """Refuse sites that do not have the same columns, or of another kind.

    Raises
    ------
    FederationError
        If they differ, or two sites have one name.
    """
    first, *others = summaries
    names = [one["site"] for one in summaries]
    if len(set(names)) < len(names):
        raise FederationError(f"The sites are named {names}, expected a name of its own for each.")
    for other in others:
        if other["modalities"] != first["modalities"]:
            raise FederationError(
                f"Site {other['site']!r} has the columns {other['modalities']}, expected those of "
                f"site {first['site']!r}: {first['modalities']}. Agree on columns and their order."
            )
        for name, described in other["columns"].items():
            kinds = {described["kind"], first["columns"][name]["kind"]} - {"empty"}
            if len(kinds) > 1:
                raise FederationError(
                    f"Column {name!r} has {described['kind']} at site {other['site']!r} and "
                    f"{first['columns'][name]['kind']} at site {first['site']!r}, expected one of "
                    "the two everywhere."
                )


def join_columns(summaries: Sequence[Summary]) -> pd.DataFrame:
    """Return a table in which each column is distributed as over all sites together.

    Its rows are nobody's: the columns are put beside each other by rank.
    """
    names = list(summaries[0]["columns"])
    return pd.DataFrame(
        {name: _join([one["columns"][name] for one in summaries]) for name in names}
    )


def join_classes(summaries: Sequence[Summary]) -> dict[str, list[Any]]:
    """Return the classes of each head that any site has labels of.

    Raises
    ------
    FederationError
        If labels are text at one site and numbers at another, or a head has one class.
    """
    heads = dict.fromkeys(head for one in summaries for head in one["classes"])
    joined = {}
    for head in heads:
        found = {label for one in summaries for label in one["classes"].get(head, [])}
        if not found:
            continue
        if len({isinstance(label, str) for label in found}) > 1:
            raise FederationError(
                f"Head {head!r} has the labels {sorted(found, key=str)} over all sites, expected "
                "either text or numbers."
            )
        if len(found) == 1:
            raise FederationError(
                f"Head {head!r} has the class {found.pop()!r} only over all sites, expected two or "
                "more. Leave the head out, or ask a site that has seen another class."
            )
        joined[head] = sorted(found)
    if not joined:
        raise FederationError("No site has a label, expected at least one head with labels.")
    return joined


def _describe(site: str, column: pd.Series) -> dict[str, Any]:
    known = column.dropna()
    counts = {"rows": len(known), "missing": len(column) - len(known)}
    if len(known) == 0:
        return {"kind": "empty", **counts}
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return {"kind": "text", **counts, "categories": _categories(site, known)}
    values = np.sort(known.to_numpy(dtype=np.float64))
    n_infinite = int(np.isinf(values).sum())
    if n_infinite:
        raise FederationError(
            f"Column {column.name!r} of site {site!r} has {n_infinite} infinite value(s), expected "
            "numbers; what is not known is to be missing (NaN)."
        )
    quantiles = np.quantile(values, np.linspace(0, 1, N_QUANTILES))
    quantiles[0], quantiles[-1] = values[:ROWS_AT_AN_END].mean(), values[-ROWS_AT_AN_END:].mean()
    # The mean of the end may lie inside of the next rank, where a site has few rows.
    inner = np.clip(quantiles, quantiles[0], quantiles[-1])
    return {"kind": "numbers", **counts, "quantiles": inner.tolist()}


def _categories(site: str, known: pd.Series) -> list[str]:
    other = next((one for one in known if not isinstance(one, str)), None)
    if other is not None:
        raise FederationError(
            f"Column {known.name!r} of site {site!r} is of dtype {known.dtype} and has values such "
            f"as {other!r}, expected numbers or nothing but text. Convert numbers with "
            "pandas.to_numeric, or what is meant as text with astype('string')."
        )
    return sorted({str(one) for one in known})


def _join(parts: Sequence[dict[str, Any]]) -> NDArray[Any]:
    known = sum(part["rows"] for part in parts)
    missing = sum(part["missing"] for part in parts)
    gaps = round(TABLE_ROWS * missing / max(1, known + missing))
    # A column with any gap gets one, a column with any value gets one.
    gaps = min(max(gaps, int(missing > 0)), TABLE_ROWS - int(known > 0))
    n = TABLE_ROWS - gaps
    if any(part["kind"] == "text" for part in parts):
        categories = sorted({one for part in parts for one in part.get("categories", [])})
        cells = np.resize(np.array(categories, dtype=object), n)
        return np.concatenate([cells, np.full(gaps, None, dtype=object)])
    described = [part for part in parts if part["kind"] == "numbers"]
    ranks = np.linspace(0, 1, N_QUANTILES)
    # As many values of each site as its share of the readings, two at least.
    draws = [
        np.interp(
            np.linspace(0, 1, max(2, round(n * part["rows"] / known))), ranks, part["quantiles"]
        )
        for part in described
    ]
    pooled = np.sort(np.concatenate([np.empty(0), *draws]))
    values = (
        pooled[np.linspace(0, len(pooled) - 1, n).round().astype(int)] if len(pooled) else pooled
    )
    return np.concatenate([values, np.full(TABLE_ROWS - len(values), np.nan)])


def _plain(label: Any) -> Any:
    """Return a label as JSON has it."""
    return label.item() if isinstance(label, np.generic) else label
