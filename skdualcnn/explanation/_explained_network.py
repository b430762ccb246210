"""The network inside a decider: what it reads, and the scores it gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn._deciding_heads import DecidingHead, deciding_heads
from skdualcnn._fitting import Inputs, as_signals, read_signals
from skdualcnn._softmax import softmax
from skdualcnn.explanation._origins import trace_features
from skdualcnn.network._adversarial import log_odds_gradient
from skdualcnn.network._integrated_gradients import integrate_gradients
from skdualcnn.network._training import predict_logits


@dataclass(frozen=True)
class ExplainedHead:
    """One head of the network.

    Attributes
    ----------
    position, normal : int
        Of the head among all heads, and of its normal class among its classes.
    matrix, shift : ndarray of shapes (n_classes, n_classes) and (n_classes,)
        What the decider's calibration does to the logits; nothing, where it is no such
        map.
    """

    position: int
    normal: int
    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]


@dataclass(frozen=True)
class ExplainedNetwork:
    """A fitted network behind the steps of its pipeline.

    Attributes
    ----------
    steps : sequence of transformers
        The fitted steps in front of the classifier.
    classifier : DualPathCNNClassifier
        The fitted classifier.
    heads : dict of str to ExplainedHead
        The heads that the decider compares.
    """

    steps: Sequence[Any]
    classifier: DualPathCNNClassifier
    heads: Mapping[str, ExplainedHead]

    @classmethod
    def of(cls, decider: FusionDecider) -> Self:
        """Find the network in a fitted decider.

        Raises
        ------
        TypeError
            If it is no decider, or one around another model.
        """
        check_is_fitted(decider)
        if not hasattr(decider, "heads_"):
            raise TypeError(
                f"Got a {type(decider).__name__}, expected a fitted FusionDecider, or another that "
                "makes decisions. Of a search, give best_estimator_."
            )
        steps, estimator = _open(decider.estimator_)
        if not isinstance(estimator, DualPathCNNClassifier):
            raise TypeError(
                f"The decider's estimator ends in a {type(estimator).__name__}, expected a "
                "DualPathCNNClassifier: gradients are those of a network. For other models use "
                "skdualcnn.explanation.modality_importance."
            )
        heads = {head.name: _explained_head(decider, head) for head in deciding_heads(decider)}
        return cls(steps, estimator, heads)

    def read(self, X: ArrayLike) -> Inputs:
        """Return rows as the network reads them, (n, ..., n_features)."""
        for step in self.steps:
            X = step.transform(X)
        return read_signals(self.classifier, X, reset=False)

    def rest(self, reference: ArrayLike) -> NDArray[np.float32]:
        """Return the mean of the reference rows, as the network reads them, as one row."""
        rows = np.asarray(self.read(reference))
        return rows.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)

    def scores(self, rows: Inputs) -> dict[str, NDArray[np.float64]]:
        """Return each head's anomaly score of rows that the network reads."""
        signals = as_signals(rows)
        logits = [head for net in self.classifier.nets_ for head in predict_logits(net, signals)]
        return {
            name: 1 - softmax(logits[head.position] @ head.matrix.T + head.shift)[:, head.normal]
            for name, head in self.heads.items()
        }

    def integrate(
        self, rows: Inputs, rest: NDArray[np.float32], head: str, n_steps: int
    ) -> NDArray[np.float64]:
        """Return (n, n_steps, n_features) contributions to one head's score."""
        net, place = self._net_of(head)
        found = integrate_gradients(
            net,
            as_signals(rows),
            as_signals(rest),
            head=place,
            normal=self.heads[head].normal,
            calibration=(self.heads[head].matrix, self.heads[head].shift),
            n_steps=n_steps,
        )
        # A row is a signal along its columns; a window has a channel per column.
        return found.transpose(0, 2, 1) if self.classifier.windowed_ else found

    def gradient(self, rows: NDArray[np.float32], head: str) -> NDArray[np.float64]:
        """Return how the log odds of a head's "not normal" change with each feature.

        For a network that reads single rows, (n, n_features).
        """
        net, place = self._net_of(head)
        normal = self.heads[head].normal
        return log_odds_gradient(net, as_signals(rows), head=place, normal=normal)[:, 0]

    def _net_of(self, head: str) -> tuple[NeuralNet, int]:
        """Return the net of a head, and the head's position in it."""
        position = self.heads[head].position
        if len(self.classifier.nets_) == 1:
            return self.classifier.nets_[0], position
        return self.classifier.nets_[position], 0

    def features(self) -> pd.DataFrame:
        """Return the raw column and the modality of each feature."""
        channels, steps = self.classifier.input_shape_
        n_features = channels if self.classifier.windowed_ else steps
        names = getattr(self.classifier, "feature_names_in_", range(n_features))
        return trace_features(
            self.steps, [name if isinstance(name, str) else f"x{name}" for name in names]
        )


def _open(estimator: Any) -> tuple[list[Any], Any]:
    """Return the transformers in a fitted estimator, and the estimator behind them."""
    if isinstance(estimator, FrozenEstimator):
        return _open(estimator.estimator)
    if isinstance(estimator, Pipeline):
        *before, (_, last) = estimator.steps
        steps, network = _open(last)
        chosen = [step for _, step in before if step is not None and step != "passthrough"]
        return [*chosen, *steps], network
    if hasattr(estimator, "best_estimator_"):
        return _open(estimator.best_estimator_)
    return [], estimator


def _explained_head(decider: FusionDecider, head: DecidingHead) -> ExplainedHead:
    """Return a head with the calibration that multiplies its logits, if it has such a one."""
    n = len(head.classes)
    folded = None
    if decider.calibrators_ is not None:
        folded = decider.calibrators_[head.position].on_logits(n)
    matrix, shift = (np.eye(n), np.zeros(n)) if folded is None else folded
    normal = head.classes.tolist().index(head.normal)
    return ExplainedHead(head.position, normal, matrix, shift)
