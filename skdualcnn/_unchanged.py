"""An estimator that a failed fit leaves as it was."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unchanged_on_error(estimator: object) -> Iterator[None]:
    """Give an estimator its attributes back if the block fails, whatever it has set by then."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
