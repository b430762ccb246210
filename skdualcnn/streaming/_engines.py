"""From rows to answers: the float network or the compiled one, behind one interface."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_export._extract import extract_graph, unfreeze
from firmware_export._graph import (
    CategoricalColumn,
    FrontEnd,
    Graph,
    SeriesFrontEnd,
    digest_of,
)
from skdualcnn import FusionDecider
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._softmax import softmax
from skdualcnn.exceptions import ExportError, StreamError
from skdualcnn.network._frozen import FrozenNetworks
from skdualcnn.preprocessing._gathered import take_changes
from skdualcnn.streaming._answers import OK, Answer, Engine, answers_of
from skdualcnn.streaming._exact_engine import ExactEngine
from skdualcnn.streaming._scaling import RowScaler

STATUS = {0: OK, 3: "infinite", 4: "missing", 5: "range"}
"""Names of what the compiled model returns for a row."""


class FloatEngine:
    """The fitted network itself behind a front end that takes single rows.

    Parameters
    ----------
    decider : FusionDecider
        Fitted.

    Raises
    ------
    ExportError
        If a step of the pipeline is not one that can be read as columns, or windows are
        of a kind that is not kept here.
    """

    name = "float"

    def __init__(self, decider: FusionDecider) -> None:
        graph = extract_graph(decider)
        front_end = graph.front_end
        if isinstance(front_end, SeriesFrontEnd):
            raise ExportError("Gaps are not filled along a series here.")
        if front_end.stride > 1 or front_end.has_blank_steps or front_end.device is not None:
            raise ExportError("Windows of this kind are not kept here.")
        self.reading_names = front_end.readings
        self.categorical = categorical_names(front_end)
        self.rule = FusionRule.of(decider)
        self.heads = tuple((head.name, head.classes) for head in graph.heads)
        self.digest = graph.digest
        self._networks = FrozenNetworks(_last_step(decider.estimator_).nets_)
        self._calibrate = decider.calibrate
        self._scale = RowScaler(front_end)
        self._window = front_end.window
        self._shape = (front_end.steps, front_end.channels)
        self._changes = front_end.changes

    def new_state(self) -> NDArray[np.float32]:
        """Return an empty window, which is full of NaN; without windows, no rows."""
        rows = self._window if self._window > 1 else 0
        return np.full((rows, self._shape[1]), np.nan, dtype=np.float32)

    def answer(self, rows: Sequence[tuple[Sequence[Any], NDArray[np.float32]]]) -> list[Answer]:
        """Answer rows in order."""
        signals = []
        answers: list[Answer | None] = []
        for row, window in rows:
            with np.errstate(over="ignore"):
                inputs = np.array(self._scale(row)).astype(np.float32)
            if not np.isfinite(inputs).all():
                status = "missing" if np.isnan(inputs).any() else "infinite"
                answers.append(Answer(status, None, None, ()))
                continue
            answers.append(None)
            signals.append(self._signal(inputs, window))
        if not signals:
            return [one for one in answers if one is not None]
        decided = iter(self._decide(np.stack(signals)))
        return [next(decided) if one is None else one for one in answers]

    def pack(self, states: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return windows as one array (n, window, channels)."""
        empty = np.empty((0, *self.new_state().shape), dtype=np.float32)
        return np.stack(states) if states else empty

    def unpack(self, packed: NDArray[Any], n: int) -> list[NDArray[np.float32]]:
        """Return the windows of an array."""
        expected = (n, *self.new_state().shape)
        if packed.dtype != np.float32 or packed.shape != expected:
            raise ValueError(f"windows of {packed.dtype} {packed.shape}, not float32 {expected}")
        return [window.copy() for window in packed]

    def _signal(self, inputs: NDArray[np.float32], window: NDArray[np.float32]) -> Any:
        """Return the signal that a row completes, after adding the row to its window."""
        if self._window == 1:
            return inputs.reshape(self._shape)
        if np.isnan(window[0, 0]):
            window[:] = inputs  # the first row stands in for rows before it
        else:
            window[:-1] = window[1:]
            window[-1] = inputs
        return take_changes(window.copy(), self._changes)

    def _decide(self, signals: NDArray[np.float32]) -> list[Answer]:
        with np.errstate(invalid="ignore"):  # of inputs that are too large for the network
            probabilities = [softmax(logits) for logits in self._networks(signals)]
        return answers_of(self.rule, self._calibrate(probabilities))


class CompiledEngine:
    """Machine code of a fixed-point model, called row by row.

    Parameters
    ----------
    predictor : CompiledPredictor
        Of a decider.

    Raises
    ------
    StreamError
        If the model makes no decisions.
    """

    name = "compiled"

    def __init__(self, predictor: Any) -> None:
        graph: Graph = predictor.twin.graph_
        if graph.decision is None:
            raise StreamError(
                "The compiled model has heads and no decision, expected one of a FusionDecider. "
                "Compile the decider: compile_predictor(decider, calibration_data)."
            )
        self._predictor = predictor
        self.reading_names = tuple(predictor.reading_names)
        self.categorical = categorical_names(graph.front_end)
        self.rule = FusionRule.of(predictor.twin.estimator_)
        self.heads = tuple((head.name, head.classes) for head in graph.heads)
        self.digest = digest_of(predictor.twin.integer_graph_)

    def new_state(self) -> bytearray:
        """Return the model's own state."""
        state: bytearray = self._predictor.new_state()
        return state

    def answer(self, rows: Sequence[tuple[Sequence[Any], bytearray]]) -> list[Answer]:
        """Answer rows in order."""
        answers = []
        for row, state in rows:
            status, decision, probabilities = self._predictor.push(row, state)
            if status:
                answers.append(Answer(STATUS.get(status, f"error {status}"), None, None, ()))
                continue
            scores = self.rule.scores([one[None] for one in probabilities])[0]
            answers.append(Answer(OK, decision, (scores[0], scores[1]), probabilities))
        return answers

    def pack(self, states: Sequence[bytearray]) -> NDArray[np.uint8]:
        """Return states as one array (n, bytes)."""
        size = len(self.new_state())
        return np.frombuffer(b"".join(states), dtype=np.uint8).reshape(len(states), size)

    def unpack(self, packed: NDArray[Any], n: int) -> list[bytearray]:
        """Return the states of an array."""
        expected = (n, len(self.new_state()))
        if packed.dtype != np.uint8 or packed.shape != expected:
            raise ValueError(f"states of {packed.dtype} {packed.shape}, not uint8 {expected}")
        return [bytearray(state.tobytes()) for state in packed]


def make_engine(model: Any, by: str | None) -> Engine:
    """Return the fastest engine for a fitted decider, or that of a compiled one.

    `by` names the column of the model's input that tells devices apart, if there is one.

    Raises
    ------
    StreamError
        If the model is neither.
    """
    model = unfreeze(model)
    if isinstance(model, FusionDecider):
        try:
            return FloatEngine(model)
        except ExportError:
            return ExactEngine(model, by)
    if all(hasattr(model, one) for one in ("reading_names", "new_state", "push")):
        return CompiledEngine(model)
    raise StreamError(
        f"The model is a {type(model).__name__}, expected a fitted FusionDecider, or what "
        "firmware_export.compile_predictor makes of one."
    )


def categorical_names(front_end: FrontEnd) -> frozenset[str]:
    """Return the readings that are categories."""
    return frozenset(one.name for one in front_end.columns if isinstance(one, CategoricalColumn))


def _last_step(estimator: Any) -> Any:
    estimator = unfreeze(estimator)
    return unfreeze(estimator[-1]) if hasattr(estimator, "steps") else estimator
