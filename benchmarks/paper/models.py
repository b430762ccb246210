"""The models of the tables: ours, the baselines, MiniRocket where there are windows."""

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch, _safe_indexing, check_random_state

from benchmarks.paper.jobs import Settings
from benchmarks.paper.protocols import AT_LEAST, first_of_each
from skdualcnn._decider import FusionDecider
from skdualcnn._studies import OURS, Study, labelled_heads

MINIROCKET, SVM = "MiniRocket", "SVM (RBF)"
SHORTEST = 9  # steps of the shortest series that MiniRocket takes


def make_models(
    study: Study, dataset: Bunch, settings: Settings, seed: int
) -> tuple[dict[str, FusionDecider], dict[str, str]]:
    """Return the models by name, and of those that are left out the reason.

    Parameters
    ----------
    study : Study
    dataset : Bunch
    settings : Settings
    seed : int
    """
    models = models_of(study, dataset, seed, svm_rows=settings.svm_rows, quick=settings.quick)
    reason = _why_no_minirocket(study, dataset)
    if reason:
        return models, {MINIROCKET: reason}
    ours = models[OURS].estimator
    models[MINIROCKET] = FusionDecider(_make_minirocket(ours, dataset, settings, seed))
    return models, {}


def models_of(
    study: Study, dataset: Bunch, seed: int, *, svm_rows: int, quick: bool
) -> dict[str, FusionDecider]:
    """Return the models of a study by name, unfitted, the support vectors on some rows only."""
    models = study.models(dataset, quick=quick, verbose=0, random_state=seed)
    steps = models[SVM].estimator.steps
    name, svm = steps[-1]
    steps[-1] = (name, OnSomeRows(svm, max_rows=svm_rows, random_state=seed))
    return models


def _why_no_minirocket(study: Study, dataset: Bunch) -> str:
    if study.window == 1 and np.ndim(dataset.data) < 3:
        return "it needs series, and here each row stands alone"
    if importlib.util.find_spec("aeon") is None:
        return "aeon is not installed (pip install 'skdualcnn[benchmarks]')"
    return ""


def _make_minirocket(ours: Pipeline, dataset: Bunch, settings: Settings, seed: int) -> Pipeline:
    linear: Any = LogisticRegression(C=0.01, max_iter=300)
    if len(labelled_heads(dataset)) > 1:
        linear = MultiOutputClassifier(linear)
    features = MiniRocketFeatures(500 if settings.quick else 2000, random_state=seed)
    steps = [clone(step) for _, step in ours.steps[:-1]]
    return make_pipeline(*steps, features, StandardScaler(), linear)


class OnSomeRows(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Fit a classifier on a random part of the rows, some of every class among them.

    Parameters
    ----------
    estimator : classifier
        Of one output or several.
    max_rows : int
        Rows that are fitted on, where there are more.
    random_state : int or None
    """

    def __init__(self, estimator: Any, max_rows: int, random_state: int | None = None) -> None:
        self.estimator = estimator
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        rows = np.arange(len(X))
        if len(rows) > self.max_rows:
            order = check_random_state(self.random_state).permutation(len(rows))
            labels = pd.DataFrame(_safe_indexing(y, order)).reset_index(drop=True)
            strata = labels.groupby(list(labels.columns), dropna=False).ngroup().to_numpy()
            # A stable sort: the rows that every class keeps, then the others as drawn.
            rare = np.isin(rows, first_of_each(strata, AT_LEAST))
            rows = np.sort(order[np.argsort(~rare, kind="stable")[: self.max_rows]])
        self.n_rows_ = len(rows)
        self.estimator_ = clone(self.estimator).fit(X[rows], _safe_indexing(y, rows))
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.estimator_.predict_proba(X)

    def predict(self, X: Any) -> NDArray[Any]:
        return self.estimator_.predict(X)


class MiniRocketFeatures(TransformerMixin, BaseEstimator):
    """aeon's MiniRocket on windows of shape (n, steps, channels).

    Windows of fewer than nine steps are made longer by repeating their first one, as
    `SlidingWindow` does before the first row.

    Parameters
    ----------
    n_kernels : int
    random_state : int or None
    """

    def __init__(self, n_kernels: int, random_state: int | None = None) -> None:
        self.n_kernels = n_kernels
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        from aeon.transformations.collection.convolution_based import MiniRocket  # noqa: PLC0415

        kernels = MiniRocket(n_kernels=self.n_kernels, random_state=self.random_state)
        with _flat_series_allowed():
            self.kernels_ = kernels.fit(self._series(X))
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        with _flat_series_allowed():
            return np.asarray(self.kernels_.transform(self._series(X)), dtype=np.float32)

    def _series(self, X: Any) -> NDArray[np.float32]:
        windows = np.asarray(X, dtype=np.float32)
        missing = max(SHORTEST - windows.shape[1], 0)
        padded = np.concatenate([np.repeat(windows[:, :1], missing, axis=1), windows], axis=1)
        return np.ascontiguousarray(padded.transpose(0, 2, 1))


@contextmanager
def _flat_series_allowed() -> Iterator[None]:
    """Keep aeon from warning of readings that do not change within a window."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Data seen by instance of MiniRocket", UserWarning)
        yield
