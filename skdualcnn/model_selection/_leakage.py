"""What a split lets through: every check in its order, one report."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console
from rich.progress import Progress
from sklearn.utils import check_consistent_length, check_random_state

from skdualcnn.model_selection._leakage_duplicates import find_copies, find_near_copies
from skdualcnn.model_selection._leakage_findings import SEVERITIES, LeakageFinding, LeakageReport
from skdualcnn.model_selection._leakage_folds import (
    find_shared_groups,
    find_shared_rows,
    find_straddling_windows,
    make_folds,
)
from skdualcnn.model_selection._leakage_labels import (
    LEAST_ROWS,
    describe_identifier,
    find_telling_columns,
    is_identifier,
)
from skdualcnn.model_selection._leakage_table import read_columns, read_groups, read_heads
from skdualcnn.model_selection._leakage_time import (
    find_clock,
    find_telling_order,
    make_places,
    read_clock,
    score_places,
)


def leakage_report(
    X: Any,
    y: Any,
    groups: ArrayLike | None = None,
    cv: Any = None,
    *,
    window: int = 1,
    series: ArrayLike | None = None,
    max_rows: int = 20_000,
    random_state: int | np.random.RandomState | None = None,
    verbose: bool = False,
) -> LeakageReport:
    """Find what makes a score on a split say too much.

    Each check looks at the data as the split cuts them, before any model of yours:

    - "label": columns that alone tell a class from the rest on the test rows, by a small
      tree, or for text by the shares of the classes in training;
    - "clock", "drift": columns that tell where a row stands, and whether that tells the
      label under this split; "row order": whether it does at all;
    - "identifier": columns that name the row;
    - "rows", "groups", "windows": what is on both sides;
    - "duplicates", "near duplicates": test rows with a copy in training.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, n_features)
        Rows in the order of time, of any types, missing values included. Of windows,
        give the rows that they are made of. X is not changed.
    y : DataFrame, Series or array-like of shape (n,) or (n, n_heads)
        Labels, one head per column; a missing label leaves its row out for that head.
    groups : array-like of shape (n,), default=None
        What must stay on one side: patients, episodes. Handed to `cv` as well.
    cv : splitter, int or iterable of (train, test), default=None
        The split, as scikit-learn takes it; a single one is ``[(train, test)]``. None is
        five random folds of single rows. Of more than ten folds, ten are checked.
    window : int, default=1
        Rows of the window that the model will see, as `SlidingWindow` makes it.
    series : array-like of shape (n,), default=None
        Recording of each row, if there are several: windows do not cross from one into
        the next, and each has its own time. None is one recording.
    max_rows : int, default=20000
        At most so many training rows per fold, and as many test rows in all, go into
        the trees of the checks of columns; more are drawn at random.
    random_state : int, RandomState instance or None, default=None
        Draws rows, and the folds if `cv` is None.
    verbose : bool, default=False
        Show progress on the standard error.

    Returns
    -------
    LeakageReport
        The findings, the worst first, and what was checked.

    Raises
    ------
    ValueError
        If lengths differ, y is not made of classes, a parameter is out of its range, or
        `cv` gives no valid fold.

    See Also
    --------
    honest_split : The split that a data set of this package asks for.
    PurgedGroupTimeSeriesSplit : Whole groups, and a gap.

    Notes
    -----
    Thresholds. A column tells the label if for one class the area under the ROC curve
    and the best F1 (of the class or of the rest, whichever is rarer) reach 0.995 and 0.99
    ("high") or 0.99 and 0.98 ("medium"); that can be a leak or an easy question, which no
    figure tells apart. A clock goes in one direction in 95 % of its steps, or explains
    99 % of the variance of the row number; a drift explains half of it. They do harm if
    the row number alone reaches an area of 0.75, "high" from 0.9, and is four standard
    deviations from chance, where a stretch of test rows of one label counts as one row.
    What is on both sides, and duplicates, are "high" from 10 % of the test rows and
    "medium" from 1 %. Exact duplicates are reported from 0.1 %, near ones from 1 %.
    Classes with fewer than 20 test rows are not scored.

    What it cannot see: leaks that take several columns together, preprocessing that was
    fitted on test rows, and choices made by looking at the test rows.

    The kinds of leakage follow [1]_.

    References
    ----------
    .. [1] S. Kaufman, S. Rosset, C. Perlich, O. Stitelman, "Leakage in Data Mining:
       Formulation, Detection, and Avoidance", ACM Transactions on Knowledge Discovery
       from Data 6(4), 15, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn.model_selection import leakage_report
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1] * 10, 20)  # episodes of 20 rows
    >>> X = pd.DataFrame({
    ...     "pulse": rng.normal(70, 5, 400),
    ...     "packet": 1000 + np.arange(400),
    ...     "device": np.where(y == 0, "monitor", "laptop"),
    ... })
    >>> report = leakage_report(X, y, random_state=0)
    >>> report.to_frame()[["severity", "check", "column", "head"]]
      severity      check  column head
    0     high  row order    None    y
    1     high      clock  packet    y
    2     high      label  device    y
    """
    _check_parameters(window, max_rows)
    check_consistent_length(X, y, groups, series)
    rng = check_random_state(random_state)
    columns, heads = read_columns(X), read_heads(y)
    group_of, series_of = read_groups(groups), read_groups(series)
    split = make_folds(cv, X, y, groups, heads, rng)
    thinned = split.thinned(max_rows, rng)
    labelled = [head for head in heads if len(head.classes) > 1]
    n_rows = len(heads[0].codes)

    findings: list[LeakageFinding] = find_shared_rows(split)
    checked = [f"split: {split.origin}"]
    if group_of is None:
        checked.append("groups: not checked, none were given")
    else:
        findings += find_shared_groups(split, group_of)
        checked.append(f"groups: {group_of.max() + 1:,} groups compared across the split")
    if window == 1:
        checked.append("windows: not checked, window is 1")
    else:
        one_series = np.zeros(n_rows, dtype=np.int64)
        findings += find_straddling_windows(
            split, one_series if series_of is None else series_of, window
        )
        checked.append(f"windows: rows in common between windows of {window} rows")
    checked += [_describe_head(head.name, len(head.classes)) for head in heads]

    skills = score_places(make_places(n_rows, series_of), labelled, split)
    findings += find_telling_order(skills)
    places = make_places(n_rows, group_of if series_of is None else series_of)
    comparable = []
    with Progress(console=Console(stderr=True), disable=not verbose) as progress:
        task = progress.add_task("columns, then copies", total=len(columns) + 2)
        for column in columns:
            clock = read_clock(column, places, max_rows, rng)
            for head in labelled:
                findings += find_telling_columns(column, head, thinned)
            if clock is not None:
                findings += find_clock(column, clock, skills)
            counts_along = clock is not None and clock.is_clock
            if is_identifier(column) and not counts_along:
                findings.append(describe_identifier(column))
            elif not counts_along:
                comparable.append(column)
            progress.advance(task)
        found, how = find_copies(comparable, split)
        findings += found
        checked.append(how)
        progress.advance(task)
        found, how = find_near_copies(comparable, split, rng)
        findings += found
        checked.append(how)
        progress.advance(task)

    findings.sort(key=lambda one: SEVERITIES.index(one.severity))
    return LeakageReport(tuple(findings), tuple(checked), n_rows, len(columns), len(split.folds))


def _describe_head(name: str, n_classes: int) -> str:
    if n_classes < 2:
        return f"head {name!r}: not checked, it has {n_classes} class(es)"
    return (
        f"head {name!r}: each column alone, and the row number, against each of {n_classes} "
        f"classes that has {LEAST_ROWS} test rows"
    )


def _check_parameters(window: Any, max_rows: Any) -> None:
    for name, value, least in (("window", window, 1), ("max_rows", max_rows, 100)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} is {value!r}, expected a whole number, at least {least}")
