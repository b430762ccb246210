"""State files: damaged, foreign, or of another form, each with a clear error."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skdualcnn import DualPathCNNClassifier, FusionDecider, save
from skdualcnn._model_file import read_model_file, write_model_file
from skdualcnn.exceptions import ModelFileError, StreamError
from skdualcnn.streaming import OnlineDetector


@pytest.fixture(scope="module")
def decider():
    X = np.random.default_rng(0).random((40, 4))
    network = DualPathCNNClassifier(conv_channels=(4,), dense_units=4, max_epochs=1, random_state=0)
    return FusionDecider(network).fit(X, (X[:, :2] > 0.5).astype(int))


@pytest.fixture
def state(decider, tmp_path):
    detector = OnlineDetector(decider, {"a": ["x0", "x1"], "b": ["x2", "x3"]}, freq=1, lateness=3)
    for time in range(6):
        detector.push("a", "bed", time, {"x0": 0.1, "x1": None})
        detector.push("b", 7, time, {"x2": 0.3, "x3": 0.4})
    return detector.save(tmp_path / "state")


def test_saving_twice_gives_the_same_file(decider, state, tmp_path):
    again = OnlineDetector.restore(state, decider).save(tmp_path / "again")
    assert again.read_bytes() == state.read_bytes()


def test_damaged_and_foreign_files(decider, state, tmp_path):
    whole = state.read_bytes()
    state.write_bytes(whole[:-5])
    with pytest.raises(ModelFileError, match="cut short"):
        OnlineDetector.restore(state, decider)
    state.write_bytes(whole[:-5] + b"other")
    with pytest.raises(ModelFileError, match="was altered"):
        OnlineDetector.restore(state, decider)
    with pytest.raises(StreamError, match="holds 'a model', expected 'stream state 1'"):
        OnlineDetector.restore(save(decider, tmp_path / "model"), decider)
    with pytest.raises(FileNotFoundError):
        OnlineDetector.restore(tmp_path / "nothing", decider)


@pytest.mark.parametrize(
    "change",
    [
        lambda header, arrays: header.pop("settings"),
        lambda header, arrays: header["settings"].update(more=1),
        lambda header, arrays: header["counters"].pop("late"),
        lambda header, arrays: arrays.update(windows=np.zeros(3)),
        lambda header, arrays: arrays.update(devices=np.frombuffer(b"[{}]", dtype=np.uint8)),
        lambda header, arrays: arrays.update(devices=np.frombuffer(b"[7", dtype=np.uint8)),
        lambda header, arrays: arrays.update(
            devices=np.frombuffer(
                arrays["devices"].tobytes().replace(b"[0.1,null]", b'["no",null]'), dtype=np.uint8
            )
        ),
    ],
)
def test_states_of_another_form(decider, state, change):
    header, arrays = read_model_file(state)
    change(header, arrays)
    write_model_file(state, header, arrays)
    with pytest.raises(StreamError, match="expected"):
        OnlineDetector.restore(state, decider)


def test_another_model(decider, state):
    X = np.random.default_rng(1).random((40, 4))
    y = (X[:, :2] > 0.5).astype(int)
    other = FusionDecider(decider.estimator).fit(X, y)
    with pytest.raises(StreamError, match="Restore it with the model it was saved with"):
        OnlineDetector.restore(state, other)
    with pytest.raises(StreamError, match="expected a fitted FusionDecider"):
        OnlineDetector.restore(state, LogisticRegression())
