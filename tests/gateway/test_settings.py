import json

import pytest
from sklearn.dummy import DummyClassifier

from skdualcnn import FusionDecider
from skdualcnn.exceptions import StreamError
from skdualcnn.gateway import Gateway, Settings
from skdualcnn.gateway._settings import streams_of
from skdualcnn.streaming import AlertPolicy


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "settings.json").write_text(text)
        return Settings.read(tmp_path / "settings.json")

    return read_text


def test_what_the_file_leaves_out_is_as_by_default(read):
    assert read("{}") == Settings()
    some = read('{"detector": {"freq": "10s"}, "alerts": [{"kind": "cyber", "clear_after": 2}]}')
    assert some.detector == {"freq": "10s", "tolerance": "4min"}
    assert some.alerts == (AlertPolicy("cyber", clear_after=2),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "holds something else than expected"),
        ('{"detectors": {}}', "holds something else"),
        ('{"alerts": {}}', "holds something else"),
        ('{"detector": {"speed": 1}}', r"have \['speed'\], expected \['streams', 'freq'"),
        ('{"alerts": [{}]}', "An alert .* kind is needed"),
        ('{"alerts": [{"kind": "medical", "loud": 1}]}', "An alert"),
        ('{"alerts": [{"kind": "fire"}]}', "kind is 'fire'"),
    ],
)
def test_another_form(read, text, message):
    with pytest.raises(StreamError, match=message):
        read(text)


def test_settings_reach_the_detector(case, read):
    settings = read(json.dumps({"detector": {"freq": "30s", "lateness": "5s"}}))
    one, other = Gateway(case.decider, settings), Gateway(case.decider)
    assert one.signature != other.signature
    assert Gateway(case.decider).signature == other.signature


@pytest.mark.parametrize("name", ["vitals/ecg", "+", ""])
def test_streams_whose_readings_could_not_arrive(case, name):
    columns = [column for some in case.ward.modalities.values() for column in some]
    with pytest.raises(StreamError, match="cannot be a level of a topic; expected names"):
        Gateway(case.decider, Settings({"streams": {name: columns}, "freq": "1min"}))


def test_the_streams_of_a_model(case):
    streams = streams_of(case.decider)
    assert {name: set(columns) for name, columns in streams.items()} == {
        name: set(columns) for name, columns in case.ward.modalities.items()
    }


def test_a_model_that_names_no_streams():
    X, y = [[0.0], [1.0]], [0, 1]
    with pytest.raises(StreamError, match="Give them in a settings file"):
        streams_of(FusionDecider(DummyClassifier()).fit(X, y))
