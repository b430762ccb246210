"""An estimator that a failed fit leaves as it was."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

Estimator = TypeVar("Estimator")
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def unchanged_on_error(
    method: Callable[Concatenate[Estimator, Given], Answer],
) -> Callable[Concatenate[Estimator, Given], Answer]:
    """Let a method that fails give its estimator the attributes back that it had before."""

    @wraps(method)
    def guarded(estimator: Estimator, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        before = dict(vars(estimator))
        try:
            return method(estimator, *args, **kwargs)
        except BaseException:
            vars(estimator).clear()
            vars(estimator).update(before)
            raise

    return guarded
