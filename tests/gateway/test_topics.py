import pytest

from skdualcnn.exceptions import StreamError
from skdualcnn.gateway import Topics
from skdualcnn.streaming._readings import Refused


@pytest.mark.parametrize("prefix", ["skdualcnn", "a/b c/d", "stat ion"])
@pytest.mark.parametrize(("device", "stream"), [("1", "patient"), ("bed 4", "x"), ("é", "é")])
def test_a_reading_comes_back_as_it_went(prefix, device, stream):
    topics = Topics(prefix)
    assert topics.read(topics.reading(device, stream)) == (device, stream)
    assert topics.read(topics.commands) is None


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "readings/1/patient",
        "skdualcnn/readings/1",
        "skdualcnn/readings/1/patient/x",
        "skdualcnn/readings//patient",
        "skdualcnn/readings/1/",
        "skdualcnn/decisions/1",
        "1/patient",
    ],
)
def test_another_topic_is_refused(topic):
    with pytest.raises(Refused) as refusal:
        Topics().read(topic)
    assert refusal.value.kind == "bad_topic"


@pytest.mark.parametrize("prefix", ["", "/a", "a/", "a//b", "a/+", "#", "$SYS", "a\0b"])
def test_a_prefix_that_cannot_begin_a_topic(prefix):
    with pytest.raises(StreamError, match="expected levels"):
        Topics(prefix)
