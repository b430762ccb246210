"""Loss and accuracy over the epochs of training."""

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from skdualcnn.inspection._reading import find_history
from skdualcnn.inspection._style import (
    bounded_markers,
    legend_below,
    literal,
    make_panels,
    pick_style,
    restyle,
    style,
)

_PARTS = {"train": "training", "valid": "validation"}


class TrainingHistoryDisplay:
    """Training curves of a classifier: the loss, and the accuracy of each head.

    Parameters
    ----------
    history : DataFrame
        A row per epoch and path: `epoch`, `train_loss`, `valid_loss` if rows were held
        out, `train_accuracy_<head>`, `valid_accuracy_<head>`, and `path`, the network
        that the row is about.

    Attributes
    ----------
    ax_ : ndarray of Axes, of shape (2,)
        The panels: loss, accuracy.
    figure_ : Figure
        The figure that holds them.
    lines_ : list of Line2D
        The curves.

    See Also
    --------
    DualPathCNNClassifier : Keeps the history as `history_`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier
    >>> from skdualcnn.inspection import TrainingHistoryDisplay
    >>> X = np.random.default_rng(0).random((60, 8))
    >>> y = (X[:, :2] > 0.5).astype(int)
    >>> classifier = DualPathCNNClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> display = TrainingHistoryDisplay.from_estimator(classifier)
    >>> [ax.get_title() for ax in display.ax_]
    ['Loss', 'Accuracy of each head']
    >>> plt.close(display.figure_)
    """

    def __init__(self, history: pd.DataFrame) -> None:
        self.history = history

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, curve_kwargs: dict[str, Any] | None = None
    ) -> Self:
        """Draw the history of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted `DualPathCNNClassifier`, or a pipeline, search or decider around one.
        ax : Axes or sequence of two Axes, default=None
            Where to draw; None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        TrainingHistoryDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no `history_` in the estimator.
        """
        return cls(find_history(estimator)).plot(ax=ax, curve_kwargs=curve_kwargs)

    def plot(self, ax: Any = None, *, curve_kwargs: dict[str, Any] | None = None) -> Self:
        """Draw the two panels.

        Parameters
        ----------
        ax : Axes or sequence of two Axes, default=None
            Where to draw; one Axes is divided, None makes a new figure.
        curve_kwargs : dict, default=None
            Properties of the curves, for Matplotlib's `Line2D`, instead of ours.

        Returns
        -------
        TrainingHistoryDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the history has no epoch, or the number of Axes is not 1 or 2.
        """
        if len(self.history) == 0 or "epoch" not in self.history:
            raise ValueError(
                f"The history has {len(self.history)} rows and the columns "
                f"{list(self.history.columns)}, expected a row per epoch with its losses. Fit for "
                "at least one epoch."
            )
        with style(ax):
            panels = make_panels(ax, 2, size=(5.2, 4.6))
            self.lines_: list[Any] = []
            self._draw_losses(panels[0])
            self._draw_accuracies(panels[1])
            restyle(self.lines_, curve_kwargs)
            for panel in panels:
                panel.set_xlabel("epoch")
                panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
                legend_below(panel)
        self.ax_ = np.array(panels, dtype=object)
        self.figure_ = panels[0].figure
        return self

    def _draw_losses(self, ax: Axes) -> None:
        paths = self._by_path()
        for position, (name, epochs) in enumerate(paths.items()):
            prefix = f"{name}, " if len(paths) > 1 else ""
            for part, words in _PARTS.items():
                self._draw(ax, epochs, f"{part}_loss", prefix + words, position, part)
            if "valid_loss" in epochs and epochs["valid_loss"].notna().any():
                lowest = int(np.nanargmin(epochs["valid_loss"]))
                epoch = int(epochs["epoch"].iloc[lowest])
                ax.plot(
                    epoch,
                    epochs["valid_loss"].iloc[lowest],
                    linestyle="none",
                    marker="*",
                    markersize=14,
                    markerfacecolor="white",
                    markeredgecolor=pick_style(position)[0],
                    zorder=6,
                    label=literal(f"{prefix}lowest (epoch {epoch})"),
                )
        ax.set(title="Loss", ylabel="cross-entropy (nats)")

    def _draw_accuracies(self, ax: Axes) -> None:
        prefix = "train_accuracy_"
        heads = [c.removeprefix(prefix) for c in self.history.columns if c.startswith(prefix)]
        for position, head in enumerate(heads):
            for part, words in _PARTS.items():
                column = f"{part}_accuracy_{head}"
                for epochs in self._by_path().values():
                    self._draw(ax, epochs, column, f"{head}, {words}", position, part)
        ax.set(title="Accuracy of each head", ylabel="rows answered correctly")
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))

    def _draw(
        self, ax: Axes, epochs: pd.DataFrame, column: str, label: str, position: int, part: str
    ) -> None:
        if column not in epochs or epochs[column].isna().all():
            return
        colour, marker = pick_style(position)
        held_out = part == "valid"
        self.lines_ += ax.plot(
            epochs["epoch"],
            epochs[column],
            color=colour,
            linestyle="-" if held_out else "--",
            linewidth=2.2 if held_out else 1.3,
            marker=marker,
            markersize=5,
            markerfacecolor="auto" if held_out else "white",
            markevery=bounded_markers(len(epochs)),
            label=literal(label),
        )

    def _by_path(self) -> dict[str, pd.DataFrame]:
        if "path" not in self.history:
            return {"network": self.history}
        return {str(k): v for k, v in self.history.groupby("path", sort=False)}
