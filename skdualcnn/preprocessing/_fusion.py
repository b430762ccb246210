"""One ColumnTransformer for the three modalities."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from sklearn.utils import check_array

from skdualcnn.preprocessing._filters import OutlierClipper

Columns = Sequence[str] | Callable[[Any], Sequence[str]]


def make_fusion_preprocessor(
    *,
    patient: Columns = (),
    environment: Columns = (),
    network: Columns = (),
    noise_filter: TransformerMixin | Mapping[str, TransformerMixin] | None = None,
    group: str | None = None,
) -> ColumnTransformer:
    """Make a transformer from raw columns of three modalities to features in [0, 1].

    Per modality, in the paper's order: missing numbers become the column's median,
    with a column of 0 and 1 beside it that says so; spikes are clipped; everything is
    scaled to [0, 1] by the range seen in training (eq. 5) and clipped to it. Columns
    of text become one column of 0 and 1 per category, all 0 for a category that
    training did not see. A column of Python objects is text if all its known values are.

    Parameters
    ----------
    patient, environment, network : list of str or callable, default=()
        Columns of each modality: their names, or a selector that is called with the
        DataFrame, such as `sklearn.compose.make_column_selector`. Columns that are
        named nowhere are dropped.
    noise_filter : transformer, dict of str to transformer, or None, default=None
        What the numeric columns pass through between imputing and scaling; None
        stands for :class:`OutlierClipper` with its defaults, and so does a modality that
        a dict leaves out. ``{"network": QuantileScaler()}`` scales traffic, which spans
        orders of magnitude, by rank, and keeps the distances between vital signs.
    group : str or None, default=None
        Column that says which patient or device a row belongs to. It is kept as it is,
        as the last column, for `SlidingWindow(by=-1)`. Numbers are best: among text, all
        features would become Python objects.

    Returns
    -------
    ColumnTransformer
        Unfitted, with the transformers "patient_numeric", "patient_categorical", and
        the same for the environment and the network; last "group", if there is one.

    Raises
    ------
    ValueError
        If no columns are given, a column is given to two modalities, or to one and as `group`,
        a filter to what is no modality, or the group's name is no text. When fitting, if a
        column is neither numbers nor text, is not in the data, or has a name that is no text.

    See Also
    --------
    DualPathCNNClassifier : Reads the features that this makes.
    SlidingWindow : Reads the group, to keep patients apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn import make_fusion_preprocessor
    >>> X = pd.DataFrame(
    ...     {"heart_rate": [60.0, None, 100.0], "protocol": ["tcp", "udp", "tcp"]}
    ... )
    >>> preprocessor = make_fusion_preprocessor(patient=["heart_rate"], network=["protocol"])
    >>> preprocessor.set_output(transform="pandas").fit_transform(X).T
                                                     0    1    2
    patient_numeric__heart_rate                    0.0  0.5  1.0
    patient_numeric__missingindicator_heart_rate   0.0  1.0  0.0
    network_categorical__protocol_tcp              1.0  0.0  1.0
    network_categorical__protocol_udp              0.0  1.0  0.0
    """
    modalities = {"patient": patient, "environment": environment, "network": network}
    _check_columns(modalities, group)
    filters = _filter_of_each(modalities, noise_filter)
    categorical = TextEncoder(handle_unknown="ignore", sparse_output=False)
    transformers: list[tuple[str, Any, Any]] = []
    for modality, columns in modalities.items():
        if callable(columns) or len(columns):
            transformers += [
                (
                    f"{modality}_numeric",
                    _scaled_numbers(filters[modality]),
                    ColumnsOfKind(modality, columns, numeric=True),
                ),
                (
                    f"{modality}_categorical",
                    categorical,
                    ColumnsOfKind(modality, columns, numeric=False),
                ),
            ]
    if group is not None:
        transformers.append(("group", "passthrough", [group]))
    return ColumnTransformer(transformers, sparse_threshold=0)


def _scaled_numbers(noise_filter: TransformerMixin) -> Pipeline:
    return Pipeline(
        [
            (
                "impute",
                NumberImputer(strategy=median, add_indicator=True, keep_empty_features=True),
            ),
            ("filter", noise_filter),
            ("scale", MinMaxScaler(clip=True, copy=False)),  # of what the filter has made
        ]
    )


def _filter_of_each(
    modalities: Mapping[str, Columns],
    noise_filter: TransformerMixin | Mapping[str, TransformerMixin] | None,
) -> dict[str, TransformerMixin]:
    """Return the filter of each modality; no two share one, whose parameters can be set."""
    if noise_filter is not None and not isinstance(noise_filter, Mapping):
        return {name: clone(noise_filter) for name in modalities}
    own = noise_filter or {}
    unknown = [name for name in own if name not in modalities]
    if unknown:
        raise ValueError(
            f"noise_filter has a filter for {unknown}, expected some of {list(modalities)} as its "
            "keys."
        )
    return {name: clone(own.get(name, OutlierClipper())) for name in modalities}


@dataclass(frozen=True)
class ColumnsOfKind:
    """Column selector: the numeric or the text columns among those of a modality.

    Parameters
    ----------
    modality : str
        Name for messages.
    columns : list of str or callable
        The modality's columns.
    numeric : bool
        Which of the two kinds to select; booleans are numbers.
    """

    modality: str
    columns: Columns
    numeric: bool

    def __call__(self, X: Any) -> list[str]:
        """Return the names of the chosen columns of the DataFrame X."""
        if not hasattr(X, "columns"):
            raise ValueError(
                f"The columns of the {self.modality} modality are chosen by name, but X is a "
                f"{type(X).__name__}; expected a DataFrame. Wrap it: pandas.DataFrame(X, columns="
                "[...])."
            )
        columns = list(self.columns(X) if callable(self.columns) else self.columns)
        _check_names(columns)
        missing = [name for name in columns if name not in X.columns]
        if missing:
            raise ValueError(
                f"Column(s) {missing} of the {self.modality} modality are not in X, whose columns "
                f"are {list(X.columns)}. Correct the names or select them with a callable."
            )
        return [name for name in columns if _is_numeric(name, X[name]) == self.numeric]


class NumberImputer(SimpleImputer):
    """Imputer that says which column of a DataFrame is infinite."""

    def fit(self, X: Any, y: None = None) -> Self:
        """Find what stands in for missing numbers."""
        with _infinite_columns_named(X):
            return super().fit(X, y)

    def transform(self, X: Any) -> Any:
        """Return the numbers without gaps, and an indicator of those that had one."""
        with _infinite_columns_named(X):
            return super().transform(X)


@contextmanager
def _infinite_columns_named(X: Any) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        numbers = check_array(X, dtype=np.float64, ensure_all_finite=False)
        infinite = np.argwhere(np.isinf(numbers))
        if not len(infinite):
            raise
        row, column = infinite[0]
        raise ValueError(
            f"Column {X.columns[column]!r} is {numbers[row, column]} in the row at position {row}, "
            "expected a finite number, or NaN where there is none. In pandas: "
            "X.replace([numpy.inf, -numpy.inf], numpy.nan)."
        ) from error


class TextEncoder(OneHotEncoder):
    """One-hot encoder to which None, NaN and pandas.NA are one category, NaN."""

    def fit(self, X: Any, y: None = None) -> Self:
        """Find the categories."""
        super().fit(_with_one_missing(X), y)
        return self

    def transform(self, X: Any) -> Any:
        """Return a column of 0 and 1 per category."""
        return super().transform(_with_one_missing(X))


def _with_one_missing(X: Any) -> Any:
    """Return a DataFrame whose missing text is NaN, as it is in categories of pandas."""
    if hasattr(X, "get_columns"):  # polars
        columns = {one.name: pd.Series(one.to_list(), dtype=object) for one in X.get_columns()}
        X = pd.DataFrame(columns)
    X, missing = X.copy(deep=False), X.isna()
    for name in X.columns[missing.any()]:
        if not isinstance(X[name].dtype, pd.CategoricalDtype):
            X[name] = X[name].astype(object).mask(missing[name], np.nan)
    return X


def median(values: NDArray[np.float64]) -> float:
    """Return the median of a column's known values, 0 if none is known.

    scikit-learn's own strategy "median" gives the same and sorts a masked array for it,
    which takes four times as long.
    """
    return float(np.median(values)) if len(values) else 0.0


def _is_numeric(name: str, column: Any) -> bool:
    dtype = column.dtype
    if hasattr(dtype, "is_numeric"):  # polars
        text = str(dtype) in {"String", "Categorical", "Enum"} or str(dtype).startswith("Enum")
        numeric = dtype.is_numeric() or str(dtype) == "Boolean"
    elif pd.api.types.is_object_dtype(dtype):
        held = pd.api.types.infer_dtype(column, skipna=True)
        if held not in {"string", "empty"}:
            raise ValueError(
                f"Column {name!r} has dtype object and holds values of kind {held!r}, expected "
                "numbers or nothing but text. Convert numbers with pandas.to_numeric, or what is "
                "meant as text with astype('string')."
            )
        numeric, text = False, True
    else:
        numeric = pd.api.types.is_numeric_dtype(dtype)
        text = pd.api.types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype)
    if not numeric and not text:
        raise ValueError(
            f"Column {name!r} has dtype {dtype}, expected numbers or text. Convert it first, for "
            "example a time to seconds since the start, or leave it out."
        )
    return bool(numeric)


def _check_names(columns: Sequence[Any]) -> None:
    """Refuse numbers, which a ColumnTransformer takes for positions."""
    others = [name for name in columns if not isinstance(name, str)]
    if others:
        raise ValueError(
            f"Column(s) {others} are named by no text, expected names of type str. Rename the "
            "columns: X.columns = X.columns.astype(str)."
        )


def _check_columns(modalities: dict[str, Columns], group: str | None) -> None:
    owner: dict[str, str] = {}
    if group is not None:
        _check_names([group])
        owner[group] = "group"
    for modality, columns in modalities.items():
        if callable(columns):
            continue
        if isinstance(columns, str):
            raise ValueError(
                f"{modality}={columns!r} is a single text, expected a list of column names: "
                f"[{columns!r}]."
            )
        if not (pd.api.types.is_list_like(columns) and hasattr(columns, "__len__")):
            raise ValueError(
                f"{modality}={columns!r}, expected a list of column names, or a callable that "
                "chooses them."
            )
        for name in columns:
            if name in owner:
                raise ValueError(
                    f"Column {name!r} is given to both {owner[name]} and {modality}, expected each "
                    "column in one place. Leave it out of one of them."
                )
            owner[name] = modality
    if not owner.keys() - {group} and not any(map(callable, modalities.values())):
        raise ValueError(
            "No columns were given, expected the columns of at least one of patient, environment "
            "and network."
        )
