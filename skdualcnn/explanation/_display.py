"""One decision in a picture: what spoke for it, by modality, column and time step."""

from typing import Any, Self

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from skdualcnn._decider import FusionDecider
from skdualcnn.explanation._attributions import Attributions, attribute_scores
from skdualcnn.explanation._sentences import describe_decisions
from skdualcnn.inspection._style import SERIES, literal, make_panels, style

_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++")


class AttributionDisplay:
    """What each modality, column and time step adds to the heads' anomaly scores of one row.

    Colour and hatching tell modalities apart; their sums are in the legend. The line that
    :func:`describe_decisions` gives says the same in words, for whoever cannot see it.

    Parameters
    ----------
    attributions : Attributions
        Of the rows that may be drawn.
    lines : list of str
        What :func:`describe_decisions` says of each row; the first sentence's decision
        is the title, of a new figure or else of the first Axes.

    Attributes
    ----------
    ax_ : ndarray of Axes
        A panel of columns per head; with windows, then one of time steps per head, in
        which modalities are stacked.
    figure_ : Figure
        The figure that holds them.

    See Also
    --------
    attribute_scores : Computes what is drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.explanation import AttributionDisplay
    >>> X = pd.DataFrame(
    ...     np.random.default_rng(0).random((200, 8)).astype("float32"), columns=list("abcdefgh")
    ... )
    >>> y = pd.DataFrame({"health": X["b"] > 0.6, "cyber": X["g"] > 0.6}).astype(int)
    >>> decider = FusionDecider(DualPathCNNClassifier(max_epochs=2, random_state=0)).fit(X, y)
    >>> display = AttributionDisplay.from_estimator(
    ...     decider, X.head(1), reference=X[(y == 0).all(axis=1)]
    ... )
    >>> [ax.get_xlabel() for ax in display.ax_]
    ['added to the health score', 'added to the cyber score']
    >>> plt.close(display.figure_)
    """

    def __init__(self, attributions: Attributions, lines: list[str]) -> None:
        self.attributions = attributions
        self.lines = lines

    @classmethod
    def from_estimator(
        cls,
        decider: FusionDecider,
        X: pd.DataFrame,
        *,
        reference: ArrayLike,
        row: int = -1,
        n_columns: int = 8,
        ax: Any = None,
    ) -> Self:
        """Explain one row and draw it.

        Parameters
        ----------
        decider : FusionDecider
            Fitted, around a `DualPathCNNClassifier` or a pipeline that ends in one.
        X : DataFrame of n rows
            Rows; with windows, those before the one to draw, too.
        reference : array-like
            Rows that stand for "nothing is wrong".
        row : int, default=-1
            Position in X of the row to draw.
        n_columns : int, default=8
            Columns to draw for each head, those that matter most.
        ax : Axes or sequence of Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        AttributionDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no `DualPathCNNClassifier` in the decider.
        MissingPackageError
            If Captum is not installed.
        """
        attributions = attribute_scores(decider, X, reference=reference)
        lines = describe_decisions(decider, X, attributions)
        return cls(attributions, lines).plot(row=row, n_columns=n_columns, ax=ax)

    def plot(self, *, row: int = -1, n_columns: int = 8, ax: Any = None) -> Self:
        """Draw one row.

        Parameters
        ----------
        row : int, default=-1
            Position of the row.
        n_columns : int, default=8
            Columns to draw for each head.
        ax : Axes or sequence of Axes, default=None
            Where to draw; one is divided, None makes a new figure.

        Returns
        -------
        AttributionDisplay
            The display itself.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If the number of Axes is wrong.
        """
        n_rows = len(self.lines)
        if not -n_rows <= row < n_rows:
            raise IndexError(f"row={row}, expected one of the {n_rows} rows that were explained.")
        heads = list(self.attributions.values)
        windowed = next(iter(self.attributions.values.values())).shape[1] > 1
        with style(ax):
            rows = 2 if windowed else 1
            height = 2.0 + (0.36 if rows == 1 else 0.26) * n_columns
            panels = make_panels(ax, rows * len(heads), size=(5.0, height), rows=rows)
            for position, head in enumerate(heads):
                self._draw_columns(panels[position], head, row, n_columns)
                if windowed:
                    self._draw_steps(panels[len(heads) + position], head, row)
            _share_scale(panels[: len(heads)], "x")
            _share_scale(panels[len(heads) :], "y")
            title = literal(self.lines[row].split(":", 1)[0])
            if ax is None:
                panels[0].figure.suptitle(title)
            else:
                _set_title_above_legend(panels[0], title)
        self.ax_ = np.array(panels, dtype=object)
        self.figure_ = panels[0].figure
        return self

    def _draw_columns(self, ax: Axes, head: str, row: int, n_columns: int) -> None:
        shares = self.attributions.by_column(head).iloc[row]
        shown = shares[shares.abs().nlargest(n_columns).index[::-1]]
        features = self.attributions.features.drop_duplicates("column").set_index("column")
        modality = features["modality"].reindex(shown.index)
        keys: list[Patch] = []
        for place, (name, total) in enumerate(
            self.attributions.by_modality(head).iloc[row].items()
        ):
            here = np.flatnonzero(modality == name)
            looks = _looks(place)
            ax.barh(here, shown.to_numpy()[here], **looks)
            keys.append(Patch(**looks, label=f"{literal(name)} {round(total, 2) + 0.0:+.2f}"))
        ax.axvline(0, color="#333333", linewidth=1)
        ax.set_yticks(range(len(shown)), [literal(name) for name in shown.index])
        ax.set_xlabel(f"added to the {head} score")
        score, base = self.attributions.scores[head].iloc[row], self.attributions.base[head]
        # Above the panel, where it hides no bar however small the panel is.
        ax.legend(
            handles=keys,
            title=f"{literal(head)}: {score:.2f}, at rest {base:.2f}",
            loc="lower left",
            bbox_to_anchor=(0, 1),
            alignment="left",
        )

    def _draw_steps(self, ax: Axes, head: str, row: int) -> None:
        parts = self.attributions.by_modality_and_step(head, row)
        above, below = np.zeros(len(parts)), np.zeros(len(parts))
        for place, name in enumerate(parts):
            share = parts[name].to_numpy()
            ax.bar(parts.index, share, bottom=np.where(share > 0, above, below), **_looks(place))
            above, below = above + share.clip(min=0), below + share.clip(max=0)
        ax.axhline(0, color="#333333", linewidth=1)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("step before the row")
        ax.set_ylabel(f"added to the {head} score")


def _looks(place: int) -> dict[str, Any]:
    """Return the bars' colour and hatching, which tells modalities apart in print too."""
    return {
        "facecolor": SERIES[place % len(SERIES)],
        "hatch": _HATCHES[place % len(_HATCHES)],
        "edgecolor": "white",
    }


def _set_title_above_legend(ax: Axes, title: str) -> None:
    legend: Any = ax.get_legend()
    ax.annotate(
        title,
        (0, 1),
        xycoords=legend,
        xytext=(0, mpl.rcParams["axes.titlepad"]),
        textcoords="offset points",
        fontsize=mpl.rcParams["axes.titlesize"],
    )


def _share_scale(panels: list[Axes], axis: str) -> None:
    """Give panels the same limits, so that a head with next to no score looks like it."""
    if panels:
        limits = np.array([getattr(panel, f"get_{axis}lim")() for panel in panels])
        for panel in panels:
            panel.set(**{f"{axis}lim": (limits[:, 0].min(), limits[:, 1].max())})
