"""Where the features that a network reads come from: raw columns and modalities."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer

from skdualcnn.preprocessing import SlidingWindow

UNKNOWN = "input"  # modality of features that no preprocessor names
_KINDS = ("_numeric", "_categorical")
_INDICATOR = "missingindicator_"


def trace_features(steps: Sequence[Any], names: Sequence[str]) -> pd.DataFrame:
    """Return the raw column and the modality of each feature that a classifier reads.

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
    traced: list[tuple[str, str]] = []
    for step in steps:
        if isinstance(step, ColumnTransformer):
            traced = _of_transformer(step)
        elif isinstance(step, SlidingWindow):
            traced = _of_windows(step, traced)
        else:
            traced = []
    if len(traced) != len(names):
        traced = [(name, UNKNOWN) for name in names]
    return pd.DataFrame(traced, columns=["column", "modality"])


def _of_transformer(transformer: ColumnTransformer) -> list[tuple[str, str]]:
    traced = []
    for name, fitted, columns in transformer.transformers_:
        place = transformer.output_indices_[name]
        if place.stop == place.start:
            continue
        modality = name
        for kind in _KINDS:
            modality = modality.removesuffix(kind)
        made = columns if isinstance(fitted, str) else fitted.get_feature_names_out(columns)
        traced += [(_raw_column(str(one), columns), modality) for one in made]
    return traced


def _raw_column(feature: str, columns: Sequence[Any]) -> str:
    """Return the column that scikit-learn named a feature after."""
    plain = feature.removeprefix(_INDICATOR)
    known = {str(column) for column in columns}
    if plain in known:
        return plain
    fitting = [column for column in known if plain.startswith(f"{column}_")]
    return max(fitting, key=len, default=plain)


def _of_windows(window: SlidingWindow, traced: list[tuple[str, str]]) -> list[tuple[str, str]]:
    by = window.by_position_
    traced = [one for place, one in enumerate(traced) if place != by]
    return traced * (2 if window.add_indicator else 1)
