"""Functions called on decisions and alerts, without ever holding up the stream."""

import heapq
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from threading import TIMEOUT_MAX, Condition, Thread
from time import monotonic
from typing import Any, Self

from skdualcnn.exceptions import StreamError

_LOG = logging.getLogger(__name__)
_MOST_DOUBLINGS = 60
"""Of a backoff; after them no further attempt comes anyway, unless the backoff is 0."""
_COUNTS = ("submitted", "done", "retried", "timed_out", "failed", "dropped")


@dataclass(frozen=True)
class Action:
    """A function to call on some decisions or events.

    Parameters
    ----------
    function : callable
        Takes the decision or event. It may be called again after an error or a
        time-out, so calling it twice must do no harm.
    when : callable or None, default=None
        Says of a decision or event whether to call; None: of all.
    timeout : float, default=10.0
        Seconds after which a call counts as failed; infinite: never.
    retries : int, default=2
        Further attempts.
    backoff : float, default=1.0
        Seconds before the first further attempt; doubled before each one after.
    name : str or None, default=None
        For messages; None: the function's.

    See Also
    --------
    ActionRunner : Calls it.
    """

    function: Callable[[Any], Any]
    when: Callable[[Any], bool] | None = None
    timeout: float = 10.0
    retries: int = 2
    backoff: float = 1.0
    name: str | None = None

    def __post_init__(self) -> None:
        if not callable(self.function) or not (self.when is None or callable(self.when)):
            raise StreamError(f"Got {self.function!r} and {self.when!r}, expected functions.")
        if not (self.timeout > 0 and self.backoff >= 0 and self.retries >= 0):
            raise StreamError(
                f"timeout={self.timeout}, retries={self.retries} and backoff={self.backoff}, "
                "expected a timeout above 0 and the others not below."
            )

    @property
    def title(self) -> str:
        """Name for messages."""
        return self.name or str(getattr(self.function, "__name__", self.function))


@dataclass(eq=False)
class _Call:
    """One item for one action, waiting, running or given up."""

    action: Action
    item: Any
    attempt: int = 0
    deadline: float | None = None


class ActionRunner:
    """Calls actions in threads of its own; the stream only puts items in a queue.

    A call that hangs keeps its thread, which Python cannot end. After the time-out it
    counts as failed, and another thread takes its place, up to `workers` of them. One
    action that hangs so often has its further attempts fail at once, and the others go on;
    if several do, calls wait in the queue, and those that find it full are dropped.

    Parameters
    ----------
    actions : sequence of Action
        What to call, each on the items that it wants.
    workers : int, default=4
        Calls at a time.
    queue_size : int, default=1000
        Calls that wait, retries included.

    Raises
    ------
    StreamError
        If there are no workers or there is no room in the queue.

    See Also
    --------
    OnlineDetector : Makes decisions.
    AlertDesk : Makes alerts of them.

    Notes
    -----
    All methods may be called from any thread. Calls start in the order of the items,
    but several run at a time.

    Examples
    --------
    >>> from skdualcnn.streaming import Action, ActionRunner
    >>> paged = []
    >>> page = Action(paged.append, when=lambda event: event["event"] == "raised")
    >>> with ActionRunner([page]) as runner:
    ...     runner.submit({"event": "raised", "device": "bed 4"})
    ...     runner.submit({"event": "cleared", "device": "bed 4"})
    >>> paged
    [{'event': 'raised', 'device': 'bed 4'}]
    >>> runner.counters["done"]
    1
    """

    def __init__(
        self, actions: Sequence[Action], *, workers: int = 4, queue_size: int = 1000
    ) -> None:
        if workers < 1 or queue_size < 1:
            raise StreamError(
                f"workers={workers} and queue_size={queue_size}, expected 1 or more of both."
            )
        self._actions = tuple(actions)
        self._workers = workers
        self._queue_size = queue_size
        self._counts: Counter[str] = Counter(dict.fromkeys(_COUNTS, 0))
        self._order = count()
        self._waiting: list[tuple[float, int, _Call]] = []
        self._running: set[_Call] = set()
        self._stuck: set[_Call] = set()
        self._closing = False
        self._changed = Condition()
        self._threads = 0
        self._watcher = Thread(target=self._watch, name="skdualcnn-actions-watch", daemon=True)
        self._watcher.start()
        with self._changed:
            self._hire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counters(self) -> dict[str, int]:
        """What became of the calls.

        ``submitted``; ``done``; ``retried`` and ``timed_out``, attempts; ``failed``,
        given up after the last attempt; ``dropped``, for which there was no room, or no
        time before the end.
        """
        with self._changed:
            return dict(self._counts)

    def submit(self, item: Any) -> None:
        """Queue an item for the actions that want it; never waits.

        Parameters
        ----------
        item : object
            A decision or an event.
        """
        for action in self._actions:
            if self._wants(action, item):
                with self._changed:
                    self._counts["submitted"] += 1
                    self._enqueue(_Call(action, item), monotonic())

    def close(self, timeout: float = 10.0) -> bool:
        """Take no more items, and wait for those that are queued.

        Parameters
        ----------
        timeout : float, default=10.0
            Seconds to wait; what is not done then is dropped.

        Returns
        -------
        bool
            Whether all was done or given up in time.
        """
        end = monotonic() + timeout
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while (self._waiting or self._running) and monotonic() < end:
                self._pause(end - monotonic())
            left = len(self._waiting) + len(self._running)
            self._counts["dropped"] += left
            self._waiting.clear()
            self._running.clear()
            self._changed.notify_all()
        return left == 0

    def _wants(self, action: Action, item: Any) -> bool:
        try:
            return action.when is None or bool(action.when(item))
        except Exception:
            _LOG.exception("The condition of %s raised an error", action.title)
            with self._changed:
                self._counts.update(submitted=1, failed=1)
            return False

    # Everything below runs with the lock held, but for the calls themselves.

    def _enqueue(self, call: _Call, start: float) -> None:
        if len(self._waiting) >= self._queue_size or (self._closing and call.attempt == 0):
            self._counts["dropped"] += 1
            _LOG.warning("No room for a call of %s", call.action.title)
            return
        heapq.heappush(self._waiting, (start, next(self._order), call))
        self._changed.notify_all()

    def _hire(self) -> None:
        """Start threads until there are `workers` beside those that hang, or twice as many."""
        while self._threads < self._workers + min(len(self._stuck), self._workers):
            self._threads += 1
            Thread(target=self._work, name="skdualcnn-actions", daemon=True).start()

    def _work(self) -> None:
        while (call := self._next()) is not None:
            error: BaseException | None = None
            try:
                call.action.function(call.item)
            except BaseException as raised:
                error = raised
            with self._changed:
                if call in self._stuck:  # given up meanwhile, and replaced
                    self._stuck.discard(call)
                    if self._threads > self._workers + min(len(self._stuck), self._workers):
                        break
                elif call in self._running:
                    self._running.discard(call)
                    if error is None:
                        self._counts["done"] += 1
                    else:
                        self._retry(call, repr(error))
                self._changed.notify_all()
        with self._changed:
            self._threads -= 1

    def _next(self) -> _Call | None:
        with self._changed:
            while True:
                now = monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    call = heapq.heappop(self._waiting)[2]
                    if self._hangs(call.action):
                        self._retry(call, "earlier calls hang")
                        self._changed.notify_all()
                        continue
                    call.deadline = now + call.action.timeout
                    self._running.add(call)
                    self._changed.notify_all()
                    return call
                if self._closing and not self._waiting and not self._running:
                    return None
                self._pause(self._waiting[0][0] - now if self._waiting else None)

    def _hangs(self, action: Action) -> bool:
        """Return whether one more call of an action could take the last free thread."""
        stuck = sum(call.action is action for call in self._stuck)
        running = sum(call.action is action for call in self._running)
        return stuck > 0 and stuck + running >= self._workers

    def _retry(self, call: _Call, why: str) -> None:
        if call.attempt >= call.action.retries:
            self._counts["failed"] += 1
            _LOG.error("Gave up %s after %d: %s", call.action.title, call.attempt + 1, why)
            return
        self._counts["retried"] += 1
        wait = call.action.backoff * 2 ** min(call.attempt, _MOST_DOUBLINGS)
        self._enqueue(_Call(call.action, call.item, call.attempt + 1), monotonic() + wait)

    def _pause(self, seconds: float | None) -> None:
        """Wait for a change, at most so long; no lock waits for ever if it is told how long."""
        self._changed.wait(None if seconds is None else min(max(0.0, seconds), TIMEOUT_MAX))

    def _watch(self) -> None:
        """Give up calls that take too long."""
        with self._changed:
            while not (self._closing and not self._waiting and not self._running):
                now = monotonic()
                late = [call for call in self._running if (call.deadline or now) <= now]
                for call in late:
                    self._running.discard(call)
                    self._stuck.add(call)
                    self._counts["timed_out"] += 1
                    self._retry(call, f"no answer within {call.action.timeout:g} s")
                self._hire()
                ends = [call.deadline or now for call in self._running]
                if late:
                    self._changed.notify_all()
                self._pause(min(ends) - now if ends else None)
