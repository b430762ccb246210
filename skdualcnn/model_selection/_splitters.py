"""Cross-validation of one series: whole groups on one side, a gap beside every cut."""

from abc import abstractmethod
from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from skdualcnn.model_selection._series import Gap, Rows, Series, count_rows


class _PurgedSplit(BaseCrossValidator):
    """Blocks of whole groups in the order of time, and the rows too near to one."""

    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
    }

    n_splits: int
    window: int
    purge: Gap
    _untested_blocks: ClassVar[int] = 0
    """Blocks at the start that are trained on only."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored; scikit-learn passes them.

        Returns
        -------
        int
            `n_splits`.
        """
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows of each fold.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows in the order of time.
        y : array-like of shape (n, ...), default=None
            Labels; only their number is checked.
        groups : array-like of shape (n,), default=None
            Group of each row; None makes each row its own.

        Yields
        ------
        train : ndarray of shape (n_train,), dtype intp
            Row numbers to fit on, ascending.
        test : ndarray of shape (n_test,), dtype intp
            Row numbers to score on, ascending.

        Raises
        ------
        ValueError
            If a parameter is out of its range, there are fewer groups than blocks, the
            gap leaves no row to train on, or a gap is a time and X has none.
        """
        self._check_parameters()
        blocks = self._blocks(X, y, groups, self._untested_blocks + self.n_splits)
        series = Series(X)
        for fold in range(self._untested_blocks, self._untested_blocks + self.n_splits):
            test = np.flatnonzero(blocks == fold)
            train = self._train_rows(blocks, fold, test, series)
            yield _check_train(train, fold, self.purge, self.window), test

    @abstractmethod
    def _train_rows(self, blocks: Rows, fold: int, test: Rows, series: Series) -> Rows:
        """Return the rows that may be trained on when block `fold` is tested."""

    def _check_parameters(self) -> None:
        given = {name: getattr(self, name) for name in self._parameter_constraints}
        validate_parameter_constraints(
            self._parameter_constraints, given, caller_name=type(self).__name__
        )

    def _blocks(self, X: Any, y: Any, groups: Any, n_blocks: int) -> NDArray[np.intp]:
        """Return the block of each row."""
        if groups is None:
            groups = np.arange(count_rows(X))
        groups = column_or_1d(groups)
        check_consistent_length(X, y, groups)
        if pd.isna(np.asarray(groups, dtype=object)).any():
            raise ValueError("groups has missing values, expected a group for every row")
        # Groups are numbered as they first appear, that is, by the time they start.
        codes = pd.factorize(np.asarray(groups))[0]
        ends = np.cumsum(np.bincount(codes))
        if len(ends) < n_blocks:
            raise ValueError(
                f"groups has {len(ends)} group(s), expected at least {n_blocks} for "
                f"n_splits={self.n_splits}; ask for fewer folds or give smaller groups"
            )
        return np.searchsorted(_last_groups(ends, n_blocks), codes).astype(np.intp)


class PurgedGroupTimeSeriesSplit(_PurgedSplit):
    """Train on the past, test on what follows, with whole groups and a gap between.

    Rows are one series in the order of time, and groups are what must not be cut: the
    episodes of an attack, the stays of a bed. They are laid out in `n_splits` + 1 blocks
    of about as many rows each, in the order in which they start. Fold k tests on block
    k + 1 and trains on the rows of the blocks before it that end early enough.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    purge : int, str or timedelta, default=0
        Gap between the last training row and the first test row: so many rows are left
        out, or, as a time ("30min", `datetime.timedelta`), the rows no older than that.
        A time needs an X that is a DataFrame with a `DatetimeIndex`.
    window : int, default=1
        Rows of the window that the model sees, as `SlidingWindow` makes it. Windows of
        the two sides then share no row: `window` - 1 rows more are left out.

    See Also
    --------
    PurgedGroupKFold : Trains on both sides of the test block.
    honest_split : The one split that a data set asks for.
    leakage_report : What a split lets through.

    Notes
    -----
    What scikit-learn has, and when to take it:

    - `TimeSeriesSplit` has a `gap` in rows but knows no groups: take it where there are
      none. Without groups this class differs by a gap in time.
    - `GroupKFold`, `StratifiedGroupKFold` and `LeaveOneGroupOut` keep groups whole but
      know no time: take them where groups are independent of each other, as patients
      are. Nothing needs purging there, and `StratifiedGroupKFold` also balances classes.

    The name and the gap follow M. Lopez de Prado, "Advances in Financial Machine
    Learning", Wiley, 2018, section 7.4. Groups are expected to be runs of rows or to
    overlap a little. If they overlap the whole series, as patients watched side by side
    do, few training rows are early enough, or none, which is an error.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.model_selection import PurgedGroupTimeSeriesSplit
    >>> X, episodes = np.zeros((12, 1)), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    >>> for train, test in PurgedGroupTimeSeriesSplit(3, window=2).split(X, groups=episodes):
    ...     print(train, test)
    [0 1] [3 4 5]
    [0 1 2 3 4] [6 7 8]
    [0 1 2 3 4 5 6 7] [ 9 10 11]
    """

    def __init__(self, n_splits: int = 5, *, purge: Gap = 0, window: int = 1) -> None:
        self.n_splits = n_splits
        self.purge = purge
        self.window = window

    _untested_blocks = 1

    def _train_rows(self, blocks: Rows, fold: int, test: Rows, series: Series) -> Rows:
        end = series.first_within(test[:1], self.window - 1, self.purge)[0]
        return np.flatnonzero(blocks[:end] < fold)


class PurgedGroupKFold(_PurgedSplit):
    """Test on each block of whole groups, train on both sides but not beside it.

    Rows are one series in the order of time, and groups are what must not be cut. They
    are laid out in `n_splits` blocks of about as many rows each, in the order in which
    they start. Every row is tested once; rows near a test row are left out of training.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    purge : int, str or timedelta, default=0
        Gap on both sides of every test row: so many rows, or, as a time ("30min",
        `datetime.timedelta`), the rows no farther than that. A time needs an X that is a
        DataFrame with a `DatetimeIndex`.
    embargo : int, str or timedelta, default=0
        Further gap after every test row, for what a test row leaves behind, such as a
        filter's memory: rows or a time, beyond `purge`.
    window : int, default=1
        Rows of the window that the model sees, as `SlidingWindow` makes it. Windows of
        the two sides then share no row: `window` - 1 rows more are left out.

    See Also
    --------
    PurgedGroupTimeSeriesSplit : Trains on the past only.
    leakage_report : What a split lets through.

    Notes
    -----
    scikit-learn's `KFold` without shuffling makes blocks, but cuts groups and leaves no
    gap; its `GroupKFold` keeps groups whole, but neighbours of a test group are in
    training. Take `GroupKFold` or `StratifiedGroupKFold` where groups are independent of
    each other, as patients are. This class trains on the future too: it says how well a
    model carries over to another part of the same recording, and uses all of a short one.
    `PurgedGroupTimeSeriesSplit` says what to expect of the days to come.

    Purging and embargo follow M. Lopez de Prado, "Advances in Financial Machine
    Learning", Wiley, 2018, section 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.model_selection import PurgedGroupKFold
    >>> X, episodes = np.zeros((9, 1)), [0, 0, 0, 1, 1, 1, 2, 2, 2]
    >>> for train, test in PurgedGroupKFold(3, purge=1, embargo=1).split(X, groups=episodes):
    ...     print(train, test)
    [5 6 7 8] [0 1 2]
    [0 1 8] [3 4 5]
    [0 1 2 3 4] [6 7 8]
    """

    def __init__(
        self, n_splits: int = 5, *, purge: Gap = 0, embargo: Gap = 0, window: int = 1
    ) -> None:
        self.n_splits = n_splits
        self.purge = purge
        self.embargo = embargo
        self.window = window

    def _train_rows(self, blocks: Rows, fold: int, test: Rows, series: Series) -> Rows:
        starts = series.first_within(test, self.window - 1, self.purge)
        ends = series.last_within(test, self.window - 1, self.purge, self.embargo) + 1
        # How many forbidden stretches each row lies in: they start and end like brackets.
        opened = np.bincount(starts, minlength=len(blocks) + 1)
        closed = np.bincount(ends, minlength=len(blocks) + 1)
        return np.flatnonzero(np.cumsum(opened - closed)[:-1] == 0)


def _last_groups(ends: NDArray[np.intp], n_blocks: int) -> NDArray[np.intp]:
    """Return the last group of each block but the last, so that blocks are about as long.

    `ends` are the rows up to the end of each group, in their order; every block gets at
    least one group.
    """
    last: list[int] = []
    for block in range(1, n_blocks):
        lowest = last[-1] + 1 if last else 0
        highest = len(ends) - 1 - (n_blocks - block)
        ideal = block * ends[-1] / n_blocks
        choice = lowest + int(np.argmin(np.abs(ends[lowest : highest + 1] - ideal)))
        last.append(choice)
    return np.array(last, dtype=np.intp)


def _check_train(train: Rows, fold: int, purge: Gap, window: int) -> Rows:
    if len(train) == 0:
        raise ValueError(
            f"fold {fold} has no row to train on: the gap (purge={purge!r}, window={window}) or "
            "groups that overlap the test block take them all; ask for fewer folds or a "
            "smaller gap"
        )
    return train
