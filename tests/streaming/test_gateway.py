"""From messages to calls: what a gateway does with the parts."""

import json

from skdualcnn.streaming import Action, ActionRunner, AlertDesk, AlertPolicy, OnlineDetector


def test_messages_become_alerts_and_calls(case):
    detector = OnlineDetector(case.decider, case.columns, times="naive", **case.settings)
    policies = [AlertPolicy(kind, raise_count=2, raise_window=4) for kind in ("medical", "cyber")]
    desk = AlertDesk(policies, times="naive")
    pages, log, events = [], [], []
    actions = [Action(pages.append, when=lambda one: one["event"] == "raised"), Action(log.append)]
    with ActionRunner(actions, workers=1) as runner:
        for stream, device, time, values in case.readings():
            message = {"stream": stream, "device": device, "time": time, "values": values}
            for decision in detector.push_message(message):
                for event in desk.observe(decision):
                    events.append(event.record())
                    runner.submit(event.record())
    assert log == events
    assert pages == [one for one in events if one["event"] == "raised"]
    raised = {(one["device"], one["kind"]) for one in pages}
    assert raised
    ended = sum(one["event"] == "cleared" for one in events)
    assert len(desk.active) == len(pages) - ended
    assert json.loads(json.dumps(events)) == events
    decided = case.table()
    for device, kind in raised:
        mine = decided.loc[decided["patient"] == device, "decision"]
        assert mine.isin([kind, "both"]).sum() >= 2
