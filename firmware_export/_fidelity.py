"""The integers beside the floats on evaluation data: figures of each, and why they differ."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from firmware_export._attribution import Cause, find_causes
from firmware_export._figures import HeadFigures, HeadLabels, read_head_labels
from firmware_export._graph import Floats
from firmware_export._integer import Q30_ONE
from firmware_export._noise import LayerReport, measure_layers, to_json_types
from firmware_export._twin import FixedPointClassifier
from skdualcnn._percentages import percentage
from skdualcnn._rules import DECISIONS
from skdualcnn.exceptions import HeadError

LARGEST_AUC_CHANGE = 0.002
"""A head whose ROC-AUC moves by more is looked into."""
FEWEST_IDENTICAL = 0.995
"""So are the decisions, if a smaller share of them is identical."""


@dataclass(frozen=True)
class HeadFidelity:
    """One head, in floats and in integers.

    Attributes
    ----------
    name : str
    identical : float
        Share of the rows with the same most likely class.
    mean_difference : float
        Mean absolute difference of the probabilities.
    labelled : int
        Rows that carry a label of the head.
    before, after : HeadFigures or None
        Figures of the float estimator and of the integers on these rows; None if there
        are none.
    """

    name: str
    identical: float
    mean_difference: float
    labelled: int
    before: HeadFigures | None
    after: HeadFigures | None


@dataclass(frozen=True)
class Fidelity:
    """How closely the integers follow the float estimator.

    Attributes
    ----------
    rows : int
    identical : float
        Share of the rows with the same decision; without a decider, with the same class
        of every head.
    heads : tuple of HeadFidelity
    layers : tuple of LayerReport
        Range, clipping and noise of each signal on these rows, 500 of them at most.
    findings : tuple of str
        A sentence for each head whose ROC-AUC moves by more than 0.002, and one if
        fewer than 99.5 % of the answers are identical, with the largest cause.
    causes : tuple of Cause
        What each effect of quantisation does on its own, the largest first; empty if
        there is nothing to find.
    """

    rows: int
    identical: float
    heads: tuple[HeadFidelity, ...]
    layers: tuple[LayerReport, ...]
    findings: tuple[str, ...]
    causes: tuple[Cause, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything in types that JSON knows.

        Returns
        -------
        dict
            What is infinite or not defined is None.
        """
        plain: dict[str, Any] = to_json_types(asdict(self))
        return plain

    def __str__(self) -> str:
        lines = [f"{percentage(self.identical)}% of {self.rows} answers identical"]
        lines += [
            f"{head.name}: ROC-AUC {head.before.roc_auc:.4f} -> {head.after.roc_auc:.4f}, "
            f"accuracy {head.before.accuracy:.4f} -> {head.after.accuracy:.4f}"
            for head in self.heads
            if head.before is not None and head.after is not None
        ]
        return "\n".join([*lines, *self.findings])


def compare_with_float(twin: FixedPointClassifier, X: Any, y: Any = None) -> Fidelity:
    """Compare what the firmware answers with what the float estimator answers.

    Where they differ by more than is small, the cause is measured: the float network runs
    again with the 8-bit weights of one layer only, or with one signal only rounded, or
    only clipped, for each in turn.

    Parameters
    ----------
    twin : FixedPointClassifier
        Fitted, such as the `twin` of a :class:`FirmwareReport`.
    X : DataFrame or array-like
        Evaluation data: rows that neither the training nor the calibration saw, as the
        estimator takes them.
    y : array-like of shape (n,) or (n, n_heads), default=None
        Their labels; missing ones do not count. Without, only answers are compared.

    Returns
    -------
    Fidelity
        Figures before and after, share of identical answers, noise of each layer, and
        the causes.

    Raises
    ------
    HeadError
        If X has no row, or y not one column per head and one row per row of X.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.frozen import FrozenEstimator
    >>> from firmware_export import FixedPointClassifier, compare_with_float
    >>> from skdualcnn import DualPathCNNClassifier
    >>> X = np.random.default_rng(0).random((400, 8))
    >>> y = (X[:, 0] > 0.5).astype(int)
    >>> network = DualPathCNNClassifier(conv_channels=(4,), dense_units=8, lr=0.01)
    >>> network = network.set_params(random_state=0).fit(X[:200], y[:200])
    >>> twin = FixedPointClassifier(FrozenEstimator(network)).fit(X[:200])
    >>> fidelity = compare_with_float(twin, X[200:], y[200:])
    >>> fidelity.identical > 0.98, len(fidelity.heads)
    (True, 1)
    """
    graph, quantised = twin.graph_, twin.integer_graph_
    answers = twin.answers(X)
    rows = len(answers.classes[0])
    if rows == 0:
        raise HeadError("X has no row, expected the rows to compare the answers on.")
    labels = [] if y is None else read_head_labels(graph, y)
    if labels and len(labels[0].known) != rows:
        raise HeadError(f"y has {len(labels[0].known)} row(s), expected {rows}, as many as X.")
    answered = twin.estimator_.predict_proba(X)
    before = answered if isinstance(answered, list) else [answered]
    heads = tuple(
        _compare_head(
            head.name, before[i], answers.probabilities[i] / Q30_ONE, labels[i] if labels else None
        )
        for i, head in enumerate(graph.heads)
    )
    if answers.decisions is None:
        classes = zip(before, answers.classes, strict=True)
        same = np.all([exact.argmax(axis=1) == fixed for exact, fixed in classes], axis=0)
    else:
        same = twin.estimator_.predict(X) == DECISIONS[answers.decisions]
    identical = float(same.mean())
    windows = twin.windows(X)
    causes: tuple[Cause, ...] = ()
    if identical < FEWEST_IDENTICAL or any(
        abs(_auc_change(head)) > LARGEST_AUC_CHANGE for head in heads
    ):
        untrained = before if twin.qat_epochs > 0 else None
        causes = find_causes(graph, quantised, windows, labels, untrained)
    return Fidelity(
        rows=rows,
        identical=identical,
        heads=heads,
        layers=measure_layers(graph, quantised, windows),
        findings=tuple(_tell(identical, heads, causes)),
        causes=causes,
    )


def _compare_head(
    name: str, before: Floats, after: Floats, labels: HeadLabels | None
) -> HeadFidelity:
    known = labels if labels is not None and labels.known.any() else None
    return HeadFidelity(
        name=name,
        identical=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        mean_difference=float(np.abs(before - after).mean()),
        labelled=0 if known is None else int(known.known.sum()),
        before=None if known is None else known.figures(before),
        after=None if known is None else known.figures(after),
    )


def _auc_change(head: HeadFidelity) -> float:
    """Return by how much quantisation moves the ROC-AUC of a head, 0 if that is not known."""
    if head.before is None or head.after is None:
        return 0.0
    return float(np.nan_to_num(head.after.roc_auc - head.before.roc_auc))


def _tell(
    identical: float, heads: tuple[HeadFidelity, ...], causes: tuple[Cause, ...]
) -> Iterator[str]:
    """Yield a sentence for whatever is not as it should be."""
    if identical < FEWEST_IDENTICAL:
        worst = max(causes, key=lambda cause: cause.changed)
        yield (
            f"Only {identical:.2%} of the answers are identical, expected {FEWEST_IDENTICAL:.1%}. "
            f"The largest cause is the {worst.kind} of {worst.layer!r}, which alone changes "
            f"{worst.changed:.2%} of them."
        )
    for position, head in enumerate(heads):
        change = _auc_change(head)
        if abs(change) > LARGEST_AUC_CHANGE:
            moves = {cause: cause.roc_auc_changes[position] for cause in causes}
            worst = max(moves, key=lambda cause: abs(moves[cause]))
            yield (
                f"The ROC-AUC of head {head.name!r} moves by {change:+.4f}, expected at most "
                f"{LARGEST_AUC_CHANGE:g}. The largest cause is the {worst.kind} of "
                f"{worst.layer!r}, which alone moves it by {moves[worst]:+.4f}."
            )
