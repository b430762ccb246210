import json

import pandas as pd

from skdualcnn.gateway import Topics
from skdualcnn.gateway._payloads import read_reading
from skdualcnn.gateway._simulation import ward_messages, ward_news, ward_reports

START = pd.Timestamp("2031-05-01T10:00:00+02:00")


def test_every_report_becomes_one_message_in_order(case):
    timed = list(ward_messages(ward_reports(case.ward), START, Topics("w")))
    assert len(timed) == sum(len(table) for table in case.ward.streams.values())
    assert [one.seconds for one in timed] == sorted(one.seconds for one in timed)
    for one in timed[:50]:
        topic, payload = one.what
        device, stream = topic.removeprefix("w/readings/").split("/")
        reading = read_reading(payload, 65_536, frozenset())
        assert set(reading.values) == set(case.ward.modalities[stream])
        elapsed = (reading.time - START).total_seconds()
        assert abs(elapsed - one.seconds) < 1e-6
        assert device in {"0", "1", "2"}


def test_missing_values_are_null(case):
    payloads = [one.what.payload for one in ward_messages(ward_reports(case.ward), START, Topics())]
    read = [json.loads(payload)["values"] for payload in payloads]
    nulls = sum(value is None for values in read for value in values.values())
    missing = sum(int(table.isna().sum().sum()) for table in case.ward.streams.values())
    assert nulls == missing > 0


def test_news_begin_and_end_every_episode(case):
    news = ward_news(case.ward)
    assert len(news) == 2 * len(case.ward.episodes)
    assert [one.seconds for one in news] == sorted(one.seconds for one in news)
    label = case.ward.episodes["label"].iloc[0]
    assert any(one.what.endswith(f"{label} begins") for one in news)
