"""FixedPointClassifier: what the firmware answers, computed in Python on every bit."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from firmware_export._calibration import CALIBRATIONS, Calibration
from firmware_export._encoding import device_codes, encode_readings
from firmware_export._extract import extract_graph, unfreeze
from firmware_export._fine_tuning import fine_tune
from firmware_export._integer import (
    Q30_ONE,
    Integers,
    decide,
    run,
    softmax_q30,
)
from firmware_export._integer_graph import IntegerGraph
from firmware_export._integer_readings import (
    Readings,
    as_signal,
    blank_inputs,
    check_readings,
    quantise_readings,
    quantise_rows,
    to_fixed,
)
from firmware_export._quantize import quantise
from firmware_export._quantize_limits import Limits
from firmware_export._rows import BLANK, spread_rows, stack_windows
from skdualcnn import FusionDecider
from skdualcnn._labels import Heads
from skdualcnn._rules import DECISIONS
from skdualcnn.metrics import subset_accuracy

CALIBRATION_ROWS = 2000
"""Calibration looks at no more rows than this, evenly spaced."""
BATCH_VALUES = 2**20
"""Rows are run together until the largest layer holds about this many accumulators."""


@dataclass(frozen=True)
class FixedPointAnswers:
    """Integers that the firmware answers with.

    Attributes
    ----------
    logits, probabilities : list of ndarray of shape (n, n_classes) and dtype int32
        One per head; probabilities in Q30, adding up to 2**30.
    classes : list of ndarray of shape (n,)
        Position of the most likely class of each head.
    decisions : ndarray of shape (n,) or None
        Positions in `skdualcnn._rules.DECISIONS`; None without a decider.
    """

    logits: list[Integers]
    probabilities: list[Integers]
    classes: list[NDArray[np.int64]]
    decisions: NDArray[np.int64] | None


def answer(
    graph: IntegerGraph, readings: Readings, devices: NDArray[np.int64] | None = None
) -> FixedPointAnswers:
    """Run an integer graph on raw readings and return only what comes out at its end.

    With windows, the rows of a device are in the order of time from its first; `devices`
    says which row is whose, None that they are all one device's.
    """
    check_readings(graph, readings)
    parts: list[list[Integers]] = []
    inputs = quantise_rows(graph, readings)
    windows = stack_windows(inputs, graph.window, graph.stride, devices, blank_inputs(graph))
    for batch in batches(graph, windows):
        tensors = run(graph, as_signal(graph, batch))
        parts.append([tensors[head.tensor][:, 0] for head in graph.heads])
    if not parts:
        parts = [[np.zeros((0, len(head.classes)), dtype=np.int32) for head in graph.heads]]
    logits = [np.concatenate(one) for one in zip(*parts, strict=True)]
    probabilities = [
        softmax_q30(one, head.fraction_bits) for one, head in zip(logits, graph.heads, strict=True)
    ]
    return FixedPointAnswers(
        logits,
        probabilities,
        [one.argmax(axis=1) for one in logits],
        None if graph.decision is None else decide(probabilities, graph.decision),
    )


def batches(graph: IntegerGraph, windows: Any) -> Iterator[NDArray[Any]]:
    """Divide windows so that no layer's accumulators take much memory."""
    largest = max(
        graph.tensors[operation.target].size * getattr(operation, "pool", 1)
        for operation in graph.operations
    )
    rows = max(1, BATCH_VALUES // largest)
    for start in range(0, len(windows), rows):
        yield windows[start : start + rows]


class FixedPointClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Fixed-point twin of a classifier, pipeline or decider.

    It answers exactly what the exported C answers: integers only between the raw
    readings and the Q30 probabilities. As an ordinary classifier it can be scored,
    cross-validated and searched over, number of bits included.

    Parameters
    ----------
    estimator : FusionDecider, Pipeline or DualPathCNNClassifier
        `fit` trains a clone of it. To quantise one that is already fitted, wrap it in
        :class:`sklearn.frozen.FrozenEstimator`.
    activation_bits : {8, 16}, default=16
        Bits of the activations between layers; 8 take half the RAM. Logits keep 16.
    calibration : {"minmax", "percentile", "mse"}, default="minmax"
        How ranges are read off the data: the largest magnitude, the 99.9th percentile
        of the magnitudes, or the magnitude that makes the mean squared error of
        rounding and clipping smallest.
    limits : mapping of str to (float, float), default=None
        Lowest and highest value, in its own units, that a numeric reading is accepted
        at, by the name of its column; not of a series. Without, a reading is limited to its
        column's range: that of the estimator or, where it sets none, what the integers hold.
    qat_epochs : int, default=0
        Epochs of quantisation-aware training after the fit: with weights and signals
        rounded as the integers will be, the network learns to give the probabilities
        that it gave without. It is a copy that learns: `estimator_` stays as it was.
    qat_lr : float, default=3e-5
        Learning rate of the first of these epochs; it falls in equal steps towards zero.

    Attributes
    ----------
    estimator_ : estimator
        The fitted floating-point estimator.
    integer_graph_ : IntegerGraph
        The quantised layers.
    classes_ : ndarray or list of ndarray
        As the estimator's.

    See Also
    --------
    export_firmware : Writes the same arithmetic as C.

    Notes
    -----
    Calibration looks at 2000 evenly spaced rows of X at most. A batch of rows is
    computed with integers held in double precision, which represents every one of
    them exactly. Probabilities come in steps of 2**-30, fine enough to rank the rows of
    a confident network like the floating-point one does.

    Quantisation-aware training needs no labels. It is meant for `activation_bits=8`; with
    16 the answers are as good as identical without it.

    With a :class:`skdualcnn.preprocessing.SlidingWindow` in the pipeline, the rows of a
    device are in the order of time, and every call starts afresh with its first row, as
    the pipeline does. Its column `by` says which row is whose; on the chip the caller
    knows that, and keeps a state for each device.

    References
    ----------
    Jacob, B. et al. (2018). Quantization and training of neural networks for efficient
    integer-arithmetic-only inference. CVPR.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.frozen import FrozenEstimator
    >>> from firmware_export import FixedPointClassifier
    >>> from skdualcnn import DualPathCNNClassifier
    >>> X = np.random.default_rng(0).random((200, 8))
    >>> y = (X[:, 0] > 0.5).astype(int)
    >>> network = DualPathCNNClassifier(conv_channels=(4,), dense_units=8, random_state=0)
    >>> network = network.fit(X, y)
    >>> twin = FixedPointClassifier(FrozenEstimator(network)).fit(X)
    >>> bool(np.abs(twin.predict_proba(X) - network.predict_proba(X)).max() < 0.02)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "activation_bits": [Options(int, {8, 16})],
        "calibration": [StrOptions(set(CALIBRATIONS))],
        "limits": [Mapping, None],
        "qat_epochs": [Interval(Integral, 0, None, closed="left")],
        "qat_lr": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        activation_bits: int = 16,
        calibration: Calibration = "minmax",
        limits: Limits | None = None,
        qat_epochs: int = 0,
        qat_lr: float = 3e-5,
    ) -> None:
        self.estimator = estimator
        self.activation_bits = activation_bits
        self.calibration = calibration
        self.limits = limits
        self.qat_epochs = qat_epochs
        self.qat_lr = qat_lr

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator, unless it is frozen, and calibrate its twin on X.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.
        y : array-like, default=None
            Labels; may be left out for a frozen estimator.
        sample_weight : array-like of shape (n,), default=None
            Passed to the estimator's `fit`, if given.
        **fit_params : dict
            Passed to the estimator's `fit`.

        Returns
        -------
        FixedPointClassifier
            The fitted twin.

        Raises
        ------
        ExportError
            If a part of the estimator cannot be turned into firmware, or `limits` name
            something other than its numeric readings.
        ValueError
            If the firmware refuses a reading of X: one that is infinite in single
            precision, missing where nothing is imputed, or outside its limits.
        """
        self._validate_params()
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        self.estimator_ = unfreeze(clone(self.estimator).fit(X, y, **fit_params))
        self.graph_ = extract_graph(self.estimator_)
        for attribute in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, attribute):
                setattr(self, attribute, getattr(self.estimator_, attribute))
        readings = self.readings(X)
        windows = self.windows(X)
        if sample_weight is not None:
            used = np.asarray(sample_weight).reshape(len(windows), -1).max(axis=1) > 0
            windows = windows[used]
        calibration_data = spread_rows(windows, CALIBRATION_ROWS)
        arithmetic: dict[str, Any] = {
            "activation_bits": self.activation_bits,
            "calibration": self.calibration,
        }
        if self.qat_epochs > 0:
            tuned = deepcopy(self.estimator_)
            fine_tune(
                tuned,
                X,
                calibration_data,
                fit_params,
                epochs=self.qat_epochs,
                lr=self.qat_lr,
                **arithmetic,
            )
            self.graph_ = extract_graph(tuned)
        self.integer_graph_ = quantise(
            self.graph_, calibration_data, limits=self.limits, **arithmetic
        )
        check_readings(self.integer_graph_, readings)
        self.classes_ = self.estimator_.classes_
        return self

    def readings(self, X: Any) -> NDArray[np.float32]:
        """Return rows of X as the firmware takes them.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_readings) and dtype float32
            NaN where missing; a category is its position among the column's
            categories, -1 if unknown.
        """
        return self._encode(X, np.float32)

    def windows(self, X: Any) -> Any:
        """Return the windows of readings that the answers to the rows of X come from.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        array-like of shape (n, n_rows_in_window, n_readings) and dtype float32
            An array of them when it is indexed along its first axis. Rows that a window
            has before the first one of a device are infinite, if they are blank.
        """
        readings = self.readings(X)
        front = self.graph_.front_end
        blank = np.full(readings.shape[1], BLANK) if front.has_blank_steps else None
        return stack_windows(readings, front.window, front.stride, self.devices(X), blank)

    def devices(self, X: Any) -> NDArray[np.int64] | None:
        """Return which device each row of X belongs to.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n,) and dtype int64, or None
            A number for each device; None if the estimator does not tell devices apart.
        """
        check_is_fitted(self, "graph_")
        return device_codes(self.graph_.front_end, X)

    def fixed_readings(self, X: Any) -> NDArray[np.int32]:
        """Return rows of X as the firmware's `run_fixed` takes them.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_readings) and dtype int32
            The value times 2 to the power of the reading's `fraction_bits` in
            `integer_graph_`, rounded to the nearest and limited to 32 bits; -2**31 where
            missing.
        """
        readings = self._encode(X, np.float64)
        return to_fixed(self.integer_graph_, readings)

    def _encode(self, X: Any, dtype: type[np.floating[Any]]) -> Readings:
        check_is_fitted(self, "graph_")
        if not self._reads_raw_columns():
            X = validate_data(self, X, dtype=np.float64, allow_nd=True, reset=False)
        return encode_readings(self.graph_.front_end, X, dtype)

    def answers(self, X: Any) -> FixedPointAnswers:
        """Return the integers that the firmware answers with.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        FixedPointAnswers
            Logits, Q30 probabilities, classes and decisions.

        Raises
        ------
        ValueError
            If a reading is infinite, missing where nothing is imputed, or outside its
            limits.
        """
        check_is_fitted(self, "integer_graph_")
        return answer(self.integer_graph_, self.readings(X), self.devices(X))

    def layer_integers(self, X: Any) -> dict[str, Integers]:
        """Return every intermediate signal, as the firmware holds it.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes; all rows are run at once.

        Returns
        -------
        dict of str to ndarray of shape (n, steps, channels) and dtype int32
            By layer, in the order they run, "input" first. The real value of one step
            is the `scale` of the tensor in `integer_graph_`.
        """
        check_is_fitted(self, "integer_graph_")
        graph = self.integer_graph_
        check_readings(graph, self.readings(X))
        tensors = run(graph, quantise_readings(graph, self.windows(X)[:]))
        names = [tensor.name for tensor in graph.tensors]
        return dict(zip(names, tensors, strict=True))

    def predict_proba(self, X: Any) -> NDArray[np.float64] | list[NDArray[np.float64]]:
        """Return the probability of each class, a multiple of 2**-30.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64, or a list of them
            One array per head if y had several columns; rows add up to 1 exactly.
        """
        probabilities = [one / Q30_ONE for one in self.answers(X).probabilities]
        return probabilities[0] if self.integer_graph_.single_output else probabilities

    def predict_log_proba(self, X: Any) -> NDArray[np.float64] | list[NDArray[np.float64]]:
        """Return log-probabilities at the resolution of the firmware's logits.

        A probability below 2**-30 is zero for the firmware. This is computed from the
        integer logits, which the firmware returns too, and is always finite.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64, or a list of them
            One array per head if y had several columns.
        """
        logits = self.answers(X).logits
        logarithms = [
            log_softmax(one / 2.0**head.fraction_bits, axis=1)
            for one, head in zip(logits, self.integer_graph_.heads, strict=True)
        ]
        return logarithms[0] if self.integer_graph_.single_output else logarithms

    def predict(self, X: Any) -> NDArray[Any]:
        """Return what the estimator predicts: labels, or decisions for a decider.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.

        Returns
        -------
        ndarray of shape (n,) or (n, n_heads)
            A decider's decisions, else the label of each head.
        """
        answers = self.answers(X)
        if answers.decisions is not None:
            return DECISIONS[answers.decisions]
        graph = self.integer_graph_
        classes = self.classes_ if isinstance(self.classes_, list) else [self.classes_]
        heads = Heads(tuple(head.name for head in graph.heads), tuple(classes), graph.single_output)
        return heads.decode(np.column_stack(answers.classes))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy, as the estimator counts it.

        Parameters
        ----------
        X : DataFrame or array-like
            What the estimator takes.
        y : array-like of shape (n,) or (n, n_heads)
            True labels; missing ones do not count.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        float
            Share of rows of which the decision, or every label, is right.
        """
        predicted = self.predict(X)
        if self.integer_graph_.decision is not None:
            y = self.estimator_.true_state(y)
        return subset_accuracy(y, predicted, sample_weight=sample_weight)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "integer_graph_")

    def _reads_raw_columns(self) -> bool:
        """Return whether a preprocessor comes first, which checks its columns itself."""
        inner = self.estimator_
        if isinstance(inner, FusionDecider):
            inner = inner.estimator_
        return isinstance(unfreeze(inner), Pipeline)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type  # that of a decider is none
        tags.classifier_tags = inner.classifier_tags
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        return tags
