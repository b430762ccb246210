"""How far a reading may be from the truth without its sensor being broken."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.preprocessing._plausibility import is_meant


class SensorAccuracy(NamedTuple):
    """How far a reading may be off.

    Parameters
    ----------
    amount : float
        Largest difference from the truth, either way.
    unit : str, default=""
        Its unit.
    source : str, default=""
        Where it comes from.

    See Also
    --------
    perturb_readings : Moves readings within it.

    Examples
    --------
    >>> from skdualcnn.adversarial import SENSOR_ACCURACY, SensorAccuracy
    >>> SENSOR_ACCURACY["spo2|sao2|(o2|oxygen)_?saturation"].amount
    2
    >>> SensorAccuracy(0.1, "degrees Celsius", "data sheet").unit
    'degrees Celsius'
    """

    amount: float
    unit: str = ""
    source: str = ""


_MONITOR = "typical data sheet of a bedside monitor"

SENSOR_ACCURACY: dict[str, SensorAccuracy] = {
    "heart_?rate|hr": SensorAccuracy(5, "1/min", "ANSI/AAMI EC13: 10 % or 5 /min"),
    "pulse|pulse_?rate": SensorAccuracy(3, "1/min", _MONITOR),
    "spo2|sao2|(o2|oxygen)_?saturation": SensorAccuracy(2, "%", _MONITOR),
    "resp(iratory)?_?rate": SensorAccuracy(2, "1/min", _MONITOR),
    "(ni)?sys(abp)?|sbp|systolic(_blood)?_pressure": SensorAccuracy(5, "mmHg", "ANSI/AAMI SP10"),
    "(ni)?dia(s?abp)?|dbp|diastolic(_blood)?_pressure": SensorAccuracy(5, "mmHg", "ANSI/AAMI SP10"),
    "(ni)?map|mbp|mean(_blood)?_pressure": SensorAccuracy(5, "mmHg", "ANSI/AAMI SP10"),
    "(body_)?temp(erature)?": SensorAccuracy(0.3, "degrees Celsius", "ISO 80601-2-56"),
}
"""Accuracy by the name of the column: a regular expression that matches all of it.

Names are matched as in :data:`skdualcnn.preprocessing.PHYSIOLOGICAL_LIMITS`. Of a source
that gives a share or an amount, this is the amount; of SP10, the mean error that a cuff
may have; of SpO2, the root mean square that data sheets state between 70 and 100 %. Columns
that are not here, such as those of the network, are not moved.
"""

Accuracy = Mapping[Any, Any] | None


def accuracy_of_columns(X: pd.DataFrame, accuracy: Accuracy) -> NDArray[np.float64]:
    """Return the accuracy of each column of X, (n_columns,), 0 where none is known.

    Raises
    ------
    ValueError
        If no column has an accuracy, or one is negative or not finite.
    """
    if not isinstance(X, pd.DataFrame):
        raise ValueError(
            f"X is a {type(X).__name__}, expected a pandas DataFrame: the sensor of a column is "
            "known by its name."
        )
    table: Mapping[Any, Any] = SENSOR_ACCURACY if accuracy is None else accuracy
    amounts = np.zeros(X.shape[1])
    for position, name in enumerate(X.columns):
        for key, given in table.items():
            if is_meant(key, position, str(name)):
                amounts[position] = given[0] if isinstance(given, tuple) else given
    if not (np.isfinite(amounts) & (amounts >= 0)).all():
        raise ValueError(f"accuracy={table!r}, expected finite numbers of 0 or more.")
    if not amounts.any():
        raise ValueError(
            f"None of the columns {list(X.columns)[:8]} has an accuracy, expected names such as "
            "heart_rate or spo2, or an accuracy of your own: accuracy={'my_column': 2.0}."
        )
    return amounts


def shifted(X: pd.DataFrame, amounts: NDArray[np.float64], direction: Any) -> pd.DataFrame:
    """Return X with each reading moved by its amount times a direction, (n, n_columns) or one."""
    moved = X.copy()
    for position in np.flatnonzero(amounts).tolist():
        along = direction[:, position] if isinstance(direction, np.ndarray) else direction
        column = X.columns[position]
        moved[column] = X[column].to_numpy(dtype=np.float64) + amounts[position] * along
    return moved


def accuracy_of_features(
    preprocessor: Any, X: pd.DataFrame, *, accuracy: Accuracy = None
) -> NDArray[np.float64]:
    """Return the sensors' accuracy in the units of what a preprocessor makes.

    Parameters
    ----------
    preprocessor : transformer
        Fitted; from readings to features, such as that of `make_fusion_preprocessor`.
    X : DataFrame of n rows
        Training rows, in the units of the sensors.
    accuracy : mapping, default=None
        Accuracy by column, as :data:`SENSOR_ACCURACY`, or plain numbers. None stands for
        that table.

    Returns
    -------
    ndarray of shape (n_features,) and dtype float64
        The largest change of each feature in these rows when all readings are off by their
        accuracy, upwards or downwards.

    Raises
    ------
    ValueError
        If X is no DataFrame, no column has an accuracy, or one is negative.

    See Also
    --------
    AdversarialTraining : Takes this as its `epsilon`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn import make_fusion_preprocessor
    >>> from skdualcnn.adversarial import accuracy_of_features
    >>> X = pd.DataFrame({"spo2": [80.0, 90.0, 100.0], "rate": [1.0, 2.0, 3.0]})
    >>> preprocessor = make_fusion_preprocessor(patient=["spo2"], network=["rate"])
    >>> accuracy_of_features(preprocessor.fit(X), X).round(6).tolist()
    [0.1, 0.0]
    """
    amounts = accuracy_of_columns(X, accuracy)
    middle = np.asarray(preprocessor.transform(X), dtype=np.float64)
    largest = np.zeros(middle.shape[1])
    for direction in (-1.0, 1.0):
        moved = np.asarray(preprocessor.transform(shifted(X, amounts, direction)), dtype=np.float64)
        largest = np.maximum(largest, np.abs(moved - middle).max(axis=0))
    return largest
