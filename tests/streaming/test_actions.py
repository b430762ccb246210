"""Actions: called, tried again, given up; and never in the way."""

from threading import Event, Lock

import pytest

from skdualcnn.exceptions import StreamError
from skdualcnn.streaming import Action, ActionRunner


class Flaky:
    """Fails so many times before it succeeds."""

    def __init__(self, failures):
        self.failures = failures
        self.calls = 0
        self.lock = Lock()

    def __call__(self, item):
        with self.lock:
            self.calls += 1
            if self.calls <= self.failures:
                raise OSError("no network")


def test_items_reach_the_actions_that_want_them():
    odd, every = [], []
    actions = [Action(odd.append, when=lambda item: item % 2 == 1), Action(every.append)]
    with ActionRunner(actions, workers=1) as runner:
        for i in range(20):
            runner.submit(i)
    assert odd == [*range(1, 20, 2)]
    assert every == [*range(20)]
    assert runner.counters == {
        "submitted": 30,
        "done": 30,
        "retried": 0,
        "timed_out": 0,
        "failed": 0,
        "dropped": 0,
    }


@pytest.mark.parametrize(("failures", "outcome"), [(2, "done"), (3, "failed")])
def test_errors_are_tried_again(failures, outcome):
    flaky = Flaky(failures)
    runner = ActionRunner([Action(flaky, retries=2, backoff=0.001)])
    runner.submit("item")
    assert runner.close()
    assert flaky.calls == 3
    assert runner.counters["retried"] == 2
    assert runner.counters[outcome] == 1


def test_a_condition_that_fails_is_counted():
    with ActionRunner([Action(print, when=lambda item: 1 / 0)]) as runner:
        runner.submit("item")
    assert runner.counters["failed"] == runner.counters["submitted"] == 1


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_hanging_action_does_not_stop_the_others(workers):
    release, done = Event(), []
    hang = Action(lambda item: release.wait(60), timeout=0.05, retries=0, name="hang")
    runner = ActionRunner([hang, Action(done.append)], workers=workers)
    for i in range(20):
        runner.submit(i)
    assert runner.close(timeout=30)
    assert sorted(done) == [*range(20)]
    counters = runner.counters
    assert (counters["done"], counters["failed"], counters["dropped"]) == (20, 20, 0)
    assert 1 <= counters["timed_out"] <= workers
    release.set()


def test_items_that_find_no_room_are_dropped():
    release = Event()
    runner = ActionRunner([Action(lambda item: release.wait(60))], workers=2, queue_size=3)
    for i in range(50):
        runner.submit(i)
    assert 50 - 2 - 3 <= runner.counters["dropped"] <= 50 - 3
    assert not runner.close(timeout=0.05)
    release.set()
    counters = runner.counters
    assert counters["submitted"] == sum(counters[kind] for kind in ("done", "failed", "dropped"))


def test_stuck_threads_come_back_to_work():
    release, done = Event(), []

    def first_hangs(item):
        if item == 0:
            release.wait(60)
        done.append(item)

    runner = ActionRunner([Action(first_hangs, timeout=0.05, retries=9, backoff=0.01)], workers=1)
    runner.submit(0)
    while not runner.counters["timed_out"]:
        release.wait(0.01)
    release.set()
    for i in range(1, 30):
        runner.submit(i)
    assert runner.close(timeout=30)
    assert set(done) == set(range(30))
    assert runner.counters["failed"] == 0


def test_a_timeout_may_be_infinite():
    release, done = Event(), []

    def wait(item):
        release.wait(60)
        done.append(item)

    hasty = Action(lambda item: release.wait(60), timeout=0.05, retries=0, name="hasty")
    runner = ActionRunner([Action(wait, timeout=float("inf")), hasty])
    runner.submit("item")
    while not runner.counters["timed_out"]:
        release.wait(0.01)
    runner.submit("item")
    release.wait(0.5)
    assert runner.counters["timed_out"] == 2
    release.set()
    assert runner.close(timeout=float("inf"))
    assert done == ["item", "item"]


def test_any_number_of_retries():
    flaky = Flaky(1100)
    runner = ActionRunner([Action(flaky, retries=2000, backoff=0.0)], workers=1)
    runner.submit("item")
    assert runner.close(timeout=60)
    assert runner.counters["done"] == 1


def test_nothing_is_taken_after_the_end():
    done = []
    runner = ActionRunner([Action(done.append)])
    assert runner.close()
    runner.submit("late")
    assert done == []
    assert runner.counters["dropped"] == 1


def test_settings_out_of_range():
    with pytest.raises(StreamError, match="expected functions"):
        Action("page")
    with pytest.raises(StreamError, match="timeout=0, retries=2"):
        Action(print, timeout=0)
    with pytest.raises(StreamError, match="timeout=nan"):
        Action(print, timeout=float("nan"))
    with pytest.raises(StreamError, match="workers=0"):
        ActionRunner([], workers=0)
