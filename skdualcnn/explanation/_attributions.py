"""What each column, modality and time step adds to the heads' anomaly scores."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import HeadError
from skdualcnn.explanation._explained_network import ExplainedNetwork

WARNED_GAP = 0.05  # of a score that contributions miss


@dataclass(frozen=True)
class Attributions:
    """Contributions to the anomaly scores of some rows.

    The score of a row is the score of the reference plus the contributions of the row,
    up to the error that :meth:`gap` returns.

    Attributes
    ----------
    values : dict of str to ndarray of shape (n, n_steps, n_features) and dtype float64
        Per head, what each feature of each step adds to the score, in units of
        probability; one step where rows have no windows.
    features : DataFrame of n_features rows
        The raw `column` and the `modality` of each feature.
    scores : DataFrame of n rows
        The anomaly score of each head, one minus its probability of being normal, that
        the contributions add up to.
    base : dict of str to float
        The score of the reference, per head.
    """

    values: Mapping[str, NDArray[np.float64]]
    features: pd.DataFrame
    scores: pd.DataFrame
    base: Mapping[str, float]

    def by_column(self, head: str) -> pd.DataFrame:
        """Return the contribution of each raw column, all steps together.

        Parameters
        ----------
        head : str
            Name of a head.

        Returns
        -------
        DataFrame of n rows
            A column per raw column of X.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        return self._added(head, "column")

    def by_modality(self, head: str) -> pd.DataFrame:
        """Return the contribution of each modality, all steps together.

        Parameters
        ----------
        head : str
            Name of a head.

        Returns
        -------
        DataFrame of n rows
            A column per modality.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        return self._added(head, "modality")

    def by_step(self, head: str) -> pd.DataFrame:
        """Return the contribution of each time step, all columns together.

        Parameters
        ----------
        head : str
            Name of a head.

        Returns
        -------
        DataFrame of n rows
            A column per step, named by its distance from the row itself: ..., -1, 0.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        values = self._of(head).sum(axis=2)
        return pd.DataFrame(values, self.scores.index, range(1 - values.shape[1], 1))

    def by_modality_and_step(self, head: str, row: int) -> pd.DataFrame:
        """Return the contribution of each modality at each time step of one row.

        Parameters
        ----------
        head : str
            Name of a head.
        row : int
            Position of the row.

        Returns
        -------
        DataFrame of n_steps rows
            A column per modality; rows are named as the columns of :meth:`by_step`.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        values = self._of(head)[row]
        return self._summed(pd.DataFrame(values, range(1 - len(values), 1)), "modality")

    def gap(self, head: str) -> pd.Series:
        """Return by how much the contributions miss the score, which is a sum of them.

        Parameters
        ----------
        head : str
            Name of a head.

        Returns
        -------
        Series of n rows and dtype float64
            Score less the reference's score less the sum of all contributions.

        Raises
        ------
        HeadError
            If there is no such head.
        """
        return self.scores[head] - self.base[head] - self._of(head).sum(axis=(1, 2))

    def _added(self, head: str, label: str) -> pd.DataFrame:
        return self._summed(pd.DataFrame(self._of(head).sum(axis=1), self.scores.index), label)

    def _summed(self, table: pd.DataFrame, label: str) -> pd.DataFrame:
        """Return a table of a column per feature, summed by column or modality."""
        return table.T.groupby(self.features[label].to_numpy(), sort=False).sum().T

    def _of(self, head: str) -> NDArray[np.float64]:
        if head not in self.values:
            raise HeadError(f"head={head!r}, expected one of {list(self.values)}.")
        return self.values[head]


def attribute_scores(
    decider: FusionDecider, X: ArrayLike, *, reference: ArrayLike, n_steps: int = 64
) -> Attributions:
    """Say what each input adds to the anomaly scores that a decider compares.

    Integrated gradients (Sundararajan, Taly and Yan, "Axiomatic attribution for deep
    networks", 2017) of one minus the probability of the normal class, from the mean of
    the reference rows, as the network sees them, to each row. Needs Captum:
    ``pip install 'skdualcnn[explain]'``.

    Scores are the calibrated ones where the calibration multiplies logits: "temperature",
    or "sigmoid" of two classes. Other calibrations have no gradient worth the name;
    contributions then add up to the network's own score, before calibration.

    Parameters
    ----------
    decider : FusionDecider
        Fitted, around a `DualPathCNNClassifier` or a pipeline that ends in one, which may be
        frozen or found by a search.
    X : array-like of n rows
        Rows as in the decider's `fit`. With windows, all rows before those to be
        explained, too.
    reference : array-like
        Rows that stand for "nothing is wrong", such as the normal rows of the training
        data; with windows, in the order of time.
    n_steps : int, default=64
        Points at which the gradient is taken; for rows of which the contributions miss the
        score by more than 0.01, twice as many, and so on up to 1024.

    Returns
    -------
    Attributions
        The contributions.

    Raises
    ------
    TypeError
        If there is no `DualPathCNNClassifier` in the decider.
    ValueError
        If `n_steps` is below 1.
    MissingPackageError
        If Captum is not installed.

    Warns
    -----
    UserWarning
        If contributions miss a score by more than 0.05 all the same: where a calibration
        sharpens a head, its score is a step that no gradient describes.

    See Also
    --------
    describe_decisions : A line of text for each decision.
    AttributionDisplay : A picture of one decision.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.explanation import attribute_scores
    >>> X = np.random.default_rng(0).random((200, 8)).astype("float32")
    >>> y = (X[:, [1, 6]] > 0.6).astype(int)  # each head looks at one column
    >>> network = DualPathCNNClassifier(lr=0.01, max_epochs=10, random_state=0)
    >>> decider = FusionDecider(network).fit(X, y)
    >>> normal = X[(y == 0).all(axis=1)]
    >>> attributions = attribute_scores(decider, X[y[:, 0] == 1], reference=normal)
    >>> attributions.by_column("head_0").mean().idxmax()
    'x1'
    """
    if n_steps < 1:
        raise ValueError(f"n_steps={n_steps}, expected 1 or more. Leave it at 64.")
    network = ExplainedNetwork.of(decider)
    rows, rest = network.read(X), network.rest(reference)
    scores, base = network.scores(rows), network.scores(rest)
    found = Attributions(
        {head: network.integrate(rows, rest, head, n_steps) for head in network.heads},
        network.features(),
        pd.DataFrame(scores, X.index if isinstance(X, pd.DataFrame) else None),
        {head: float(score[0]) for head, score in base.items()},
    )
    for head in network.heads:
        missed = found.gap(head).abs()
        if (missed > WARNED_GAP).any():
            warnings.warn(
                f"Contributions miss the {head} score of {(missed > WARNED_GAP).sum()} of "
                f"{len(missed)} rows by more than {WARNED_GAP:g}, at most {missed.max():.2f}: on "
                "the way from the reference it is too steep for gradients. Do not read them as "
                f"parts of it where gap({head!r}) is large, or explain a decider without "
                "calibration.",
                UserWarning,
                stacklevel=2,
            )
    return found
