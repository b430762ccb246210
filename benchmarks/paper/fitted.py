"""A decider fitted on some rows, which answers for others of the same table."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, _safe_indexing

from benchmarks.paper.protocols import Rows
from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn._studies import fit, labels_of


@dataclass(frozen=True)
class Fitted:
    """A fitted decider.

    Attributes
    ----------
    decider : FusionDecider
        Of the whole pipeline; or of its last step, where windows were made first.
    windows : Pipeline or None
        The steps that make windows of the whole table before rows are taken from it.
    """

    decider: FusionDecider
    windows: Pipeline | None

    @classmethod
    def on(cls, decider: FusionDecider, dataset: Bunch, train: Rows, protocol: str) -> "Fitted":
        """Fit on some rows of a data set.

        Where the pipeline makes windows and the protocol is the paper's, windows are made
        of the whole recording first, and then divided at random as single rows are: that
        is how such results come about, neighbours overlapping on both sides. Under the
        honest protocol windows never cross from one side to the other.
        """
        steps = decider.estimator.steps
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # baselines near their defaults
            if protocol == "honest" or not any(name == "slidingwindow" for name, _ in steps):
                return cls(fit(decider, dataset, train), None)
            return cls._on_windows(decider, dataset, train)

    @classmethod
    def _on_windows(cls, decider: FusionDecider, dataset: Bunch, train: Rows) -> "Fitted":
        place = [name for name, _ in decider.estimator.steps].index("slidingwindow") + 1
        windows, rest = clone(decider.estimator[:place]), clone(decider.estimator[place:])
        windows.fit(_safe_indexing(dataset.data, train))
        X = np.asarray(windows.transform(dataset.data))[train]
        y = labels_of(dataset, train)
        name, last = rest.steps[-1]
        watched = {}
        if isinstance(last, DualPathCNNClassifier):
            watched[f"{name}__groups"] = dataset.groups.iloc[train]
        parameters = {k: v for k, v in decider.get_params(deep=False).items() if k != "estimator"}
        inner = FusionDecider(rest, **parameters)
        inner.fit(X, y if y.shape[1] > 1 else y.squeeze(axis=1), **watched)
        return cls(inner, windows)

    def probabilities(self, table: Any, rows: Rows) -> dict[str, NDArray[np.float64]]:
        """Return the class probabilities of some rows of a table, by head."""
        if self.windows is None:
            X = _safe_indexing(table, rows)
        else:
            X = np.asarray(self.windows.transform(table))[rows]
        found = self.decider.predict_proba(X)
        listed = found if isinstance(found, list) else [found]
        return {
            str(name): np.asarray(one, dtype=np.float64)
            for name, one in zip(self.decider.head_names_, listed, strict=True)
        }
