"""How much a model's score owes to each modality."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state


def modality_importance(
    estimator: Any,
    X: pd.DataFrame,
    y: ArrayLike,
    modalities: Mapping[str, Sequence[str]],
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Return by how much the score falls when the columns of a modality are shuffled.

    As `sklearn.inspection.permutation_importance`, but the columns of a modality change
    places together, so that they still agree with each other. It serves any estimator.
    With windows the order of time is lost too.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : DataFrame of n rows
        Rows that it was not fitted on.
    y : array-like of shape (n,) or (n, n_heads)
        Their labels.
    modalities : dict of str to list of str
        The columns of each modality.
    scoring : str, callable or None, default=None
        As scikit-learn's; None is the estimator's own `score`.
    n_repeats : int, default=5
        How often each modality is shuffled.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.

    Returns
    -------
    Bunch
        `importances`, a DataFrame with a row per repetition and a column per modality;
        `importances_mean` and `importances_std`, a Series each; `baseline_score`.

    Raises
    ------
    TypeError
        If X is no pandas DataFrame.
    ValueError
        If a modality names a column that X does not have, or `n_repeats` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdualcnn.explanation import modality_importance
    >>> X = pd.DataFrame(np.random.default_rng(0).random((200, 3)), columns=["a", "b", "c"])
    >>> y = X["c"] > 0.5
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> found = modality_importance(
    ...     tree, X, y, {"patient": ["a", "b"], "network": ["c"]}, random_state=0
    ... )
    >>> found.importances_mean.round(1).to_dict()
    {'patient': 0.0, 'network': 0.5}
    """
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"X is a {type(X).__name__}, expected a pandas DataFrame: modalities names columns. "
            "Wrap an array: pandas.DataFrame(X, columns=[...])."
        )
    named = [column for columns in modalities.values() for column in columns]
    unknown = [column for column in dict.fromkeys(named) if column not in X.columns]
    if unknown:
        raise ValueError(
            f"modalities names the column(s) {unknown}, which X does not have; expected some of "
            f"{list(X.columns)}."
        )
    if n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats}, expected 1 or more.")
    rng, scorer = check_random_state(random_state), check_scoring(estimator, scoring=scoring)
    baseline = float(scorer(estimator, X, y))
    rows = []
    for _ in range(n_repeats):
        order = rng.permutation(len(X))
        row = {}
        for modality, columns in modalities.items():
            shuffled = X.copy()
            for column in columns:
                shuffled[column] = X[column].array[order]
            row[modality] = baseline - float(scorer(estimator, shuffled, y))
        rows.append(row)
    importances = pd.DataFrame(rows)
    return Bunch(
        importances=importances,
        importances_mean=importances.mean(),
        importances_std=importances.std(ddof=0),
        baseline_score=baseline,
    )
