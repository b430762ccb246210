"""Steps of an estimator whose answer on a row depends on rows before it, and on how many."""

from typing import Any

from sklearn.frozen import FrozenEstimator

from skdualcnn._fitted_heads import walk_in
from skdualcnn.preprocessing import GapImputer, HampelFilter, SlidingWindow


def find_backward_steps(estimator: Any) -> list[Any]:
    """Return the steps of a fitted estimator, at any depth, that look at earlier rows."""
    for outer in walk_in(estimator):  # what a search has chosen, not what it started from
        estimator = getattr(outer, "best_estimator_", estimator)
    steps: dict[int, Any] = {}
    for one in (estimator, *estimator.get_params(deep=True).values()):
        if isinstance(one, FrozenEstimator):  # it does not tell the parameters of what it holds
            steps |= {id(step): step for step in find_backward_steps(one.estimator)}
        elif isinstance(one, HampelFilter | GapImputer | SlidingWindow) and n_rows_before(one) != 0:
            steps[id(one)] = one
    return list(steps.values())


def n_rows_before(step: Any) -> int | None:
    """Return how many rows before its own an answer of a step depends on, None for any number.

    A filter that looks at later rows depends on more than those before.
    """
    if isinstance(step, SlidingWindow):
        return int((step.length - 1) * step.stride)
    if isinstance(step, HampelFilter):
        return int(step.window - 1) if step.causal else None
    is_bounded = step.limit is not None and step.time is None and not step.add_age
    return int(step.limit) if is_bounded else None
