"""The exported C, built for this machine and called in this process."""

import ctypes
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from firmware_export._arena import state_bytes
from firmware_export._emit import render_predictor
from firmware_export._encoding import RowEncoder
from firmware_export._extract import unfreeze
from firmware_export._integer import Q30_ONE
from firmware_export._integer_readings import Status
from firmware_export._toolchain import compile_c
from firmware_export._twin import FixedPointAnswers, FixedPointClassifier
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import ExportError, ToolchainError

PREFIX = "model"
_NAMES = DECISIONS.tolist()
_LIBRARY = ("-O3", "-shared", "-fPIC")
THIS_PROCESSOR = "-march=native"  # which not every compiler knows


class RowAnswer(NamedTuple):
    """What the compiled model answers to one row.

    Parameters
    ----------
    status : int
        0, or why the row was refused; the rest is then zero or None.
    decision : str or None
        The fused decision; None without a decider.
    probabilities : tuple of ndarray of shape (n_classes,) and dtype float64
        One per head, in steps of 2**-30.
    """

    status: int
    decision: str | None
    probabilities: tuple[NDArray[np.float64], ...]


class CompiledPredictor:
    """A fixed-point model as machine code, called row by row or in bulk.

    Answers are those of its twin on every bit. Several threads may call it at the same
    time, each with a state of its own.

    Parameters
    ----------
    twin : FixedPointClassifier
        Fitted.

    Attributes
    ----------
    twin : FixedPointClassifier

    Raises
    ------
    ToolchainError
        If there is no C compiler, or it fails.

    See Also
    --------
    compile_predictor : Makes one.
    """

    def __init__(self, twin: FixedPointClassifier) -> None:
        self.twin = twin
        graph = twin.integer_graph_
        self._encoder = RowEncoder(twin.graph_.front_end)
        self._state_bytes = state_bytes(graph)
        self._slices, self._width = _answer_slices([len(head.classes) for head in graph.heads])
        self._has_decision = graph.decision is not None
        self._width += self._has_decision
        # The file may go once it is loaded, except where the system holds on to it.
        with tempfile.TemporaryDirectory(
            prefix="skdualcnn_predictor_", ignore_cleanup_errors=True
        ) as folder:
            self._answer = _build(twin, Path(folder))

    def __reduce__(self) -> tuple[type["CompiledPredictor"], tuple[FixedPointClassifier]]:
        return CompiledPredictor, (self.twin,)  # machine code is built anew

    def new_state(self) -> bytearray:
        """Return the state of a device that has sent nothing yet.

        Returns
        -------
        bytearray
            Empty for a model without windows.
        """
        return bytearray(self._state_bytes)

    def push(self, values: Sequence[Any], state: bytearray) -> RowAnswer:
        """Answer one row of raw values.

        Parameters
        ----------
        values : sequence
            One value for each of `reading_names`: numbers, categories as in the
            training data; None, NaN or NA where missing.
        state : bytearray
            The device's, from :meth:`new_state`; brought up to date unless the row is
            refused.

        Returns
        -------
        RowAnswer

        Raises
        ------
        ValueError
            If there is not one value for each reading, one is no number, or the state
            is that of another model.
        """
        if len(state) != self._state_bytes:
            raise ValueError(
                f"state has {len(state)} byte(s), expected the {self._state_bytes} of this model. "
                "Begin with what new_state returns."
            )
        answers = self._call(self._encoder(values), 1, state)[0]
        status, shares = int(answers[0]), answers / Q30_ONE
        decision = _NAMES[answers[-1]] if self._has_decision and not status else None
        return RowAnswer(status, decision, tuple([shares[one] for _, one, _ in self._slices]))

    @property
    def reading_names(self) -> tuple[str, ...]:
        """Names of the values of a row, in order."""
        return self.twin.integer_graph_.readings

    def answers(self, X: Any) -> FixedPointAnswers:
        """Return the integers that the model answers with, as its twin does.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes; with windows, the rows of a device in the order
            of time, from a fresh state.

        Returns
        -------
        FixedPointAnswers
            Logits, Q30 probabilities, classes and decisions.

        Raises
        ------
        ValueError
            If a row is refused.
        """
        readings = self.twin.readings(X)
        devices = self.twin.devices(X)
        answers = np.empty((len(readings), self._width), dtype=np.int32)
        for device in [None] if devices is None else np.unique(devices):
            own = slice(None) if device is None else devices == device
            rows = np.ascontiguousarray(readings[own])
            answers[own] = self._call(rows, len(rows), self.new_state())
        if (answers[:, 0] != Status.OK).any():
            self.twin.answers(X)  # says which reading of which row, and why
        return FixedPointAnswers(
            [answers[:, logits] for logits, _, _ in self._slices],
            [answers[:, probabilities] for _, probabilities, _ in self._slices],
            [answers[:, position].astype(np.int64) for _, _, position in self._slices],
            answers[:, -1].astype(np.int64) if self._has_decision else None,
        )

    def _call(self, readings: NDArray[np.float32], rows: int, state: bytearray) -> Any:
        answers = np.empty((rows, self._width), dtype=np.int32)
        if rows:
            held = _place(state) if state else None
            self._answer(held, _place(readings), rows, _place(answers))
        return answers


def compile_predictor(estimator: Any, calibration_data: Any = None) -> CompiledPredictor:
    """Build the exported C of a fitted estimator for this machine.

    Parameters
    ----------
    estimator : FixedPointClassifier, FusionDecider, Pipeline or DualPathCNNClassifier
        Fitted. A FixedPointClassifier is built as it was calibrated.
    calibration_data : DataFrame or array-like, default=None
        Sets the ranges of the integers for any other estimator.

    Returns
    -------
    CompiledPredictor

    Raises
    ------
    ExportError
        If a part of the estimator has no counterpart in C, or rows to calibrate it lack.
    ToolchainError
        If there is no C compiler, or it fails.

    Examples
    --------
    >>> import numpy as np
    >>> from firmware_export import compile_predictor
    >>> from skdualcnn import DualPathCNNClassifier
    >>> X = np.random.default_rng(0).random((100, 8))
    >>> y = (X[:, 0] > 0.5).astype(int)
    >>> network = DualPathCNNClassifier(conv_channels=(4,), dense_units=8, max_epochs=1)
    >>> predictor = compile_predictor(network.fit(X, y), X)
    >>> answer = predictor.push(X[0], predictor.new_state())
    >>> bool((answer.probabilities[0] == predictor.twin.predict_proba(X[:1])).all())
    True
    """
    twin = unfreeze(estimator)
    if not isinstance(twin, FixedPointClassifier):
        if calibration_data is None:
            raise ExportError(
                "calibration_data is None, expected rows to set the ranges of the integers of a "
                f"{type(twin).__name__}. Give a sample of the training data."
            )
        twin = FixedPointClassifier(FrozenEstimator(twin)).fit(calibration_data)
    check_is_fitted(twin)
    return CompiledPredictor(twin)


def _answer_slices(classes: Sequence[int]) -> tuple[list[tuple[slice, slice, int]], int]:
    """Return where each head's logits, probabilities and class lie in a row of answers."""
    slices, start = [], 1
    for count in classes:
        middle, end = start + count, start + 2 * count
        slices.append((slice(start, middle), slice(middle, end), end))
        start = end + 1
    return slices, start


def _place(buffer: Any) -> Any:
    """Return where a buffer's bytes are; half the time of an array's `ctypes.data`."""
    return ctypes.byref(ctypes.c_char.from_buffer(buffer))


def _build(twin: FixedPointClassifier, folder: Path) -> Any:
    sources = render_predictor(twin.integer_graph_, PREFIX)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    files, library = sorted(folder.glob("*.c")), folder / "model.so"
    try:
        compile_c(files, library, include=folder, flags=(*_LIBRARY, THIS_PROCESSOR))
    except ToolchainError:
        compile_c(files, library, include=folder, flags=_LIBRARY)
    function = getattr(ctypes.CDLL(str(library)), f"{PREFIX}_answer")
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
    function.restype = None
    return function
