"""The estimator itself on small tables: slow, and right for any pipeline."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from firmware_export._columns import positions_of
from firmware_export._extract import unfreeze
from skdualcnn import FusionDecider
from skdualcnn._fitted_heads import FittedHeads
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._looking_back import find_backward_steps, n_rows_before
from skdualcnn.exceptions import StreamError
from skdualcnn.streaming._answers import Answer, answers_of

Window = deque[list[Any]]


class ExactEngine:
    """A decider asked with a table of one device's latest rows.

    Parameters
    ----------
    decider : FusionDecider
        Fitted, around any estimator.
    by : str or None
        Column of the estimator's input that says which device a row belongs to. No
        stream gives it: a table holds the rows of one device only.

    Raises
    ------
    StreamError
        If a step looks at later rows, or at any number of earlier ones.
    """

    name = "exact"

    def __init__(self, decider: FusionDecider, by: str | None) -> None:
        check_is_fitted(decider)
        named = getattr(decider, "feature_names_in_", None)
        n_columns = getattr(decider, "n_features_in_", 0)
        self._is_named = named is not None
        every = [f"x{i}" for i in range(n_columns)] if named is None else list(named)
        self._names = _read_columns(decider.estimator_, every) if self._is_named else every
        self._decider = decider
        self._by = by
        self.reading_names = tuple(str(name) for name in self._names if name != by)
        self.categorical = frozenset(_encoded_columns(decider.estimator_, every))
        self.rule = FusionRule.of(decider)
        heads = FittedHeads.read(decider)
        self.heads = tuple(
            zip(decider.head_names_, (tuple(one.tolist()) for one in heads.classes), strict=True)
        )
        self.digest = sha256(repr((self.reading_names, self.heads, self.rule)).encode()).hexdigest()
        self._span = 1 + sum(_rows_kept_for(step) for step in find_backward_steps(decider))

    def new_state(self) -> Window:
        """Return an empty window of rows."""
        return deque(maxlen=self._span)

    def answer(self, rows: Sequence[tuple[Sequence[Any], Window]]) -> list[Answer]:
        """Answer rows in order; one that the estimator raises an error on is refused."""
        if self._span > 1:
            return [self._answer_window(list(row), window) for row, window in rows]
        try:
            return self._ask([list(row) for row, _ in rows])
        except (TypeError, ValueError):
            if len(rows) == 1:
                return [Answer("refused", None, None, ())]
            return [self.answer([one])[0] for one in rows]

    def pack(self, states: Sequence[Window]) -> NDArray[np.uint8]:
        """Return windows as the bytes of a JSON text."""
        windows = [
            [[None if _is_nan(value) else value for value in row] for row in window]
            for window in states
        ]
        return np.frombuffer(json.dumps(windows, allow_nan=False).encode(), dtype=np.uint8)

    def unpack(self, packed: NDArray[Any], n: int) -> list[Window]:
        """Return the windows of a JSON text."""
        windows = json.loads(packed.astype(np.uint8).tobytes())
        width = len(self.reading_names)
        whole = len(windows) == n and all(
            len(window) <= self._span and all(len(row) == width for row in window)
            for window in windows
        )
        if not whole:
            raise ValueError(f"windows of other rows than {n} devices of {width} values")
        return [deque(window, maxlen=self._span) for window in windows]

    def _answer_window(self, row: list[Any], window: Window) -> Answer:
        try:
            answer = self._ask([*list(window)[1 - self._span :], row])[-1]
        except (TypeError, ValueError):
            return Answer("refused", None, None, ())
        window.append(row)
        return answer

    def _ask(self, rows: list[list[Any]]) -> list[Answer]:
        columns: dict[str, Any] = {}
        for position, name in enumerate(self.reading_names):
            values = [row[position] for row in rows]
            if name in self.categorical:
                values = [nan if value is None else value for value in values]
                columns[name] = pd.Series(values, dtype=object)
            else:
                columns[name] = pd.Series(values, dtype=np.float64)
        if self._by is not None:
            columns[self._by] = pd.Series(np.zeros(len(rows)))
        table = pd.DataFrame(columns)[[str(name) for name in self._names]]
        probabilities = self._decider.predict_proba(table if self._is_named else table.to_numpy())
        listed = probabilities if isinstance(probabilities, list) else [probabilities]
        return answers_of(self.rule, [np.asarray(one, dtype=np.float64) for one in listed])


def _rows_kept_for(step: Any) -> int:
    n_rows = n_rows_before(step)
    if n_rows is None:
        raise StreamError(
            f"The estimator looks at other rows with {step!r}, as many as there are or later ones, "
            "which a stream does not keep; expected a GapImputer with a limit in rows and without "
            "ages, or a causal HampelFilter. A detector carries readings on itself: see its "
            "tolerance, and last_valid in its aggregate."
        )
    return n_rows


def _steps(estimator: Any) -> Iterator[Any]:
    """Yield the fitted steps of nested pipelines."""
    estimator = unfreeze(estimator)
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _steps(step)
    else:
        yield estimator


def _read_columns(estimator: Any, names: list[str]) -> list[str]:
    """Return the columns that the first step reads; a table may come without the others."""
    first = next(_steps(estimator))
    if not isinstance(first, ColumnTransformer):
        return names
    read: set[int] = set()
    for _, fitted, columns in first.transformers_:
        if fitted != "drop":
            read.update(positions_of(names, columns))
    return [name for position, name in enumerate(names) if position in read]


def _encoded_columns(estimator: Any, names: list[str]) -> Iterator[str]:
    """Yield the columns that an encoder of categories reads."""
    for step in _steps(estimator):
        if not isinstance(step, ColumnTransformer):
            continue
        known = list(getattr(step, "feature_names_in_", names))
        for _, fitted, columns in step.transformers_:
            if any(hasattr(one, "categories_") for one in _steps(fitted)):
                for position in positions_of(known, columns):
                    yield known[position]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)
