import pytest

from skdualcnn.exceptions import StreamError
from skdualcnn.gateway import Limits
from skdualcnn.gateway._guard import DeviceGuard
from skdualcnn.streaming._readings import Refused


def verdict(guard, device, now):
    try:
        guard.admit(device, now)
    except Refused as refusal:
        return refusal.kind
    return "in"


def test_a_device_sends_a_burst_and_then_at_its_rate():
    guard = DeviceGuard(Limits(max_rate=2.0, max_burst=3.0), ["1"], 0.0)
    said = [verdict(guard, "1", now) for now in (0, 0, 0, 0, 0.4, 0.6, 0.7, 1.1)]
    assert said == ["in", "in", "in", "rate_limited", "rate_limited", "in", "rate_limited", "in"]


def test_a_clock_that_is_set_back_fills_nothing_and_blocks_nothing():
    guard = DeviceGuard(Limits(max_rate=1.0, max_burst=1.0), ["1"], 1000.0)
    assert [verdict(guard, "1", now) for now in (1000, 0, 0.5, 1.5)] == [
        "in",
        "rate_limited",
        "rate_limited",
        "in",
    ]


def test_strangers_share_one_bucket_and_the_known_have_theirs():
    guard = DeviceGuard(Limits(max_rate=1.0, max_burst=2.0), ["1"], 0.0)
    assert [verdict(guard, name, 0) for name in "abc1"] == ["in", "in", "rate_limited", "in"]
    assert "a" not in guard
    guard.note("a", 0)
    assert verdict(guard, "a", 0) == "in"


def test_any_rate():
    guard = DeviceGuard(Limits(max_rate=0, max_burst=1), [], 0.0)
    assert {verdict(guard, "a", 0) for _ in range(1000)} == {"in"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_payload", 0),
        ("max_devices", 0),
        ("forget_after", -1.0),
        ("max_rate", -1.0),
        ("max_rate", float("nan")),
        ("max_burst", 0.5),
    ],
)
def test_wrong_limits(name, value):
    with pytest.raises(StreamError, match=f"{name} is "):
        Limits(**{name: value})
