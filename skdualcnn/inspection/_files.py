"""Strict JSON of anything a report holds."""

import datetime as dt
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skdualcnn._writing import write_whole


def write_json(path: str | os.PathLike[str], report: Mapping[str, Any]) -> Path:
    """Write a report as strict JSON, whole or not at all.

    NumPy scalars and arrays become numbers and lists; NaN, infinities and missing
    values become null.

    Parameters
    ----------
    path : path-like
        File to write; one of that name is replaced.
    report : dict
        What to write.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TypeError
        If something in the report has no counterpart in JSON.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skdualcnn.inspection import write_json
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_json(Path(folder) / "report.json", {"f1": np.float32(0.5), "auc": np.nan})
    ...     print(file.read_text(encoding="utf-8"))
    {
      "f1": 0.5,
      "auc": null
    }
    """
    plain = to_plain(report)
    text = json.dumps(plain, allow_nan=False, ensure_ascii=False, indent=2)
    return write_whole(path, (text + "\n").encode())


def to_plain(value: Any, where: str = "report") -> Any:
    """Return the value in the types that JSON has.

    Raises
    ------
    TypeError
        If it has no counterpart in JSON.
    """
    if isinstance(value, Mapping):
        return {_to_key(key, where): to_plain(v, f"{where}.{key}") for key, v in value.items()}
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [to_plain(one, f"{where}[{i}]") for i, one in enumerate(value)]
    return _to_scalar(value.item() if isinstance(value, np.generic) else value, where)


def _to_scalar(value: Any, where: str) -> bool | int | float | str | None:
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(
        f"{where} is a {type(value).__name__}, expected text, numbers, lists, dicts, times or None."
    )


def _to_key(key: Any, where: str) -> str:
    plain = to_plain(key, f"a key of {where}")
    return plain if isinstance(plain, str) else json.dumps(plain)
