"""What every data set looks like once it is loaded, checked in one place."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch

MODALITIES = ("patient", "environment", "network")
SPLITS = ("groups", "time", "file")


def make_target(
    n_rows: int,
    *,
    health: npt.ArrayLike | pd.Series | None = None,
    cyber: npt.ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """Put the two label columns together; a head without labels is None throughout.

    Parameters
    ----------
    n_rows : int
        Rows of the data set.
    health, cyber : array-like of shape (n_rows,) of str, or None
        The labels of the two heads.

    Returns
    -------
    pandas.DataFrame of shape (n_rows, 2)
        Columns "health" and "cyber" of dtype object, under every version of pandas.
    """
    columns = {}
    for name, labels in (("health", health), ("cyber", cyber)):
        column = np.full(n_rows, None, dtype=object)
        if labels is not None:
            column[:] = np.asarray(labels, dtype=object)
        columns[name] = pd.Series(column, dtype=object)
    return pd.DataFrame(columns)


def make_dataset(
    *,
    data: pd.DataFrame | npt.NDArray[np.float32],
    target: pd.DataFrame,
    groups: npt.ArrayLike | pd.Series,
    modalities: Mapping[str, Sequence[str]],
    split_by: Literal["groups", "time", "file"],
    protocol: str,
    descr: str,
    part: npt.ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    return_X_y: bool = False,
    **extra: Any,
) -> Any:
    """Assemble the Bunch that all loaders return, refusing an inconsistent one.

    Parameters
    ----------
    data : DataFrame of shape (n, n_features) or array of shape (n, n_steps, n_features)
        The features and nothing else.
    target : DataFrame of shape (n, 2)
        Columns "health" and "cyber".
    groups : array-like of shape (n,)
        The unit that must stay on one side of a split.
    modalities : mapping
        Modality to its features; those left out get an empty list.
    split_by : {"groups", "time", "file"}
        How an honest split is made.
    protocol : str
        One sentence that names the honest protocol.
    descr : str
        Origin, citation, licence and traps.
    part : array-like of shape (n,) of "train" / "test", or None
        The official part of each row; goes with ``split_by="file"``.
    feature_names : sequence of str or None
        Names of the last axis of `data`; taken from a DataFrame's columns.
    return_X_y : bool
        Return ``(data, target)`` instead of the Bunch.
    **extra : object
        Further fields of this data set.

    Returns
    -------
    Bunch or (data, target)
        As the public loaders document it.

    Raises
    ------
    ValueError
        If the pieces do not fit together, which is a mistake of the loader.
    """
    n_rows = len(data)
    if feature_names is None:
        if not isinstance(data, pd.DataFrame):
            raise ValueError("feature_names is needed where data is not a DataFrame")
        feature_names = list(data.columns)
    columns_of = {modality: list(modalities.get(modality, ())) for modality in MODALITIES}
    listed = [column for columns in columns_of.values() for column in columns]
    if set(modalities) - set(MODALITIES):
        raise ValueError(f"modalities has {sorted(modalities)}, expected some of {MODALITIES}")
    if sorted(listed) != sorted(feature_names):
        raise ValueError(
            "every feature belongs to exactly one modality: "
            f"got {sorted(listed)}, expected {sorted(feature_names)}"
        )
    groups = pd.Series(np.asarray(groups), name="group")
    part_array = None if part is None else np.asarray(part, dtype=object)
    lengths = {"target": len(target), "groups": len(groups)}
    if part_array is not None:
        lengths["part"] = len(part_array)
    for name, length in lengths.items():
        if length != n_rows:
            raise ValueError(f"{name} has {length} rows, expected {n_rows}, as data has")
    if split_by not in SPLITS:
        raise ValueError(f"split_by is {split_by!r}, expected one of {SPLITS}")
    if (split_by == "file") != (part_array is not None):
        raise ValueError('part goes with split_by="file" and with nothing else')
    if isinstance(data, pd.DataFrame):
        data = data.reset_index(drop=True)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        groups=groups,
        feature_names=list(feature_names),
        modalities=columns_of,
        split_by=split_by,
        part=part_array,
        protocol=protocol,
        DESCR=descr,
        **extra,
    )
