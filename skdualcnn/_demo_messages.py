"""What each figure of the demo says, in one sentence of its own numbers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn._evaluation import HeadResult, ModelResult


def say_training(history: pd.DataFrame) -> str:
    """Return where training was best, or how far the loss fell or rose."""
    watched = history.get("valid_loss")
    if watched is None or watched.isna().all():
        first, last = history["train_loss"].iloc[[0, -1]]
        if last == first:
            return f"The training loss was {last:.3f}."
        moved = "fell" if last < first else "rose"
        return f"The training loss {moved} from {first:.3f} to {last:.3f}."
    best = int(np.nanargmin(watched))
    return (
        f"The loss on held-out groups was lowest, {watched.iloc[best]:.3f}, in epoch "
        f"{history['epoch'].iloc[best]} of {history['epoch'].max()}."
    )


def say_confusion(head: HeadResult) -> str:
    """Return the share of right answers and the most frequent mistake."""
    right = head.y_true == head.y_pred
    share = f"{100 * right.mean():.1f} % of the rows got the right class."
    if right.all():
        return share
    pairs = pd.DataFrame({"true": head.y_true[~right], "said": head.y_pred[~right]})
    (true, said), rows = pairs.value_counts().index[0], int(pairs.value_counts().iloc[0])
    whole = int((head.y_true == true).sum())
    return (
        f"{share} The most frequent mistake: {true} was taken for {said} in {rows:,} of "
        f"{whole:,} rows."
    )


def say_ranking(results: Mapping[str, ModelResult], ours: str, head: str) -> str:
    """Return how our ROC-AUC stands among the models'."""
    areas = {name: one.heads[head].metrics()["roc_auc"] for name, one in results.items()}
    return _say_standing(areas, ours, "ROC-AUC", lower_is_better=False)


def say_calibration(results: Mapping[str, ModelResult], ours: str, head: str) -> str:
    """Return how our Brier score stands among the models'."""
    errors = {name: one.heads[head].metrics()["brier"] for name, one in results.items()}
    return _say_standing(errors, ours, "Brier score", lower_is_better=True)


def say_decisions(result: ModelResult) -> str:
    """Return the share of right decisions and the most frequent mistake."""
    known = pd.notna(result.states)
    states = result.states[known].astype(str)
    decisions: NDArray[np.str_] = result.decisions[known]
    right = states == decisions
    share = f"{100 * right.mean():.1f} % of the rows were decided right."
    if right.all():
        return share
    pairs = pd.DataFrame({"true": states[~right], "decided": decisions[~right]}).value_counts()
    true, decided = pairs.index[0]
    return (
        f"{share} The most frequent mistake: {true} decided as {decided}, {pairs.iloc[0]:,} rows."
    )


def _say_standing(
    figures: Mapping[str, float], ours: str, measure: str, *, lower_is_better: bool
) -> str:
    """Return our figure, our place, and who is best, or second if we are."""
    ranked = pd.Series(figures).dropna().sort_values(ascending=lower_is_better)
    if ours not in ranked:
        return f"The {measure} is not defined: the test rows are all of one kind."
    place = 1 + int(
        (ranked < ranked[ours]).sum() if lower_is_better else (ranked > ranked[ours]).sum()
    )
    others = ranked.drop(ours)
    said = f"{measure} of our network: {ranked[ours]:.3f}, place {place} of {len(ranked)}"
    if others.empty:
        return f"{said}."
    return f"{said}; {'next' if place == 1 else 'best'}: {others.index[0]}, {others.iloc[0]:.3f}."
