"""Whether the world has changed since a decider was trained."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from skdualcnn._decider import FusionDecider
from skdualcnn._deciding_heads import deciding_heads, read_labels
from skdualcnn._groups import number_groups
from skdualcnn.drift._columns import Column, MeanColumn, NumericColumn, fit_column, require_columns
from skdualcnn.drift._report import DriftReport

PREDICTIONS, CALIBRATION = "predictions", "calibration"
_FEW_ROWS = 3


class DriftMonitor(BaseEstimator):
    """Watch a decider's inputs, its predictions and their calibration for drift.

    A batch is compared with the reference that `fit` remembers: for each column and for
    each head's score the distribution, the mean, the share of missing values, and of
    those that repeat the one before; and, where there are labels, the mean difference
    of score and truth. What counts as far is learned from the reference itself: each
    patient (group) is left out in turn, and its batches are compared with the others.
    So that patients differ, that rows resemble their neighbours and that there are many
    columns is all in the threshold already, which tests that take rows for independent
    do not allow for.

    A broken sensor shows in batches of one device: let `groups` be the devices. A case
    mix shows in batches of many patients: let them be wards, or days with other
    patients.

    Parameters
    ----------
    decider : FusionDecider
        Fitted. It is not fitted again.
    modalities : dict of str to list of str
        Columns of each modality; an alarm names the modality.
    batch_size : int, default=240
        Rows of the batches that are compared; those of one group, in the order of time.
    false_alarm_rate : float, default=0.05
        Share of batches without drift that may raise an alarm, for each modality, the
        predictions and the calibration on its own.
    n_bins : int, default=32
        Quantiles that a column of numbers is remembered by.

    Attributes
    ----------
    columns_ : dict
        What is remembered of each part and column.
    counts_ : dict
        How often, in the reference.
    usual_ : dict
        Largest distance of a batch without drift, by part, column and aspect.
    statistics_ : dict of str to ndarray
        Per part, the statistics of the batches without drift, in ascending order.
    thresholds_ : dict of str to float
        Per part, the statistic above which is an alarm.
    false_alarm_rate_ : float
        The rate that the thresholds keep; above `false_alarm_rate` if the reference has
        too few batches for it.
    n_batches_ : int
        Batches of the reference.

    See Also
    --------
    DriftWatch : The same on rows that come a few at a time.

    Notes
    -----
    The rate holds for batches that are exchangeable with those of the reference: with
    m of them, the k-th largest statistic is exceeded by a new one with probability at
    most k / (m + 1). Fit it on rows that the decider was not trained on, since a
    decider is surer of rows that it knows. Batches of a new patient are exchangeable
    with those of the reference only if it has many patients: of n, the new one is the
    oddest with probability 1 / (n + 1), and then most of its batches may raise an alarm.
    So of the batches of new patients, up to `false_alarm_rate_` + 1 / (n + 1) may raise
    one: at a rate of 0.05, 0.10 with 19 patients and 0.06 with 100.

    Windows see rows before their own. A batch is scored by itself, in the reference as
    later, so that the first windows of each are cut short alike.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdualcnn import FusionDecider
    >>> from skdualcnn.drift import DriftMonitor
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(4000, 2)), columns=["spo2", "packet_rate"])
    >>> y = pd.DataFrame({"health": X["spo2"] > 1, "cyber": X["packet_rate"] > 1}).astype(int)
    >>> decider = FusionDecider(DecisionTreeClassifier(random_state=0)).fit(X[:1000], y[:1000])
    >>> modalities = {"patient": ["spo2"], "network": ["packet_rate"]}
    >>> monitor = DriftMonitor(decider, modalities, batch_size=100).fit(X[1000:], y[1000:])
    >>> report = monitor.check(X[:100].assign(spo2=0.1))
    >>> report.alarms
    ['patient', 'predictions']
    >>> print(report)
    patient moved: spo2, repeats, is 1.00 from the reference, ...
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "decider": [HasMethods(["decision_function"])],
        "modalities": [dict],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "false_alarm_rate": [Interval(Real, 0, 1, closed="neither")],
        "n_bins": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        decider: FusionDecider,
        modalities: Mapping[str, Sequence[str]],
        *,
        batch_size: int = 240,
        false_alarm_rate: float = 0.05,
        n_bins: int = 32,
    ) -> None:
        self.decider = decider
        self.modalities = modalities
        self.batch_size = batch_size
        self.false_alarm_rate = false_alarm_rate
        self.n_bins = n_bins

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: pd.DataFrame, y: ArrayLike | None = None, *, groups: ArrayLike | None = None
    ) -> Self:
        """Remember the reference, and learn how far batches of it are from the rest.

        Parameters
        ----------
        X : DataFrame of n rows
            Rows that the decider was not trained on, those of a group in the order of
            time.
        y : array-like of shape (n, 2) or (n,), default=None
            Their labels; without them, calibration is not watched.
        groups : array-like of shape (n,), default=None
            Patient or device of each row. None: ten stretches of time stand for groups.

        Returns
        -------
        DriftMonitor
            The fitted monitor.

        Raises
        ------
        ValueError
            If there are fewer than two groups, or fewer than two batches in all; if a row has
            no group; if y has not a column for each head, or a modality has the name of
            another part.

        Warns
        -----
        UserWarning
            If the batches are too few for `false_alarm_rate`.
        """
        check_is_fitted(self.decider)
        require_columns(X, self.modalities)
        taken = sorted({PREDICTIONS, CALIBRATION} & set(self.modalities))
        if taken:
            raise ValueError(
                f"modalities has {taken}, names under which the decider's scores are watched; "
                "expected others, such as 'patient', 'environment' and 'network'."
            )
        groups = np.arange(len(X)) * 10 // max(len(X), 1) if groups is None else groups
        check_consistent_length(X, groups)
        group_of = number_groups(groups)
        block_of, group_of_block = _divide(group_of, self.batch_size)
        self.n_batches_ = len(group_of_block)
        if group_of.max() == 0 or self.n_batches_ < 2:
            raise ValueError(
                f"X has {len(X)} rows in {group_of.max() + 1} group(s), which are "
                f"{self.n_batches_} batch(es) of {self.batch_size} rows; expected at least two "
                "groups and two batches. Give more rows, or a smaller batch_size."
            )
        # A batch will be scored by itself. A window that starts in it sees nothing before it,
        # so the reference is scored in the same pieces, what is left of a group the last of its.
        piece_of = np.where(block_of < 0, self.n_batches_ + group_of, block_of)
        tables = self._tables(X, y, self._score_pieces(X, piece_of))
        self.columns_: dict[str, dict[str, Column]] = {}
        self.counts_: dict[str, dict[str, NDArray[np.float64]]] = {}
        self.usual_: dict[str, dict[str, dict[str, float]]] = {}
        self.statistics_: dict[str, NDArray[np.float64]] = {}
        for part, table in tables.items():
            self._learn(part, table, group_of, block_of, group_of_block)
        n_above = max(1, int(self.false_alarm_rate * (self.n_batches_ + 1)))
        self.thresholds_ = {
            part: float(found[-min(n_above, len(found))])
            for part, found in self.statistics_.items()
        }
        self.false_alarm_rate_ = n_above / (self.n_batches_ + 1)
        if self.false_alarm_rate_ > self.false_alarm_rate:
            warnings.warn(
                f"The reference has {self.n_batches_} batches, too few for false_alarm_rate="
                f"{self.false_alarm_rate:g}: about 1 in {self.n_batches_ + 1} batches without "
                f"drift will raise an alarm. Give at least {int(1 / self.false_alarm_rate)} "
                "batches, or a smaller batch_size.",
                stacklevel=2,
            )
        return self

    def check(
        self, X: pd.DataFrame, y: ArrayLike | None = None, *, scores: ArrayLike | None = None
    ) -> DriftReport:
        """Compare a batch with the reference.

        Parameters
        ----------
        X : DataFrame of n rows
            A batch, best of `batch_size` rows of one group; fewer are farther away by
            chance, and so raise more false alarms.
        y : array-like of shape (n, 2) or (n,), default=None
            Its labels, where they are known.
        scores : array-like of shape (n, 2), default=None
            What the decider's `decision_function` has already said of these rows.

        Returns
        -------
        DriftReport
            What has moved.

        Raises
        ------
        ValueError
            If X has no row, or lacks a column of the modalities; if there are labels but the
            reference had none, or not a column of them for each head, or of other length, or
            texts for a head that has numbers.
        """
        check_is_fitted(self, "thresholds_")
        require_columns(X, self.modalities)
        if len(X) == 0:
            raise ValueError("X has no row, expected a batch of at least one.")
        if y is not None and CALIBRATION not in self.columns_:
            raise ValueError(
                "y was given, but the reference had no labels to compare it with. Give y to fit "
                "too, or leave it out."
            )
        parts, columns = [], []
        for part, table in self._tables(X, y, scores).items():
            found = self._distances(part, table)
            if found["distance"].isna().all():
                continue  # no label in this batch
            ratios = found["distance"] / found["usual"]
            farthest = found.iloc[int(ratios.argmax())]
            statistic, reference = float(ratios.max()), self.statistics_[part]
            at_least = len(reference) - np.searchsorted(reference, statistic)
            parts.append(
                {
                    "part": part,
                    "statistic": statistic,
                    "threshold": self.thresholds_[part],
                    "p_value": (at_least + 1) / (len(reference) + 1),
                    "alarm": statistic > self.thresholds_[part],
                    **farthest.drop("part"),
                }
            )
            columns.append(found)
        return DriftReport(
            pd.DataFrame(parts).set_index("part"), pd.concat(columns, ignore_index=True), len(X)
        )

    def _learn(
        self,
        part: str,
        table: pd.DataFrame,
        group_of: NDArray[np.intp],
        block_of: NDArray[np.intp],
        group_of_block: NDArray[np.intp],
    ) -> None:
        """Remember one part's columns, and how far batches left out are from the others."""
        in_block = block_of >= 0
        self.columns_[part], self.counts_[part], self.usual_[part] = {}, {}, {}
        ratios = []
        for name in map(str, table):
            values = table[name]
            column = _remember(part, values, self.n_bins)
            by_group = column.count(values, group_of, group_of.max() + 1)
            total = by_group.sum(axis=0)
            blocks = column.count(values[in_block], block_of[in_block], len(group_of_block))
            others = (total - by_group)[group_of_block]
            found = pd.DataFrame(column.distances(others, blocks))
            # What never differs is usual at a few rows' worth: one odd row is no alarm.
            few = _FEW_ROWS / self.batch_size
            ratios.append(
                (found / _most_of_others(found, group_of_block).clip(lower=few)).max(axis=1)
            )
            usual = found.max().clip(lower=few)
            self.columns_[part][name], self.counts_[part][name] = column, total
            self.usual_[part][name] = {str(aspect): float(far) for aspect, far in usual.items()}
        self.statistics_[part] = np.sort(pd.concat(ratios, axis=1).max(axis=1).dropna().to_numpy())

    def _distances(self, part: str, table: pd.DataFrame) -> pd.DataFrame:
        """Return a row per column and aspect of one part of a batch."""
        one_block, rows = np.zeros(len(table), dtype=np.intp), []
        for name, column in self.columns_[part].items():
            counts = column.count(table[name], one_block, 1)
            for aspect, (far,) in column.distances(self.counts_[part][name], counts).items():
                rows.append((part, name, aspect, far, self.usual_[part][name][aspect]))
        return pd.DataFrame(rows, columns=["part", "column", "aspect", "distance", "usual"])

    def _score_pieces(self, X: pd.DataFrame, piece_of: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what the decider says of each row, asked piece by piece."""
        scores = np.empty((len(X), 2))
        for rows in pd.Series(piece_of).groupby(piece_of).indices.values():
            scores[rows] = self.decider.decision_function(X.iloc[rows])
        return scores

    def _tables(
        self, X: pd.DataFrame, y: ArrayLike | None, scores: ArrayLike | None
    ) -> dict[str, pd.DataFrame]:
        """Return what is watched, a table per part."""
        tables = {
            part: X[list(names)].rename(columns=str)
            for part, names in self.modalities.items()
            if len(names)
        }
        given = self.decider.decision_function(X) if scores is None else np.asarray(scores)
        if given.shape != (len(X), 2):
            raise ValueError(
                f"scores has shape {given.shape}, expected {(len(X), 2)}: health and cyber of "
                "each row, as decision_function returns them."
            )
        scored = {head.name: given[:, head.role] for head in deciding_heads(self.decider)}
        tables[PREDICTIONS] = pd.DataFrame(scored, index=X.index)
        if y is not None:
            tables[CALIBRATION] = tables[PREDICTIONS] - self._truth(y, X.index)
        return tables

    def _truth(self, y: ArrayLike, index: pd.Index) -> pd.DataFrame:
        """Return 1 where a head's label is not normal, 0 where it is, NaN without one."""
        check_consistent_length(index, y)
        labels, truth = read_labels(self.decider, y), {}
        for head in deciding_heads(self.decider):
            ill = np.asarray(labels.columns[head.position], dtype=object) != head.normal
            known = labels.weights[:, head.position] > 0
            truth[head.name] = np.where(known, ill.astype(float), np.nan)
        return pd.DataFrame(truth, index=index)


def _remember(part: str, values: pd.Series, n_bins: int) -> Column:
    if part == CALIBRATION:
        return MeanColumn()
    return NumericColumn.fit(values, n_bins) if part == PREDICTIONS else fit_column(values, n_bins)


def _most_of_others(found: pd.DataFrame, group_of: NDArray[np.intp]) -> pd.DataFrame:
    """Return for each batch the largest distances of the batches of other groups."""
    largest = found.groupby(group_of).max()
    others = {group: largest.drop(index=group).max() for group in largest.index}
    return pd.DataFrame([others[group] for group in group_of], index=found.index)


def _divide(
    group_of: NDArray[np.intp], batch_size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Cut groups into whole batches: the batch of each row, or -1; the group of each batch."""
    order = np.argsort(group_of, kind="stable")
    sizes = np.bincount(group_of)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    within = (np.arange(len(order)) - first) // batch_size
    whole = sizes // batch_size
    start = np.cumsum(whole) - whole
    block = np.where(within < whole[group_of[order]], start[group_of[order]] + within, -1)
    block_of = np.empty(len(order), dtype=np.intp)
    block_of[order] = block
    return block_of, np.repeat(np.arange(len(sizes)), whole)
