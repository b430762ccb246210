"""Scoring of data that comes in partitions and need not fit in memory."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skdualcnn._decisions import DecisionsMixin
from skdualcnn._extras import import_extra
from skdualcnn._fitted_heads import FittedHeads, walk_in
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._looking_back import find_backward_steps, n_rows_before
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import PartitionError
from skdualcnn.preprocessing import SlidingWindow

if TYPE_CHECKING:
    import dask.dataframe

__all__ = ["score_partitions", "score_table"]


def score_partitions(
    estimator: Any, frame: "dask.dataframe.DataFrame", *, group: str | None = None
) -> "dask.dataframe.DataFrame":
    """Score a Dask DataFrame one partition at a time.

    Nothing is computed until the result is: written with ``to_parquet``, say, it takes
    the memory of a few partitions, however many there are, on the threads or processes
    of this machine or on the workers of a cluster. Needs Dask:
    ``pip install 'skdualcnn[dask]'``.

    Windows see the rows before them, so partitions must not hide any. Windows without
    `by` take all rows for one sequence, and each partition is given the last rows of
    the one before. With `by`, all rows of a patient (or device) must be in one
    partition, which is checked first, by reading the column `group`. The same goes for
    a `HampelFilter` and a `GapImputer`, which without `by` need a single partition.

    Parameters
    ----------
    estimator : estimator
        Fitted decider, or fitted classifier or pipeline whose `predict_proba` answers
        per head.
    frame : dask.dataframe.DataFrame
        Rows as in the estimator's `fit`; with windows, in the order of time.
    group : str or None, default=None
        Column that windows are kept apart by, if they are.

    Returns
    -------
    dask.dataframe.DataFrame
        The columns of :func:`score_table`, with the index and the partitions of
        `frame`.

    Raises
    ------
    MissingPackageError
        If Dask is not installed.
    PartitionError
        If `frame` is no Dask DataFrame; if patients are kept apart and `group` is not
        given, not a column or not the one, or one of them is in several partitions; if
        a step looks farther back than can be known.

    See Also
    --------
    score_table : The same for a DataFrame in memory.

    Examples
    --------
    >>> import dask.dataframe
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.partitions import score_partitions
    >>> X = pd.DataFrame(np.random.default_rng(0).random((200, 2)), columns=["spo2", "packets"])
    >>> y = pd.DataFrame({"health": X["spo2"] > 0.7, "cyber": X["packets"] > 0.7}).astype(int)
    >>> decider = FusionDecider(DecisionTreeClassifier(random_state=0)).fit(X, y)
    >>> scored = score_partitions(decider, dask.dataframe.from_pandas(X, npartitions=4))
    >>> bool((scored.compute()["decision"] == decider.predict(X)).all())
    True
    """
    dd = import_extra("dask.dataframe", "dask")
    if not isinstance(frame, dd.DataFrame):
        raise PartitionError(
            f"frame is a {type(frame).__name__}, expected a Dask DataFrame, as "
            "dask.dataframe.read_parquet and from_pandas make. For a DataFrame in memory use "
            "score_table."
        )
    check_is_fitted(estimator)
    steps, history = find_backward_steps(estimator), 0
    if any(step.by is not None for step in steps):
        _check_group(frame, group, steps)
        _check_whole_groups(frame, str(group))
    elif frame.npartitions > 1:
        history = _history(steps)
    meta = score_table(estimator, None)
    if history:
        return frame.map_overlap(_score, history, 0, estimator, meta=meta)
    return frame.map_partitions(_score, estimator, meta=meta)


def score_table(estimator: Any, X: pd.DataFrame | None) -> pd.DataFrame:
    """Score a DataFrame: probabilities, classes and decisions beside each other.

    Parameters
    ----------
    estimator : estimator
        Fitted decider, or fitted classifier or pipeline whose `predict_proba` answers
        per head.
    X : DataFrame of n rows, or None
        Rows as in the estimator's `fit`; None gives the empty table that tells the
        columns and their dtypes.

    Returns
    -------
    DataFrame of n rows
        Per head `<head>_class` (category) and `<head>_probability_<class>` (float64)
        for each of its classes; of a decider also `health_score` and `cyber_score`
        (float64) and `decision` (category). The index is that of X.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdualcnn.partitions import score_table
    >>> X = pd.DataFrame({"spo2": [97.0, 98.0, 84.0, 82.0]})
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, ["normal", "normal", "ill", "ill"])
    >>> score_table(tree, X[1:3])
      head_0_class  head_0_probability_ill  head_0_probability_normal
    1       normal                     0.0                        1.0
    2          ill                     1.0                        0.0
    """
    heads = FittedHeads.read(estimator)
    names = heads.names or tuple(f"head_{i}" for i in range(len(heads.classes)))
    if X is None or len(X) == 0:
        probabilities = [np.empty((0, len(classes))) for classes in heads.classes]
    else:
        answer = estimator.predict_proba(X)
        probabilities = [heads.pick(answer, position) for position in range(len(names))]
    columns: dict[str, Any] = {}
    for name, classes, found in zip(names, heads.classes, probabilities, strict=True):
        # pandas has no index of half precision.
        labels = classes.astype(np.float32) if classes.dtype == np.float16 else classes
        columns[f"{name}_class"] = pd.Categorical.from_codes(found.argmax(axis=1), pd.Index(labels))
        for label, shares in zip(classes, np.asarray(found, dtype=np.float64).T, strict=True):
            columns[f"{name}_probability_{label}"] = shares
    decider = next((one for one in walk_in(estimator) if isinstance(one, DecisionsMixin)), None)
    if decider is not None:
        rule = FusionRule.of(decider)
        scores = rule.scores(probabilities)
        columns["health_score"], columns["cyber_score"] = scores.T
        # Where sets can turn a decision down, the scores do not say it.
        by_sets = len(scores) > 0 and hasattr(decider, "predict_set")
        decisions = estimator.predict(X) if by_sets else rule.decide(scores)
        columns["decision"] = pd.Categorical(decisions, categories=DECISIONS)
    return pd.DataFrame(columns, index=None if X is None else X.index)


def _score(part: pd.DataFrame, estimator: Any) -> pd.DataFrame:
    return score_table(estimator, part)


def _history(steps: list[Any]) -> int:
    """Return how many rows before a partition its rows depend on."""
    if not steps:
        return 0
    window = steps[0]
    if len(steps) > 1 or not isinstance(window, SlidingWindow):
        names = ", ".join(type(step).__name__ for step in steps)
        raise PartitionError(
            f"The estimator looks back with {names}, so how many rows a partition needs from the "
            "one before is not known; expected one SlidingWindow at most. Clean the rows before "
            "they are divided, give the steps `by` and keep each group whole, or use one partition."
        )
    return n_rows_before(window) or 0


def _check_group(frame: Any, group: str | None, steps: list[Any]) -> None:
    """Refuse a column that is not there, or not the one that the steps keep apart by."""
    if group is None or group not in frame.columns:
        raise PartitionError(
            f"The estimator keeps patients or devices apart, and group={group!r} is not a column "
            "of frame; expected the column that says whose a row is, one of "
            f"{list(frame.columns)}."
        )
    for step in steps:
        if step.by is None or (isinstance(step.by, str) and step.by != group):
            raise PartitionError(
                f"group={group!r}, but {step!r} has by={step.by!r}; expected the same column in "
                "all steps that look back."
            )


def _check_whole_groups(frame: Any, group: str) -> None:
    """Refuse partitions that cut a group in two."""
    parts = frame[group].map_partitions(_unique, meta=(group, object)).to_delayed()
    seen = Counter(label for part in import_extra("dask", "dask").compute(*parts) for label in part)
    cut = [label for label, count in seen.items() if count > 1]
    if cut:
        raise PartitionError(
            f"{len(cut)} group(s) of {group!r}, such as {cut[:3]}, are in several partitions, "
            "expected each in one: windows would lose the rows before the cut. Use "
            f"frame.shuffle(on={group!r}) and sort each partition by time, or write one Parquet "
            "file per group."
        )


def _unique(labels: pd.Series) -> pd.Series:
    return pd.Series(labels.dropna().unique().astype(object), dtype=object)
