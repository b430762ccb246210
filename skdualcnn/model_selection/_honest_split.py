"""The split that a data set asks for itself."""

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit


def honest_split(
    dataset: Any,
    test_size: float = 0.2,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Split a data set by its own honest protocol.

    A split of single rows drawn at random lets patients, episodes and overlapping
    windows end up on both sides, and the score then measures memory. Each data set
    of `skdualcnn.datasets` says how it is split instead.

    Parameters
    ----------
    dataset : Bunch
        As the loaders of `skdualcnn.datasets` return it; the fields `split_by`,
        `groups` and `part` are read.

        - ``split_by="groups"``: whole groups are held out, drawn at random.
        - ``split_by="time"``: the last rows are held out; the cut is moved to the
          end of the group that it falls into.
        - ``split_by="file"``: the authors' own training and test files.
    test_size : float, default=0.2
        Share held out, between 0 and 1: of the groups ("groups") or of the rows
        ("time"). The official files ("file") leave no choice and ignore it.
    random_state : int, RandomState instance or None, default=None
        Draws the groups; ignored otherwise.

    Returns
    -------
    train_indices : ndarray of shape (n_train,), dtype intp
        Row numbers to fit on, ascending.
    test_indices : ndarray of shape (n_test,), dtype intp
        Row numbers to score on, ascending.

    Raises
    ------
    ValueError
        If `dataset` is none, `test_size` is not between 0 and 1, `split_by` is unknown, or if one
        side would be empty.

    Examples
    --------
    >>> from skdualcnn.datasets import make_ward
    >>> from skdualcnn.model_selection import honest_split
    >>> ward = make_ward(n_patients=5, hours=2, random_state=0)
    >>> train, test = honest_split(ward, random_state=0)
    >>> len(train), len(test)
    (480, 120)
    >>> set(ward.groups[train]) & set(ward.groups[test])
    set()
    """
    _check_test_size(test_size)
    if not isinstance(dataset, Mapping) or "split_by" not in dataset:
        raise ValueError(
            f"dataset is a {type(dataset).__name__} without split_by, expected what a loader of "
            "skdualcnn.datasets returns. For rows of your own, take PurgedGroupKFold, "
            "PurgedGroupTimeSeriesSplit or scikit-learn's GroupShuffleSplit."
        )
    split_by = dataset["split_by"]
    if split_by == "groups":
        return _by_groups(np.asarray(dataset["groups"]), test_size, random_state)
    if split_by == "time":
        return _by_time(np.asarray(dataset["groups"]), test_size)
    if split_by == "file":
        return _by_file(np.asarray(dataset["part"], dtype=object))
    raise ValueError(f'split_by is {split_by!r}, expected "groups", "time" or "file"')


def _check_test_size(test_size: Any) -> None:
    if not isinstance(test_size, numbers.Real) or not 0.0 < float(test_size) < 1.0:
        raise ValueError(f"test_size is {test_size!r}, expected a number between 0 and 1")


def _by_groups(
    groups: npt.NDArray[Any],
    test_size: float,
    random_state: int | np.random.RandomState | None,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    if len(np.unique(groups)) < 2:
        raise ValueError(
            "the data set has 1 group, expected at least 2 to hold one out; "
            "load or simulate more groups"
        )
    splitter = GroupShuffleSplit(n_splits=1, test_size=test_size, random_state=random_state)
    train, test = next(splitter.split(groups, groups=groups))
    return np.sort(train), np.sort(test)


def _by_time(
    groups: npt.NDArray[Any], test_size: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    n_rows = len(groups)
    cut = round((1 - test_size) * n_rows)
    starts = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    later = starts[starts >= cut]
    if len(starts) == 0:
        raise ValueError(
            "the data set is one single group from its first row to its last, "
            "expected at least 2 groups to cut between"
        )
    # Within the last group there is no later start: the group as a whole is held out.
    cut = int(later[0]) if len(later) else int(starts[-1])
    rows = np.arange(n_rows, dtype=np.intp)
    return rows[:cut], rows[cut:]


def _by_file(
    part: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    train, test = np.flatnonzero(part == "train"), np.flatnonzero(part == "test")
    for name, rows in (("train", train), ("test", test)):
        if len(rows) == 0:
            raise ValueError(
                f"the data set has no rows of the official {name} part, expected both parts; "
                "load both files"
            )
    return train, test
