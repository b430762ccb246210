import math
import pickle
from types import SimpleNamespace

import pytest
import torch
from rich.progress import Progress

from skdualcnn.exceptions import DivergenceError
from skdualcnn.network import MISSING
from skdualcnn.network._callbacks import HeadAccuracy, ProgressBar, StopOnDivergence


class FakeHistory(dict):
    """What the callbacks use of skorch's history: the row of the last epoch."""

    def record(self, name, value):
        self[name] = value

    def __getitem__(self, key):
        _, names = key
        if isinstance(names, str):
            return super().__getitem__(names)
        return tuple(super(FakeHistory, self).__getitem__(name) for name in names)


def fake_net(**history):
    return SimpleNamespace(history=FakeHistory(history), lr=0.5, max_epochs=4)


def batch(codes):
    return None, (torch.tensor(codes), None)


def logits(*columns):
    """Return logits whose largest entry is at the given class, one column per head."""
    return [torch.nn.functional.one_hot(torch.tensor(column), 3).float() for column in columns]


def test_accuracy_of_each_head_over_the_labels_that_are_there():
    net, accuracy = fake_net(), HeadAccuracy(["health", "cyber"])
    accuracy.on_epoch_begin(net)
    accuracy.on_batch_end(net, batch([[0, 1], [2, MISSING]]), True, logits([0, 1], [1, 1]))
    accuracy.on_batch_end(net, batch([[1, MISSING]]), True, logits([1], [0]))
    accuracy.on_batch_end(net, batch([[0, 0]]), False, logits([1], [0]))
    accuracy.on_epoch_end(net, dataset_valid="some")
    assert dict(net.history) == {
        "train_accuracy_health": pytest.approx(2 / 3),
        "train_accuracy_cyber": 1.0,
        "valid_accuracy_health": 0.0,
        "valid_accuracy_cyber": 1.0,
    }


def test_each_epoch_starts_afresh():
    net, accuracy = fake_net(), HeadAccuracy(["health"])
    for predicted, expected in ((1, 0.0), (0, 1.0)):
        accuracy.on_epoch_begin(net)
        accuracy.on_batch_end(net, batch([[0]]), True, logits([predicted]))
        accuracy.on_epoch_end(net)
        assert dict(net.history) == {"train_accuracy_health": expected}


def test_a_head_without_a_label_has_no_accuracy():
    net, accuracy = fake_net(), HeadAccuracy(["health"])
    accuracy.on_epoch_begin(net)
    accuracy.on_batch_end(net, batch([[MISSING]]), True, logits([0]))
    accuracy.on_epoch_end(net)
    assert math.isnan(net.history[-1, "train_accuracy_health"])


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_divergence_names_the_epoch_and_what_to_try(loss):
    net = fake_net(epoch=3, train_loss=loss)
    with pytest.raises(DivergenceError, match=r"in epoch 3.*smaller lr \(now 0.5\)"):
        StopOnDivergence().on_epoch_end(net)


def test_a_finite_loss_goes_on():
    StopOnDivergence().on_epoch_end(fake_net(epoch=3, train_loss=1e30))


def test_the_bar_shows_the_losses_and_can_be_pickled_afterwards():
    net, bar = fake_net(epoch=1, train_loss=0.25, valid_loss=0.75), ProgressBar("both heads")
    bar.on_train_begin(net)
    assert isinstance(bar.progress_, Progress)
    bar.on_epoch_end(net)
    assert bar.progress_.tasks[0].fields["losses"] == "train loss 0.2500"
    bar.on_epoch_end(net, dataset_valid="some")
    assert bar.progress_.tasks[0].fields["losses"].endswith("validation loss 0.7500")
    assert bar.progress_.tasks[0].completed == 2
    bar.on_train_end(net)
    assert pickle.loads(pickle.dumps(bar)).description == "both heads"
