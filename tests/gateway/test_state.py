import pytest

from skdualcnn import save
from skdualcnn.exceptions import ModelFileError, StreamError
from skdualcnn.gateway import Gateway, Outgoing, Settings
from skdualcnn.gateway._state import restore_state, save_state


@pytest.fixture
def state(case, tmp_path):
    """Return the state of a new gateway with a message that waits."""
    pending = [Outgoing("t", '{"reason": "é"}'.encode())]
    return save_state(tmp_path / "state", Gateway(case.decider), pending)


def test_pending_messages_come_back(case, state):
    assert restore_state(state, Gateway(case.decider), case.decider) == [
        Outgoing("t", '{"reason": "é"}'.encode())
    ]


def test_other_settings_are_refused(case, state):
    other = Gateway(case.decider, Settings({"freq": "10s"}))
    with pytest.raises(StreamError, match="saved with other settings"):
        restore_state(state, other, case.decider)


def test_other_alerts_are_refused(case, state, policies):
    other = Gateway(case.decider, Settings(alerts=policies))
    with pytest.raises(StreamError, match="policies"):
        restore_state(state, other, case.decider)


def test_another_file_is_refused(case, tmp_path):
    path = save(case.decider, tmp_path / "model")
    with pytest.raises(StreamError, match="is no state of a gateway"):
        restore_state(path, Gateway(case.decider), case.decider)


def test_a_damaged_file_is_refused(case, state):
    content = bytearray(state.read_bytes())
    content[-3] ^= 1
    state.write_bytes(content)
    with pytest.raises(ModelFileError, match="altered"):
        restore_state(state, Gateway(case.decider), case.decider)


def test_a_state_that_cannot_be_written_leaves_the_earlier_one(case, state, monkeypatch):
    before = state.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skdualcnn._writing.os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        save_state(state, Gateway(case.decider), [])
    assert state.read_bytes() == before
