"""What no body can show is a fault of the sensor, not an emergency."""

import re
import warnings
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skdualcnn.preprocessing._table import read_numbers, read_table, with_columns

MIMIC = "Harutyunyan et al. 2019; Wang et al. 2020"
DEFINITION = "by definition"
# Statistics of a vital sign have its limits; its count, deviation and age do not.
_STATISTIC = "(_(last|last_valid|first|mean|median|min|max))?"
_ENOUGH_TO_DOUBT = 10


class PlausibleRange(NamedTuple):
    """Limits beyond which a reading is a fault.

    Parameters
    ----------
    low, high : float
        The lowest and the highest value that is kept.
    unit : str, default=""
        Unit of both.
    source : str, default=""
        Where the limits come from.

    See Also
    --------
    PlausibilityLimiter : Applies them.

    Examples
    --------
    >>> from skdualcnn.preprocessing import PHYSIOLOGICAL_LIMITS, PlausibleRange
    >>> PHYSIOLOGICAL_LIMITS["gcs"]
    PlausibleRange(low=3, high=15, unit='points', source='by definition')
    >>> PlausibleRange(-5.0, 5.0, "mV", "data sheet of the amplifier").high
    5.0
    """

    low: float
    high: float
    unit: str = ""
    source: str = ""


PHYSIOLOGICAL_LIMITS: dict[str, PlausibleRange] = {
    "heart_?rate|hr|pulse|pulse_?rate": PlausibleRange(0, 390, "1/min", MIMIC),
    "resp(iratory)?_?rate": PlausibleRange(0, 330, "1/min", MIMIC),
    "spo2|sao2|(o2|oxygen)_?saturation": PlausibleRange(0, 100, "%", DEFINITION),
    "(ni)?sys(abp)?|sbp|systolic(_blood)?_pressure": PlausibleRange(0, 375, "mmHg", MIMIC),
    "(ni)?dia(s?abp)?|dbp|diastolic(_blood)?_pressure": PlausibleRange(0, 375, "mmHg", MIMIC),
    "(ni)?map|mbp|mean(_blood)?_pressure": PlausibleRange(0, 375, "mmHg", MIMIC),
    "(body_)?temp(erature)?": PlausibleRange(14.2, 47, "degrees Celsius", MIMIC),
    "gcs": PlausibleRange(3, 15, "points", DEFINITION),
    "fio2": PlausibleRange(0.2, 1.1, "fraction", MIMIC),
    "ph": PlausibleRange(6.3, 10, "", MIMIC),
    "paco2": PlausibleRange(0, 220, "mmHg", MIMIC),
    "pao2": PlausibleRange(0, 770, "mmHg", MIMIC),
    "hco3|bicarbonate": PlausibleRange(0, 66, "mmol/l", MIMIC),
    "lactate": PlausibleRange(0, 33, "mmol/l", MIMIC),
    "glucose": PlausibleRange(0, 2200, "mg/dl", MIMIC),
    "k|potassium": PlausibleRange(0, 15, "mmol/l", MIMIC),
    "na|sodium": PlausibleRange(0, 250, "mmol/l", MIMIC),
    "mg|magnesium": PlausibleRange(0, 22, "mg/dl", MIMIC),
    "creatinine": PlausibleRange(0, 66, "mg/dl", MIMIC),
    "bun|blood_urea_nitrogen": PlausibleRange(0, 275, "mg/dl", MIMIC),
    "bilirubin": PlausibleRange(0, 66, "mg/dl", MIMIC),
    "albumin": PlausibleRange(0, 60, "g/dl", MIMIC),
    "alt": PlausibleRange(0, 11_000, "U/l", MIMIC),
    "ast": PlausibleRange(0, 22_000, "U/l", MIMIC),
    "alp": PlausibleRange(0, 4_000, "U/l", MIMIC),
    "cholesterol": PlausibleRange(0, 660, "mg/dl", MIMIC),
    "hct|hematocrit": PlausibleRange(0, 100, "%", MIMIC),
    "platelets": PlausibleRange(0, 2_200, "1000/ul", MIMIC),
    "wbc": PlausibleRange(0, 1_100, "1000/ul", MIMIC),
    "troponini": PlausibleRange(0, 575, "ug/l", MIMIC),
    "troponint": PlausibleRange(0, 24, "ug/l", MIMIC),
    "weight": PlausibleRange(0, 250, "kg", MIMIC),
    "height": PlausibleRange(0, 275, "cm", MIMIC),
}
"""Limits by the name of the column: a regular expression that matches all of it.

Upper and lower case are the same, and the name may end in a statistic such as "_mean".
The limits are those outside of which the pipelines for MIMIC-III of [1]_ and [2]_ take a
value for an error of measurement or recording (their table of variable ranges, columns
OUTLIER LOW and OUTLIER HIGH); where a quantity has limits by its definition, those. They
are wide on purpose: no emergency lies outside. For narrower ones, replace the entry:
``{**PHYSIOLOGICAL_LIMITS, "heart_rate": (20, 300)}`` has two patterns for "heart_rate",
of which the last counts.

.. [1] H. Harutyunyan, H. Khachatrian, D. C. Kale, G. Ver Steeg, A. Galstyan, "Multitask
   learning and benchmarking with clinical time series data", Scientific Data 6, 96,
   2019.
.. [2] S. Wang, M. B. A. McDermott, G. Chauhan, M. Ghassemi, M. C. Hughes, T. Naumann,
   "MIMIC-Extract: a data extraction, preprocessing, and representation pipeline for
   MIMIC-III", ACM Conference on Health, Inference, and Learning, 2020.
"""


class PlausibilityLimiter(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Make readings missing that are physiologically impossible.

    A heart rate of 400 is a fault of the sensor, or a forged reading, and no emergency:
    it must not be clipped to a frightening value but count as missing. Columns without
    limits stay as they are. Each row is looked at on its own.

    Parameters
    ----------
    limits : mapping or None, default=None
        Limits by column: a regular expression that matches its whole name, or its
        position; each a :class:`PlausibleRange` or a tuple that begins with (low, high).
        Of several that match the last counts. None stands for
        :data:`PHYSIOLOGICAL_LIMITS`. `skdualcnn.save` takes plain tuples.

    Attributes
    ----------
    lower_, upper_ : ndarray of shape (n_features,) and dtype float64
        The limits; infinite where a column has none.
    n_implausible_ : ndarray of shape (n_features,) and dtype int64
        Readings of the training data that became missing.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    OutlierClipper : Clips to a range learned from the data.
    HampelFilter : Finds spikes by the readings around them.

    References
    ----------
    .. [1] H. Harutyunyan et al., "Multitask learning and benchmarking with clinical time
       series data", Scientific Data 6, 96, 2019.
    .. [2] S. Wang et al., "MIMIC-Extract: a data extraction, preprocessing, and
       representation pipeline for MIMIC-III", ACM Conference on Health, Inference, and
       Learning, 2020.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdualcnn.preprocessing import PlausibilityLimiter
    >>> X = pd.DataFrame({"heart_rate": [72, 400, 190], "packet_rate": [5, 400, 6]})
    >>> PlausibilityLimiter().fit_transform(X)
       heart_rate  packet_rate
    0        72.0            5
    1         NaN          400
    2       190.0            6
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"limits": [Mapping, None]}

    def __init__(
        self, limits: Mapping[str | int, PlausibleRange | tuple[float, float]] | None = None
    ) -> None:
        self.limits = limits

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Find the limits of each column.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows; NaN where missing.
        y : None
            Ignored.

        Returns
        -------
        PlausibilityLimiter
            The fitted transformer.

        Raises
        ------
        ValueError
            If no column has limits, or limits are no pair of numbers in order.

        Warns
        -----
        UserWarning
            If more than half of the readings of a column lie outside its limits, which
            may mean that it is in another unit.
        """
        table = read_table(self, X, reset=True)
        limits: Mapping[Any, Any] = PHYSIOLOGICAL_LIMITS if self.limits is None else self.limits
        names = getattr(self, "feature_names_in_", [None] * table.shape[1])
        self.lower_, self.upper_ = np.full((2, table.shape[1]), [[-np.inf], [np.inf]])
        self.n_implausible_ = np.zeros(table.shape[1], dtype=np.int64)
        matched = 0
        for position, name in enumerate(names):
            found = [one for key, one in limits.items() if is_meant(key, position, name)]
            if not found:
                continue
            matched += 1
            low, high, *about = _read_limits(found[-1], name or position)
            self.lower_[position], self.upper_[position] = low, high
            self._count(table, position, name, about)
        if not matched:
            raise ValueError(
                f"None of the {len(self.lower_)} columns ({list(names)[:8]}) has limits, expected "
                "names such as heart_rate or spo2, or limits of your own: limits={'my_column': "
                "(low, high)}, or by position {0: (low, high)}."
            )
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Make implausible readings missing.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, n_features)
            Rows; NaN where missing.

        Returns
        -------
        DataFrame or ndarray of shape (n, n_features)
            A DataFrame for a pandas DataFrame, with limited columns of dtype float64 and
            the others as they are; else an ndarray of dtype float64.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False)
        changed = {}
        for position in np.flatnonzero(np.isfinite(self.lower_) | np.isfinite(self.upper_)):
            values = read_numbers(table, int(position))
            outside = (values < self.lower_[position]) | (values > self.upper_[position])
            changed[int(position)] = np.where(outside, np.nan, values)
        return with_columns(table, changed)

    def _count(self, X: Any, position: int, name: Any, about: list[str]) -> None:
        values = read_numbers(X, position)
        values = values[~np.isnan(values)]
        low, high = self.lower_[position], self.upper_[position]
        outside = int(((values < low) | (values > high)).sum())
        self.n_implausible_[position] = outside
        if len(values) >= _ENOUGH_TO_DOUBT and outside > len(values) / 2:
            unit = f" {about[0]}" if about else ""
            warnings.warn(
                f"{outside} of {len(values)} readings of {name or position!r} lie outside "
                f"{low:g} to {high:g}{unit} and become missing. Is it in another unit? Convert "
                "it, or give limits of your own.",
                stacklevel=3,
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _read_limits(limits: Any, column: str | int) -> tuple[Any, ...]:
    read = tuple(limits) if isinstance(limits, Iterable) else ()
    pair = read[:2]
    if len(pair) < 2 or not all(isinstance(one, Real) for one in pair) or not pair[0] < pair[1]:
        raise ValueError(
            f"The limits of {column!r} are {limits!r}, expected a tuple that begins with two "
            "numbers, (low, high), the first below the second."
        )
    return read


def is_meant(key: str | int, position: int, name: Any) -> bool:
    """Return whether an entry of a table by columns is about this column."""
    if not isinstance(key, str):
        return key == position
    return name is not None and bool(re.fullmatch(f"({key}){_STATISTIC}", name, re.IGNORECASE))
