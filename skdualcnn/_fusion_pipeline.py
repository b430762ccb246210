"""The whole way for rows of one's own: preprocessor, windows, taught network, decision."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn.preprocessing import QuantileScaler, SlidingWindow, make_fusion_preprocessor
from skdualcnn.preprocessing._fusion import ColumnsOfKind

# Boosted trees that learn slowly, for the network to learn from.
TEACHER = HistGradientBoostingClassifier(
    learning_rate=0.05, max_iter=200, max_leaf_nodes=15, l2_regularization=1.0
)
# For traffic alone: a split looks at three columns in ten, so that new types of attack are told
# by more than the few columns that betray the known ones.
TEACHER_OF_TRAFFIC = HistGradientBoostingClassifier(
    learning_rate=0.05, max_iter=200, max_leaf_nodes=15, max_features=0.3
)
TRAINING = {"batch_size": 128, "max_epochs": 10}
NO_DROPOUT = {"conv_dropout": 0.0, "dense_dropout": 0.0}  # recombined rows differ enough
# Bytes and rates span orders of magnitude; of a pulse or an acceleration the distances count.
TRAFFIC_BY_RANK = {"network": QuantileScaler()}
ENOUGH_STAYS = 20_000  # to which few rows are recombined that stand alone,
ENOUGH_CONNECTIONS = 100_000  # more of traffic, where new types of attack are to come;
MOST_RECOMBINED = 20  # but each row at most so often
LEAST_STEPS = 500  # of training, on however few rows,
MOST_EPOCHS = 200  # but in at most so many epochs

Columns = Sequence[str] | Callable[[pd.DataFrame], Sequence[str]]


def make_fusion_decider(
    X: pd.DataFrame,
    *,
    patient: Columns = (),
    environment: Columns = (),
    network: Columns = (),
    group: str | None = None,
    window: int = 1,
    vital_changes: bool = False,
    verbose: int = 0,
    random_state: int | None = None,
) -> FusionDecider:
    """Make a decider with the settings that served best on public data, for rows of one's own.

    It is what ``skdualcnn train --csv`` trains, and every part of it can be changed by
    ``set_params``. Numbers of the network are scaled by rank, the others by distance. The
    network learns from boosted trees, too. Few rows are visited more often; those that stand
    alone, such as stays in a hospital (most rows are a group of their own) or connections
    (there are columns of the network alone), are recombined, unless there are windows.

    Parameters
    ----------
    X : DataFrame of shape (n, n_columns)
        The rows to train on, in the order of time within a group. Here they only say how
        much training suits them; give them to `fit` as well.
    patient, environment, network : list of str or callable, default=()
        Columns of each modality, or a selector that is called with X.
    group : str or None, default=None
        Column that says whose row it is, such as the patient; numbers are fastest. Give it
        to `fit` as `groups`, too. None for rows of one recording: as the command does, give
        `fit` the stretches ``numpy.arange(len(X)) // (10 * window)`` as `groups`, so that the
        teacher is asked about windows that share no row with those it has learned from; with
        single rows, ``numpy.arange(len(X))``.
    window : int, default=1
        Rows that the network sees at once: a row and those before it, of its group.
    vital_changes : bool, default=False
        Whether windows hold what changed in the patient's numbers since the row before,
        instead of the numbers: for long recordings, and people who differ.
    verbose : int, default=0
        1 shows a progress bar.
    random_state : int or None, default=None
        Seed of the network and of its teacher.

    Returns
    -------
    FusionDecider
        Unfitted: a preprocessor, windows if there are any, and the network, with the
        decision on top.

    Raises
    ------
    ValueError
        If X has no rows or two columns of one name, `group` is not in it or, with windows, a
        column of a modality, columns are missing or given twice, `window` is below 1, or there
        are no windows or patient's numbers for `vital_changes`.

    See Also
    --------
    skdualcnn.preprocessing.make_fusion_preprocessor : The first step.
    skdualcnn.baselines.make_baselines : What to compare it with.

    Examples
    --------
    >>> from skdualcnn import make_fusion_decider
    >>> from skdualcnn.datasets import make_ward
    >>> ward = make_ward(n_patients=4, hours=2.0, random_state=0)
    >>> X = ward.data.assign(bed=ward.groups)
    >>> decider = make_fusion_decider(
    ...     X, **ward.modalities, group="bed", window=4, random_state=0
    ... )
    >>> decider.set_params(estimator__dualpathcnnclassifier__max_epochs=1)
    FusionDecider(...)
    >>> decider.fit(X, ward.target, groups=ward.groups).predict(X).shape
    (480,)
    """
    _check_rows(X, window)
    given = {"patient": patient, "environment": environment, "network": network}
    columns = {name: names(X) if callable(names) else names for name, names in given.items()}
    _check_columns(X, columns, group)
    n_vitals = len(vital_numbers(X, columns))
    if vital_changes and (window == 1 or n_vitals == 0):
        raise ValueError(
            f"vital_changes=True with window={window} and {n_vitals} column(s) of the "
            "patient's numbers, expected windows of 2 rows or more and one column or more. Leave "
            "it False."
        )
    n_groups = 0 if group is None else X[group].nunique()
    suited = suited_parameters(len(X), columns, window=window, n_groups=n_groups)
    classifier = DualPathCNNClassifier(**suited, verbose=verbose, random_state=random_state)
    before = preprocessing_steps(
        X,
        columns,
        noise_filter=TRAFFIC_BY_RANK,
        window=window,
        by=group,
        vital_changes=vital_changes,
    )
    return FusionDecider(make_pipeline(*before, classifier))


def suited_parameters(
    n_rows: int, columns: Mapping[str, Any], *, window: int, n_groups: int
) -> dict[str, Any]:
    """Return parameters of the classifier for so many rows of a user's own.

    Few rows are visited more often. Stays (most rows are a group of their own) and connections
    stand alone and are recombined, too; the rows of a recording and of a window belong together.
    """
    connections = window == 1 and not (len(columns["patient"]) or len(columns["environment"]))
    teacher = TEACHER_OF_TRAFFIC if connections else TEACHER
    parameters: dict[str, Any] = {**TRAINING, "teacher": clone(teacher)}
    enough = 0
    if connections:
        enough = ENOUGH_CONNECTIONS
    elif window == 1 and n_groups > n_rows / 2:
        enough = ENOUGH_STAYS
    recombined = min(enough // n_rows, MOST_RECOMBINED)
    if recombined:
        parameters.update(NO_DROPOUT, recombined_rows=recombined)
    steps = n_rows * (1 + recombined) / TRAINING["batch_size"]
    epochs = max(TRAINING["max_epochs"], math.ceil(LEAST_STEPS / steps))
    parameters["max_epochs"] = min(epochs, MOST_EPOCHS)
    return parameters


def preprocessing_steps(
    X: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    noise_filter: Any,
    window: int,
    by: str | None,
    vital_changes: bool,
) -> list[Any]:
    """Return what comes before the classifier: the preprocessor, and windows if there are any."""
    if window == 1:
        return [make_fusion_preprocessor(**columns, noise_filter=noise_filter)]
    preprocessor = make_fusion_preprocessor(**columns, noise_filter=noise_filter, group=by)
    changes = None
    if vital_changes:  # the preprocessor puts the patient's numbers first, in their order
        changes = tuple(range(len(vital_numbers(X, columns))))
    by_last = None if by is None else -1  # where the preprocessor puts it
    return [preprocessor, SlidingWindow(window, by=by_last, changes=changes)]


def vital_numbers(X: pd.DataFrame, columns: Mapping[str, Any]) -> list[str]:
    """Return the patient's columns that hold numbers."""
    return ColumnsOfKind("patient", columns["patient"], numeric=True)(X)


def _check_rows(X: Any, window: Any) -> None:
    if not isinstance(X, pd.DataFrame) or X.empty:
        kind = f"a {type(X).__name__} of {type(X).__module__}"
        got = f"of shape {X.shape}" if isinstance(X, pd.DataFrame) else kind
        raise ValueError(
            f"X is {got}, expected a pandas DataFrame with the rows to train on. Wrap an array: "
            "pandas.DataFrame(X, columns=[...]); convert a frame of polars: X.to_pandas()."
        )
    twice = X.columns[X.columns.duplicated()].unique()
    if len(twice):
        raise ValueError(
            f"X has several columns called {', '.join(map(repr, twice))}, expected one. Rename or "
            "remove the others."
        )
    if not isinstance(window, Integral) or window < 1:
        raise ValueError(f"window={window!r}, expected a whole number of rows, 1 or more.")


def _check_columns(X: pd.DataFrame, columns: Mapping[str, Any], group: str | None) -> None:
    make_fusion_preprocessor(**columns)  # refuses what is no list of columns
    named = [name for names in columns.values() for name in names]
    missing = [name for name in [*named, *([] if group is None else [group])] if name not in X]
    if missing:
        raise ValueError(
            f"X has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, X.columns))}. Name columns that are there."
        )
