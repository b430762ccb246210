import pytest


@pytest.mark.slow
def test_every_reading_is_used_and_alerts_come_and_go(run_example):
    names = run_example("day_on_the_ward")
    counters = names["detector"].counters
    assert counters["accepted"] == len(names["readings"])
    assert counters["ticks"] == len(names["decisions"])
    kinds = [event.kind for event in names["events"]]
    assert kinds.count("raised") >= kinds.count("cleared") > 0
