"""The models to beat, in the same pipeline as ours."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skdualcnn.preprocessing import flatten_windows


def make_baselines(
    preprocessing: Sequence[Any] = (),
    *,
    n_heads: int = 2,
    n_jobs: int | None = None,
    random_state: int | None = None,
) -> dict[str, Pipeline]:
    """Make the classifiers that every result of ours is printed beside.

    The majority class, logistic regression, a decision tree, a support vector machine
    with RBF kernel, a random forest and gradient-boosted trees, near their defaults in
    scikit-learn, one model per head, behind the same preprocessing.

    Parameters
    ----------
    preprocessing : sequence of transformers, default=()
        Steps before the classifier; clones are used. Windows are flattened.
    n_heads : int, default=2
        Columns of y; with one, y is one-dimensional.
    n_jobs : int or None, default=None
        Workers of the random forest.
    random_state : int or None, default=None
        Seed.

    Returns
    -------
    dict of str to Pipeline
        Unfitted pipelines by the name to print.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdualcnn.baselines import make_baselines
    >>> models = make_baselines(n_heads=1, random_state=0)
    >>> X, y = load_iris(return_X_y=True)
    >>> for name, model in models.items():
    ...     print(name, round(model.fit(X, y).score(X, y), 2))
    majority class 0.33
    logistic regression 0.97
    decision tree 1.0
    SVM (RBF) 0.97
    random forest 1.0
    boosted trees 1.0
    """
    classifiers: dict[str, Any] = {
        "majority class": DummyClassifier(),
        "logistic regression": LogisticRegression(max_iter=1000),
        "decision tree": DecisionTreeClassifier(random_state=random_state),
        "SVM (RBF)": CalibratedClassifierCV(SVC(), cv=_Thirds(), ensemble=False),
        "random forest": RandomForestClassifier(n_jobs=n_jobs, random_state=random_state),
        "boosted trees": HistGradientBoostingClassifier(random_state=random_state),
    }
    return {
        name: make_pipeline(
            *(clone(step) for step in preprocessing),
            FunctionTransformer(flatten_windows),
            classifier if n_heads == 1 else MultiOutputClassifier(classifier),
        )
        for name, classifier in classifiers.items()
    }


class _Thirds:
    """Three stratified folds that take classes of one or two rows, unlike ``cv=3``.

    The row of a class that has no other is trained on in every fold.
    """

    def split(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the rows to train on and those to answer for."""
        labels = np.asarray(y)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            folds = list(StratifiedKFold(3).split(np.zeros(len(labels)), labels))
        for train, test in folds:
            alone = test[~np.isin(labels[test], labels[train])]
            yield np.append(train, alone), test

    def get_n_splits(self, *_: Any) -> int:
        """Return the number of folds."""
        return 3
