"""Where the features that a network reads come from: raw columns and modalities."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from skdualcnn.preprocessing import SlidingWindow

UNKNOWN = "input"  # modality of features that no preprocessor names
_KINDS = ("_numeric", "_categorical")
_INDICATOR = "missingindicator_"


def trace_features(steps: Sequence[Any], names: Sequence[str]) -> pd.DataFrame:
    """Return the raw column and the modality of each feature that a classifier reads.

    Columns of a named X are followed through steps that keep or choose among them.

    Parameters
    ----------
    steps : sequence of transformers
        The fitted steps in front of the classifier.
    names : sequence of str
        What to call the features where the steps do not say, one each.

    Returns
    -------
    DataFrame
        A row per feature: `column`, `modality`.
    """
    first = getattr(steps[0], "feature_names_in_", ()) if len(steps) else ()
    traced = [(str(name), UNKNOWN) for name in first]
    for step in steps:
        if isinstance(step, ColumnTransformer):
            traced = _of_transformer(step)
        elif isinstance(step, SlidingWindow):
            traced = _of_windows(step, traced)
        else:
            traced = _of_names(step, traced)
    if len(traced) != len(names):
        traced = [(name, UNKNOWN) for name in names]
    return pd.DataFrame(traced, columns=["column", "modality"])


def _of_transformer(transformer: ColumnTransformer) -> list[tuple[str, str]]:
    traced, n_columns = [], transformer.n_features_in_
    known = getattr(transformer, "feature_names_in_", [f"x{place}" for place in range(n_columns)])
    for name, fitted, chosen in transformer.transformers_:
        place = transformer.output_indices_[name]
        if place.stop == place.start:
            continue
        modality = name
        for kind in _KINDS:
            modality = modality.removesuffix(kind)
        traced += [(column, modality) for column in _sources(fitted, _named(chosen, known))]
    return traced


def _named(columns: Any, known: Any) -> list[str]:
    """Return the names of columns, which may be chosen by place, slice or mask instead."""
    if isinstance(columns, str | int):
        columns = [columns]
    ends = [columns.start, columns.stop] if isinstance(columns, slice) else columns
    by_name, named = any(isinstance(one, str) for one in ends), pd.Series(known, known)
    return list(named.loc[columns] if by_name else named.iloc[columns])


def _sources(fitted: Any, columns: Sequence[Any]) -> list[str]:
    """Return the column of each feature that one of the transformers makes."""
    try:
        made = columns if isinstance(fitted, str) else fitted.get_feature_names_out(columns)
    except AttributeError:  # of a step that names none, such as a FunctionTransformer
        made = columns
    encoder = fitted[-1] if isinstance(fitted, Pipeline) else fitted
    categories = getattr(encoder, "categories_", [])
    # A name such as "kind_of_tcp" may be of a column "kind" or of "kind_of".
    if len(categories) == len(columns) and sum(map(len, categories)) == len(made):
        pairs = zip(columns, categories, strict=True)
        return [str(column) for column, known in pairs for _ in known]
    return [_raw_column(str(one), columns) for one in made]


def _raw_column(feature: str, columns: Sequence[Any]) -> str:
    """Return the column that scikit-learn named a feature after."""
    plain = feature.removeprefix(_INDICATOR)
    known = {str(column) for column in columns}
    if plain in known:
        return plain
    fitting = [column for column in known if plain.startswith(f"{column}_")]
    return max(fitting, key=len, default=plain)


def _of_names(step: Any, traced: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what a step keeps, by the names that it gives; nothing if it makes others."""
    if isinstance(step, OneToOneFeatureMixin):
        return traced
    if not hasattr(step, "get_feature_names_out"):
        return []
    names = getattr(step, "feature_names_in_", [f"x{place}" for place in range(len(traced))])
    known = dict(zip(names, traced, strict=False))
    made = list(step.get_feature_names_out())
    return [known[name] for name in made] if known.keys() >= set(made) else []


def _of_windows(window: SlidingWindow, traced: list[tuple[str, str]]) -> list[tuple[str, str]]:
    by = window.by_position_
    traced = [one for place, one in enumerate(traced) if place != by]
    return traced * (2 if window.add_indicator else 1)
